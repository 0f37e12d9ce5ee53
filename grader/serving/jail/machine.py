"""What this machine has of the parts of a jail, and what would be needed for a stronger one."""

from __future__ import annotations

import os
import platform
import resource
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from grader.serving.jail import choice, landlock, syscalls
from grader.serving.jail.plan import Tier

_SETTINGS: Final = Path("/proc/sys")
_CONTAINER: Final = ("/.dockerenv", "/run/.containerenv")
#: Of /proc/self/status: a filter is in force already, as in a container.
_FILTERED: Final = "Seccomp:\t2"


def facts() -> Iterator[str]:
    """The machine in a few words each."""
    yield f"{platform.system()} {platform.release()}, {platform.machine()}"
    yield f"Python {platform.python_version()}, {sys.executable}"
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    yield f"{'any number of' if files == resource.RLIM_INFINITY else files} files and connections for each process"
    yield "the grader runs as root" if os.geteuid() == 0 else f"the grader runs as user {os.geteuid()}"
    if sys.platform == "linux":
        version = landlock.abi()
        yield f"Landlock ABI {version}" if version else "no Landlock"
        yield "in a container" if _is_in_a_container() else "not in a container, as far as it can be seen"


def offers() -> dict[Tier, str]:
    """The tiers, strongest first, and why each is not offered; "" where it is: then it was tried just now."""
    return {tier: choice.why_not(tier) for tier in (Tier.A, Tier.C)}


def advice() -> Iterator[str]:
    """What would be needed for a stronger tier; nothing when there is tier A."""
    found = offers()
    if sys.platform != "linux":
        yield "Run `grade` on Linux, or in a virtual machine or container with Linux."
        return
    if not syscalls.IS_KNOWN:
        yield "The jail knows the system calls of x86_64 and aarch64 only."
        return
    if found[Tier.A]:
        yield from _for_namespaces()
    if found[Tier.C] and landlock.abi() < landlock.GOVERNS_TCP:
        yield (
            "For tier C: Linux 6.7 or newer (best 6.12), with Landlock among the security modules: "
            "/sys/kernel/security/lsm lists them, and `lsm=landlock,...` on the kernel's command line adds it."
        )


def _for_namespaces() -> Iterator[str]:
    if _setting("kernel/apparmor_restrict_unprivileged_userns") == "1":
        yield (
            "For tier A: AppArmor forbids user namespaces here (Ubuntu 23.10 and newer). Root can allow them to this "
            f"Python with a file /etc/apparmor.d/stream-katas that holds: {_profile()} "
            "Then: sudo apparmor_parser -r /etc/apparmor.d/stream-katas"
        )
    if _setting("kernel/unprivileged_userns_clone") == "0":
        yield "For tier A: sudo sysctl kernel.unprivileged_userns_clone=1"
    if _setting("user/max_user_namespaces") == "0":
        yield "For tier A: sudo sysctl user.max_user_namespaces=10000"
    if _is_in_a_container():
        yield (
            "For tier A: the container forbids namespaces. Docker allows them with --security-opt seccomp=unconfined "
            "--security-opt apparmor=unconfined --security-opt systempaths=unconfined, which makes the container "
            "itself weaker. Tier C needs no option."
        )


def _profile() -> str:
    return f"profile stream-katas {os.path.realpath(sys.executable)} flags=(unconfined) {{ userns, }}"


def _is_in_a_container() -> bool:
    if any(map(os.path.exists, _CONTAINER)):
        return True
    with suppress(OSError):
        return _FILTERED in Path("/proc/self/status").read_text()
    return False


def _setting(name: str) -> str:
    with suppress(OSError):
        return (_SETTINGS / name).read_text().strip()
    return ""
