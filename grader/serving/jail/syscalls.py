"""System calls that Python has no function for, and the numbers of those that the jail refuses."""

from __future__ import annotations

import ctypes
import os
import platform
from functools import cache
from typing import Final

#: Each name with its number on x86_64 and on aarch64 (asm/unistd_64.h, asm-generic/unistd.h); "-" where there is none.
#: Since Linux 5.1 a new call has the same number everywhere.
_TABLE: Final = """
ptrace 101 117, process_vm_readv 310 270, process_vm_writev 311 271, kcmp 312 272, mount 165 40, umount2 166 39,
pivot_root 155 41, chroot 161 51, unshare 272 97, setns 308 268, clone 56 220, bpf 321 280,
perf_event_open 298 241, userfaultfd 323 282, add_key 248 217, request_key 249 218, keyctl 250 219,
kexec_load 246 104, kexec_file_load 320 294, init_module 175 105, finit_module 313 273, delete_module 176 106,
reboot 169 142, swapon 167 224, swapoff 168 225, sethostname 170 161, setdomainname 171 162, acct 163 89,
quotactl 179 60, syslog 103 116, vhangup 153 58, iopl 172 -, ioperm 173 -, modify_ldt 154 -,
settimeofday 164 170, clock_settime 227 112, clock_adjtime 305 266, adjtimex 159 171, personality 135 92,
open_by_handle_at 304 265, name_to_handle_at 303 264, fanotify_init 300 262, memfd_create 319 279, chmod 90 -,
fchmod 91 52, fchmodat 268 53, chown 92 -, fchown 93 55, lchown 94 -, fchownat 260 54, utime 132 -, utimes 235 -,
futimesat 261 -, utimensat 280 88, setxattr 188 5, lsetxattr 189 6, fsetxattr 190 7, removexattr 197 14,
lremovexattr 198 15, fremovexattr 199 16, prlimit64 302 261, sched_setaffinity 203 122,
sched_setscheduler 144 119, sched_setparam 142 118, sched_setattr 314 274, setpriority 141 140,
ioprio_set 251 30, migrate_pages 256 238, move_pages 279 239, kill 62 129, tkill 200 130, tgkill 234 131,
rt_sigqueueinfo 129 138, rt_tgsigqueueinfo 297 240, shmget 29 194, shmat 30 196, shmctl 31 195, shmdt 67 197,
msgget 68 186, msgsnd 69 189, msgrcv 70 188, msgctl 71 187, semget 64 190, semop 65 193, semctl 66 191,
semtimedop 220 192, mq_open 240 180, mq_unlink 241 181, inotify_init 253 -, inotify_init1 294 26,
inotify_add_watch 254 27, listen 50 201, socket 41 198, socketpair 53 199, sendto 44 206,
sendmsg 46 211, sendmmsg 307 269, setsockopt 54 208, ioctl 16 29, fcntl 72 25, io_setup 206 0, capset 126 91,
pidfd_send_signal 424 424, io_uring_setup 425 425, io_uring_enter 426 426, io_uring_register 427 427,
open_tree 428 428, move_mount 429 429, fsopen 430 430, fsconfig 431 431, fsmount 432 432, fspick 433 433,
clone3 435 435, pidfd_getfd 438 438, process_madvise 440 440, mount_setattr 442 442, quotactl_fd 443 443,
landlock_create_ruleset 444 444, landlock_add_rule 445 445, landlock_restrict_self 446 446, memfd_secret 447 447,
process_mrelease 448 448, fchmodat2 452 452, setxattrat 463 463, removexattrat 466 466, open_tree_attr 467 467,
file_setattr 469 469
"""
_COLUMNS: Final = {"x86_64": 1, "aarch64": 2}


def _numbers(column: int) -> dict[str, int]:
    rows = [row.split() for row in _TABLE.split(",")]
    return {row[0]: int(row[column]) for row in rows if row[column] != "-"}


MACHINE: Final = platform.machine()
#: Whether the numbers of this machine are known: without them there is no jail.
IS_KNOWN: Final = MACHINE in _COLUMNS
NUMBERS: Final = _numbers(_COLUMNS[MACHINE]) if IS_KNOWN else {}


def call(name: str, *arguments: object) -> int:
    """Make the system call. Raises OSError."""
    return checked(_libc().syscall, ctypes.c_long(NUMBERS[name]), *arguments)


def prctl(option: int, *arguments: int) -> int:
    """Raises OSError."""
    padded = [ctypes.c_ulong(value) for value in (*arguments, 0, 0, 0, 0)[:4]]
    return checked(_libc().prctl, option, *padded)


def mount(source: str, target: str, kind: str = "", flags: int = 0, options: str = "") -> None:
    """mount(2). Raises OSError, which names the target."""
    texts = [os.fsencode(text) for text in (source, target, kind, options)]
    try:
        checked(_libc().mount, *texts[:3], ctypes.c_ulong(flags), texts[3])
    except OSError as error:
        raise OSError(error.errno, f"cannot mount: {error.strerror}", target) from None


def unmount(target: str, flags: int) -> None:
    """umount2(2). Raises OSError."""
    checked(_libc().umount2, os.fsencode(target), flags)


def unshare(flags: int) -> None:
    """unshare(2). Raises OSError."""
    checked(_libc().unshare, flags)


def checked(function: object, *arguments: object) -> int:
    """Call a function of the C library. Raises OSError where it returns -1."""
    assert callable(function)
    found: int = function(*arguments)
    if found < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return found


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
