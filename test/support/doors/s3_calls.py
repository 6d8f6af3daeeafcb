"""Makes the calls that standard input has as JSON by boto3, and writes their answers as JSON."""

import base64
import json
import re
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

asked = json.load(sys.stdin)
client = boto3.client(
    "s3",
    endpoint_url=asked["endpoint"],
    region_name="us-east-1",
    aws_access_key_id=asked["id"],
    aws_secret_access_key=asked["secret"],
    config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
)
ids = []


def filled(value):
    if isinstance(value, dict):
        return {name: filled(each) for name, each in value.items()}
    if isinstance(value, list):
        return [filled(each) for each in value]
    if isinstance(value, str) and re.fullmatch(r"\$\d+", value):
        return ids[int(value[1:]) - 1]
    return value


def plain(value):
    if hasattr(value, "read"):
        return value.read().decode()
    return str(value)


answers = []
for each in asked["calls"]:
    name = re.sub(r"(?<!^)(?=[A-Z])", "_", each["operation"]).lower()
    try:
        answer = getattr(client, name)(**filled(each["input"]))
    except ClientError as error:
        answers.append({"error": error.response["Error"]["Code"]})
        continue
    for field in ("VersionId", "UploadId"):
        found = answer.get(field)
        if found and found not in ids:
            ids.append(found)
    answers.append(answer)

json.dump({"answers": answers, "ids": ids}, sys.stdout, default=plain)
