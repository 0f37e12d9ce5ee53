"""Archives made for tests, also ones that nobody packs by accident."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import struct
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO, cast

APP = "from fastapi import FastAPI\n\napp = FastAPI()\n"


def make_zip(file: Path, members: Mapping[str, bytes | str]) -> Path:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in members.items():
            made.writestr(name, content)
    return file


def without_encoding(file: Path, wanted: str = "utf-8") -> Path:
    """The zip, as a program packs it that does not say in which encoding its names are."""
    data = bytearray(file.read_bytes())
    for mark, flags, length, start in ((b"PK\3\4", 6, 26, 30), (b"PK\1\2", 8, 28, 46)):
        at = -1
        while (at := data.find(mark, at + 1)) >= 0:
            struct.pack_into("<H", data, at + flags, 0)
            name = slice(at + start, at + start + struct.unpack_from("<H", data, at + length)[0])
            data[name] = data[name].decode().encode(wanted).ljust(len(data[name]), b"_")
    file.write_bytes(data)
    return file


def make_tar(file: Path, members: Mapping[str, bytes | str], *others: tarfile.TarInfo) -> Path:
    with _packing(file) as packed, tarfile.open(fileobj=packed, mode="w") as made:
        for name, content in members.items():
            data = content.encode() if isinstance(content, str) else content
            info = tarfile.TarInfo(name)
            info.size = len(data)
            made.addfile(info, io.BytesIO(data))
        for other in others:
            made.addfile(other)
    return file


def _packing(file: Path) -> IO[bytes]:
    match file.suffix:
        case ".gz" | ".tgz":
            return cast("IO[bytes]", gzip.open(file, "wb"))
        case ".xz":
            return cast("IO[bytes]", lzma.open(file, "wb"))
        case ".bz2":
            return cast("IO[bytes]", bz2.open(file, "wb"))
        case _:
            return file.open("wb")


def special(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def zip_link(file: Path, name: str, target: str) -> Path:
    with zipfile.ZipFile(file, "w") as made:
        info = zipfile.ZipInfo(name)
        info.create_system, info.external_attr = 3, 0o120777 << 16
        made.writestr(info, target)
    return file
