"""Uses a bucket by s3fs, as a file system: python s3fs_client.py MODEL."""

import sys
from pathlib import Path

import s3fs

MIB = 2**20

fs = s3fs.S3FileSystem()
with fs.open("bucket/notes/a.txt", "w") as file:
    file.write("hello")
assert fs.cat("bucket/notes/a.txt") == b"hello"
# In parts.
with fs.open("bucket/notes/large.bin", "wb", block_size=5 * MIB) as file:
    for number in range(12):
        file.write(bytes([number]) * MIB)
with fs.open("bucket/notes/large.bin", "rb") as file:
    file.seek(5 * MIB)
    assert file.read(3) == b"\5\5\5"
assert fs.info("bucket/notes/large.bin")["size"] == 12 * MIB
fs.copy("bucket/notes/a.txt", "bucket/notes/b c+d.txt")
fs.mv("bucket/notes/b c+d.txt", "bucket/notes/e.txt")
assert fs.find("bucket/notes") == ["bucket/notes/a.txt", "bucket/notes/e.txt", "bucket/notes/large.bin"]
fs.rm("bucket/notes", recursive=True)
assert not fs.exists("bucket/notes")
fs.pipe("bucket/models/s3fs/model.onnx", Path(sys.argv[1]).read_bytes())
