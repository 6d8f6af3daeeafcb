"""Puts a model by boto3's managed upload, reads what became of it, and shares it: python boto3_client.py MODEL."""

import sys
import time
import urllib.request

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config

MIB = 2**20
KEY = "models/boto3/model.onnx"

s3 = boto3.client("s3", config=Config(signature_version="s3v4"))
s3.upload_file(sys.argv[1], "bucket", KEY)


def tags():
    found = s3.get_object_tagging(Bucket="bucket", Key=KEY)["TagSet"]
    return {tag["Key"]: tag["Value"] for tag in found}


until = time.monotonic() + 60
while tags().get("slipway-state") != "Live":
    assert time.monotonic() < until, tags()
    time.sleep(0.2)

url = s3.generate_presigned_url("get_object", {"Bucket": "bucket", "Key": KEY})
with urllib.request.urlopen(url) as answer, open(sys.argv[1], "rb") as model:
    assert answer.read() == model.read()

for algorithm in ["CRC32", "SHA1", "SHA256"]:
    put = s3.put_object(Bucket="bucket", Key="notes/sum", Body=b"x", ChecksumAlgorithm=algorithm)
    assert put[f"Checksum{algorithm}"]
parts = TransferConfig(multipart_threshold=5 * MIB, multipart_chunksize=5 * MIB)
with open(sys.argv[2], "rb") as large:
    s3.upload_fileobj(large, "bucket", "notes/large", Config=parts)
s3.copy({"Bucket": "bucket", "Key": "notes/large"}, "bucket", "notes/copy", Config=parts)
one, other = (s3.head_object(Bucket="bucket", Key=f"notes/{name}") for name in ["large", "copy"])
assert one["ContentLength"] == other["ContentLength"]
