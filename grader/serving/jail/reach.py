"""Which files an app needs: the interpreter, what is installed, a few of the system's."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

#: Programs, libraries, locales, time zones.
_SYSTEM: Final = ("/usr", "/lib", "/lib64", "/lib32", "/bin", "/sbin", "/nix/store", "/System", "/Library")
#: Of the system's settings those that the C library, TLS and Python read. Others may hold secrets.
_SETTINGS: Final = tuple(
    f"/etc/{name}"
    for name in (
        *("ld.so.cache", "ld.so.conf", "ld.so.conf.d", "ld.so.preload", "localtime", "timezone", "mime.types"),
        *("hosts", "host.conf", "nsswitch.conf", "resolv.conf", "gai.conf", "services", "protocols"),
        *("passwd", "group", "os-release", "debian_version", "alternatives", "locale.alias", "locale.conf"),
        *("ssl/certs", "ssl/openssl.cnf", "pki/tls/certs", "ca-certificates", "crypto-policies"),
    )
)
#: What a program may ask about the machine and about itself.
_FACTS: Final = (
    *("/proc/self", "/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/proc/loadavg", "/proc/uptime", "/proc/version"),
    *("/proc/filesystems", "/proc/sys/kernel", "/proc/sys/vm", "/proc/sys/net/core", "/proc/sys/fs"),
    *("/sys/devices/system/cpu", "/sys/fs/cgroup", "/sys/kernel/mm"),
)
DEVICES: Final = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty")
#: Variables that name files or folders which an interpreter, a loader or TLS reads.
_VARIABLES: Final = (
    "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
    "PYTHONHOME",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "VIRTUAL_ENV",
)
#: Of the grader's library: what an app's process imports, or runs again when it starts workers. Beside it may lie
#: specifications and solutions.
_LIBRARY: Final = Path(__file__).resolve().parents[3]
_OF_LIBRARY: Final = ("__init__.py", "kit.py", "standin.py", "wire.py", "serving", "__pycache__")
#: In a learner's home, for no app to read.
_SECRETS: Final = (".ssh", ".gnupg", ".docker", ".kube", ".pypirc", ".git-credentials")


def facts() -> list[str]:
    """Files and folders about the machine."""
    return [path for path in _FACTS if os.path.exists(path)]


def needed(hidden: Iterable[str]) -> list[str]:
    """The files and folders that an interpreter with its libraries needs; what is ``hidden`` is left out."""
    prefixes = {sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix}
    interpreter = {os.path.dirname(os.path.realpath(sys.executable)), os.path.dirname(sys.executable)}
    named = [path for name in _VARIABLES for path in os.environ.get(name, "").split(os.pathsep)]
    modules = [path for path in sys.path if not _is_checkout(path)]
    library = [path for name in _OF_LIBRARY if os.path.exists(path := str(_LIBRARY / "grader" / name))]
    wanted = [*_SYSTEM, *_SETTINGS, *sorted(prefixes), *sorted(interpreter), *named, *modules]
    targets = [os.path.realpath(path) for path in wanted if path]
    return [*(path for path in _outermost([*wanted, *targets]) for path in without(path, hidden)), *library]


def listable(hidden: Iterable[str], *, with_checkouts: bool) -> list[str]:
    """Folders of modules in which something hidden lies: a new interpreter finds no module in one that it cannot list.

    Landlock then lets everything below be listed, too; what is hidden there still cannot be read. ``with_checkouts``:
    also those where only the grader is to be found. An app's own process and its workers do without: see
    :mod:`grader.serving.child.__main__`.
    """
    places = [os.path.realpath(path) for path in sys.path if path and (with_checkouts or not _is_checkout(path))]
    found = [os.path.realpath(path) for path in hidden]
    around = [place for place in places if any(_holds(place, path) for path in found)]
    return [*around, str(_LIBRARY / "grader")]


def _is_checkout(path: str) -> bool:
    """Whether the grader's library lies there beside other things of ours, and no other libraries do."""
    return not path.endswith("-packages") and os.path.exists(os.path.join(path, "grader", "kit.py"))


def secrets() -> list[str]:
    """What is hidden from every app, also from a learner's own."""
    home = os.path.expanduser("~")
    return [os.path.join(home, name) for name in _SECRETS]


def without(folder: str, hidden: Iterable[str]) -> Iterator[str]:
    """``folder``, or, where something hidden lies in it, all entries but that; links are not followed into it."""
    real = os.path.realpath(folder)
    found = [os.path.realpath(path) for path in hidden]
    if not any(_holds(path, real) for path in found):
        yield from _around([path for path in found if _holds(real, path)], folder, real)


def _around(inside: list[str], folder: str, real: str) -> Iterator[str]:
    """The parts of ``folder`` that are not ``inside``; ``real`` is where it lies."""
    if not inside:
        yield folder
        return
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            path = os.path.join(real, entry.name)
            if path not in inside and not entry.is_symlink():  # where a link leads has a rule of its own, or none
                deeper = [other for other in inside if _holds(path, other)]
                yield from _around(deeper, os.path.join(folder, entry.name), path)


def _holds(folder: str, path: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def _outermost(paths: Iterable[str]) -> list[str]:
    """Absolute paths that exist, without those that lie in another one of them."""
    found: list[str] = []
    for path in sorted({os.path.abspath(path) for path in paths if path}, key=len):
        if os.path.exists(path) and path != os.sep and not any(_holds(other, path) for other in found):
            found.append(path)
    return found
