"""Writes a wheel: an archive that pip installs (packaging.python.org, "Binary distribution format").

It holds no code that was compiled, so a build backend would only copy files. The same content gives the same bytes.
"""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass

from grader.errors import UsageError

#: pip reads name, version and kind from the file's name, and refuses one without them.
_NAME = re.compile(r"(?P<name>[a-z0-9]+(?:[_.][a-z0-9]+)*)-(?P<version>[^-]+)-py3-none-any\.whl", re.IGNORECASE)
#: Those of PEP 440 that people write: "1", "1.2", "2026.1", "1.0rc1".
_VERSION = re.compile(r"[0-9]+(\.[0-9]+)*((a|b|rc)[0-9]+)?(\.post[0-9]+)?(\.dev[0-9]+)?")
_KIND = "Wheel-Version: 1.0\nGenerator: stream-katas\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


@dataclass(frozen=True, slots=True)
class Label:
    """The name and the version of a distribution. ``name`` is in lower case, with hyphens."""

    name: str
    version: str

    @property
    def module(self) -> str:
        """The name as a part of a module's or a file's name."""
        return re.sub(r"[-.]+", "_", self.name)

    @property
    def file(self) -> str:
        """The name that pip asks a wheel to have."""
        return f"{self.module}-{self.version}-py3-none-any.whl"


def label_of(file: str, *, otherwise: Label) -> Label:
    """The label that a wheel's file name gives. Raises UsageError, which shows the name of ``otherwise``."""
    found = _NAME.fullmatch(file)
    if found is None or not _VERSION.fullmatch(found["version"]):
        raise UsageError(
            f"pip installs no file of the name {file}: it wants name, version and kind in it, as in "
            f"-o {otherwise.file}."
        )
    return Label(re.sub(r"[_.]+", "-", found["name"]).lower(), found["version"])


def wheel(
    label: Label, summary: str, files: Mapping[str, bytes], entry_points: Mapping[str, Mapping[str, str]]
) -> bytes:
    """The bytes of a wheel that installs ``files`` (paths with slashes) and the groups of ``entry_points``."""
    info = f"{label.module}-{label.version}.dist-info"
    groups = (
        "".join([f"[{group}]\n", *(f"{name} = {value}\n" for name, value in entries.items())])
        for group, entries in entry_points.items()
    )
    about = f"Metadata-Version: 2.1\nName: {label.name}\nVersion: {label.version}\nSummary: {summary}\n"
    return archive(
        {
            **files,
            f"{info}/METADATA": about.encode(),
            f"{info}/WHEEL": _KIND.encode(),
            f"{info}/entry_points.txt": "\n".join(groups).encode(),
        },
        info,
    )


def archive(files: Mapping[str, bytes], info: str) -> bytes:
    """The archive of a wheel's ``files``; the record of them is added to its folder ``info``."""
    record = "".join(f"{name},sha256={_digest(data)},{len(data)}\n" for name, data in sorted(files.items()))
    content = {**files, f"{info}/RECORD": f"{record}{info}/RECORD,,\n".encode()}
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in content.items():
            entry = zipfile.ZipInfo(name)  # dated 1980: the same content gives the same bytes
            entry.external_attr = 0o644 << 16
            packed.writestr(entry, data, zipfile.ZIP_DEFLATED)
    return written.getvalue()


def _digest(data: bytes) -> str:
    return urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
