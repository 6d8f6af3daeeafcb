"""
Unpacks an archive that inspection has read and found harmless: `python -m slipway_server.unpack ARCHIVE FOLDER`.
It gives nothing of the archive the benefit of that: plain files and folders only, none outside FOLDER, none twice.
"""

from __future__ import annotations

import os
import shutil
import sys
import tarfile
import zipfile
from typing import IO, Iterator

_UNIX = 3
_FORMAT_BITS, _LINK_BITS = 0o170000, 0o120000


def unpack(archive: str, folder: str) -> None:
    """Raises ValueError, with the entry's name, for what is no plain file or would lie elsewhere."""
    os.makedirs(folder, exist_ok=True)
    entries = _zip_entries(archive) if zipfile.is_zipfile(archive) else _tar_entries(archive)
    for name, content in entries:
        path = os.path.join(folder, *_parts(name))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        # "x": a name that is there already is an error, be it by another spelling.
        with content, open(path, "xb") as file:
            shutil.copyfileobj(content, file, 1 << 20)


def _tar_entries(archive: str) -> Iterator[tuple[str, IO[bytes]]]:
    with tarfile.open(archive, "r:*") as tar:
        for member in tar:
            content = tar.extractfile(member) if member.isreg() else None
            if content is not None:
                yield member.name, content
            elif not member.isdir():
                raise ValueError(f"{member.name!r} is neither a file nor a folder")


def _zip_entries(archive: str) -> Iterator[tuple[str, IO[bytes]]]:
    with zipfile.ZipFile(archive) as opened:
        for entry in opened.infolist():
            if entry.create_system == _UNIX and (entry.external_attr >> 16) & _FORMAT_BITS == _LINK_BITS:
                raise ValueError(f"{entry.filename!r} is a link")
            if not entry.is_dir():
                yield entry.filename, opened.open(entry)


def _parts(name: str) -> list[str]:
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if name.startswith("/") or "\\" in name or "\0" in name or ".." in parts or not parts:
        raise ValueError(f"{name!r} is no path within the archive")
    return parts


if __name__ == "__main__":
    try:
        unpack(*sys.argv[1:])
    except (OSError, ValueError, tarfile.TarError, zipfile.BadZipFile, EOFError, RuntimeError) as error:
        sys.exit(f"{os.path.basename(sys.argv[1])}: {error}")
