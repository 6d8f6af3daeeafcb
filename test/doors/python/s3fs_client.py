"""Uses a bucket by s3fs, as a file system: python s3fs_client.py MODEL."""

import sys
from pathlib import Path

import s3fs

MIB = 2**20

fs = s3fs.S3FileSystem()
with fs.open("bucket/s3fs/a.txt", "w") as file:
    file.write("hello")
assert fs.cat("bucket/s3fs/a.txt") == b"hello"
# In parts.
with fs.open("bucket/s3fs/large.bin", "wb", block_size=5 * MIB) as file:
    for number in range(12):
        file.write(bytes([number]) * MIB)
with fs.open("bucket/s3fs/large.bin", "rb") as file:
    file.seek(5 * MIB)
    assert file.read(3) == b"\5\5\5"
assert fs.info("bucket/s3fs/large.bin")["size"] == 12 * MIB
fs.copy("bucket/s3fs/a.txt", "bucket/s3fs/b c+d.txt")
fs.mv("bucket/s3fs/b c+d.txt", "bucket/s3fs/e.txt")
assert fs.find("bucket/s3fs") == ["bucket/s3fs/a.txt", "bucket/s3fs/e.txt", "bucket/s3fs/large.bin"]
fs.rm("bucket/s3fs", recursive=True)
assert not fs.exists("bucket/s3fs")
fs.pipe("bucket/models/s3fs/model.onnx", Path(sys.argv[1]).read_bytes())
