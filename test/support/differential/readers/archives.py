"""`zipfile` and `tarfile`: the same files, by name, size, place and content."""

import hashlib
import io
import struct
import tarfile
import zipfile


def difference(data, found, names):
    files = _zip(data) if found["kind"] == "zip" else _tar(data)
    if files == found["files"]:
        return None
    for ours, theirs in zip(found["files"], files):
        if ours != theirs:
            return f"inspection found {ours}, Python {theirs}"
    return f"inspection found {len(found['files'])} files, Python {len(files)}"


def _zip(data):
    files = []
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for info in sorted(archive.infolist(), key=lambda each: each.header_offset):
            content = archive.read(info)
            if info.is_dir():
                continue
            name_bytes, extra_bytes = struct.unpack_from("<HH", data, info.header_offset + 26)
            start = info.header_offset + 30 + name_bytes + extra_bytes
            files.append([_plain(info.filename), info.file_size, start, hashlib.sha256(content).hexdigest()])
    return files


def _tar(data):
    files = []
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:*") as archive:
        for member in archive:
            if member.isdir():
                continue
            if not member.isreg() or member.issparse():
                files.append([member.name, str(member.type), 0, ""])
                continue
            content = archive.extractfile(member).read()
            files.append([_plain(member.name), member.size, member.offset_data, hashlib.sha256(content).hexdigest()])
    return files


def _plain(name):
    while name.startswith("./"):
        name = name[2:]
    return name
