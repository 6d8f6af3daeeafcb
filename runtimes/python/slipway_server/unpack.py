"""
Extracts files from an archive at the offsets that inspection found: `python -m slipway_server.unpack ARCHIVE FOLDER LIST`.
LIST is JSON, {isGzipped, members: [{name, offset, sizeBytes, storedBytes, isDeflated, crc}]}. The archive is not searched, so no other
archive reader can find different files in it. Names are checked again although inspection has read them: none may leave FOLDER or repeat.
"""

from __future__ import annotations

import json
import os
import sys
import zlib
from typing import IO, Any, Iterator

_CHUNK_BYTES = 1 << 20
# zlib's window bits for a gzip stream, and for a raw one.
_GZIP, _RAW = 31, -15


def unpack(archive: str, folder: str, taken: dict[str, Any]) -> None:
    """Raises ValueError, with the member's name, when the bytes are not as declared."""
    os.makedirs(folder, exist_ok=True)
    with open(archive, "rb") as file:
        source = _Stream(_gunzipped(file) if taken["isGzipped"] else _chunks(file))
        for member in sorted(taken["members"], key=lambda each: int(each["offset"])):
            path = os.path.join(folder, *_parts(member["name"]))
            os.makedirs(os.path.dirname(path), exist_ok=True)
            source.skip_to(member["offset"])
            # "x": an existing name is an error, even in another spelling.
            with open(path, "xb") as out:
                _copy(source, out, member)


def _copy(source: _Stream, out: IO[bytes], member: dict[str, Any]) -> None:
    name, size = member["name"], member["sizeBytes"]
    stored = source.take(member["storedBytes"])
    written = crc = 0
    for chunk in _inflated(stored, name) if member["isDeflated"] else stored:
        written += len(chunk)
        if written > size:
            break
        crc = zlib.crc32(chunk, crc)
        out.write(chunk)
    if written != size:
        raise ValueError(f"{name!r} has not the {size} bytes that it was found to have")
    if member["crc"] not in (None, crc):
        raise ValueError(f"{name!r} does not have the checksum of its entry")


class _Stream:
    """A sequential stream of bytes that are read or skipped."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks, self._held, self._at = chunks, b"", 0

    def take(self, count: int) -> Iterator[bytes]:
        while count > 0:
            if not self._held:
                self._held = next(self._chunks, b"")
            if not self._held:
                raise ValueError(f"the archive ends at byte {self._at}")
            chunk, self._held = self._held[:count], self._held[count:]
            count -= len(chunk)
            self._at += len(chunk)
            yield chunk

    def skip_to(self, offset: int) -> None:
        if offset < self._at:
            raise ValueError(f"two files share the bytes at {offset}")
        for _ in self.take(offset - self._at):
            pass


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    return iter(lambda: file.read(_CHUNK_BYTES), b"")


def _gunzipped(file: IO[bytes]) -> Iterator[bytes]:
    """Decompresses consecutive gzip streams, such as concatenated files."""
    inflate = zlib.decompressobj(_GZIP)
    for chunk in _chunks(file):
        while chunk:
            yield inflate.decompress(chunk, _CHUNK_BYTES)
            chunk = inflate.unconsumed_tail or inflate.unused_data
            if inflate.eof and chunk:
                inflate = zlib.decompressobj(_GZIP)
    yield inflate.flush()


def _inflated(stored: Iterator[bytes], name: str) -> Iterator[bytes]:
    inflate = zlib.decompressobj(_RAW)
    for chunk in stored:
        while chunk:
            yield inflate.decompress(chunk, _CHUNK_BYTES)
            chunk = inflate.unconsumed_tail
    yield inflate.flush()
    if not inflate.eof or inflate.unused_data:
        raise ValueError(f"{name!r} does not end where it was found to")


def _parts(name: str) -> list[str]:
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if name.startswith("/") or "\\" in name or "\0" in name or ".." in parts or not parts:
        raise ValueError(f"{name!r} is not a path within the archive")
    return parts


if __name__ == "__main__":
    try:
        with open(sys.argv[3], encoding="utf-8") as listed:
            unpack(sys.argv[1], sys.argv[2], json.load(listed))
    except (OSError, ValueError, KeyError, zlib.error) as error:
        sys.exit(f"{os.path.basename(sys.argv[1])}: {error}")
