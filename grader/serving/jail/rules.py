"""The system calls that an app's process is refused, each with the reason."""

from __future__ import annotations

import errno
import fcntl
import os
import socket
from typing import Final

from grader.serving.jail.seccomp import Refusal, When

_NEW_NAMESPACES = 0x7E020080  # CLONE_NEW*: mount, cgroup, uts, ipc, user, pid, net, time
_FAST_OPEN = 0x20000000  # MSG_FASTOPEN
_SEND_BUFFER_BY_FORCE = 32  # SO_SNDBUFFORCE
_KIND = 0xF  # of a socket's type; flags stand above
_PUSH_INPUT, _SCREEN_INPUT = 0x5412, 0x541C  # TIOCSTI, TIOCLINUX
_INTERNET = (socket.AF_INET, socket.AF_INET6)
_PLAIN_TCP = (0, socket.IPPROTO_TCP)
_QUERY = 0xFFFFFFFF  # personality(2)
_WATCH_FOLDER = 1026  # F_NOTIFY
_IO_OF_PROCESS = 1  # IOPRIO_WHO_PROCESS
_OWNER_BY_POINTER = 15  # F_SETOWN_EX
_OWNER_OF_SOCKET = 0x8901, 0x8902  # FIOSETOWN, SIOCSPGRP


def _refuse(error: int, names: str, *tests: When) -> tuple[Refusal, ...]:
    return tuple(Refusal(name, error, tests) for name in names.split())


#: No app needs one of these, and each either reaches into other processes or opens a large part of the kernel.
_ALWAYS: Final = (
    # The memory and the descriptors of other processes.
    *_refuse(
        errno.EPERM, "ptrace process_vm_readv process_vm_writev process_madvise process_mrelease kcmp pidfd_getfd"
    ),
    # File systems and namespaces: with a user namespace any user has all privileges inside it.
    *_refuse(
        errno.EPERM, "mount umount2 pivot_root chroot move_mount open_tree open_tree_attr fsopen fsconfig fsmount"
    ),
    *_refuse(errno.EPERM, "fspick mount_setattr unshare setns quotactl quotactl_fd acct swapon swapoff"),
    *_refuse(errno.EPERM, "fanotify_init"),
    *_refuse(errno.EPERM, "clone", When(0, (0,), not_=True, mask=_NEW_NAMESPACES)),
    # Its flags are in memory, where a filter cannot look; the C library then falls back to clone(2).
    *_refuse(errno.ENOSYS, "clone3"),
    # What io_uring does passes no filter; libraries fall back to the plain calls.
    *_refuse(errno.ENOSYS, "io_uring_setup io_uring_enter io_uring_register"),
    # Its places are counted for the whole machine, and one process can take all.
    *_refuse(errno.ENOSYS, "io_setup"),
    # Files by their inode, wherever they lie.
    *_refuse(errno.EPERM, "open_by_handle_at name_to_handle_at"),
    # The kernel's own programs, keys, counters, modules and clocks.
    *_refuse(errno.EPERM, "bpf perf_event_open userfaultfd add_key request_key keyctl kexec_load kexec_file_load"),
    *_refuse(errno.EPERM, "init_module finit_module delete_module reboot sethostname setdomainname syslog vhangup"),
    *_refuse(errno.EPERM, "iopl ioperm modify_ldt settimeofday clock_settime"),
    *_refuse(errno.EPERM, "personality", When(0, (0, _QUERY), not_=True)),
    # Input that a terminal takes for typed.
    *_refuse(errno.EPERM, "ioctl", When(1, (_PUSH_INPUT, _SCREEN_INPUT))),
    # Memory that no look at the process shows.
    *_refuse(errno.EPERM, "memfd_secret"),
)

#: A submission's sockets are TCP, so that Landlock governs them; it does not govern what stands here.
_SOCKETS: Final = (
    *_refuse(errno.EACCES, "socket", When(0, _INTERNET), When(1, (socket.SOCK_STREAM,), not_=True, mask=_KIND)),
    *_refuse(errno.EACCES, "socket", When(0, _INTERNET), When(2, _PLAIN_TCP, not_=True)),  # MPTCP, SCTP
    # What waits in a socket is memory that counts for no process: no socket has room for more than at first.
    *_refuse(0, "setsockopt", When(1, (socket.SOL_SOCKET,)), When(2, (socket.SO_SNDBUF, _SEND_BUFFER_BY_FORCE))),
    # A connection that is made by sending.
    *_refuse(errno.EOPNOTSUPP, "sendto sendmmsg", When(3, (_FAST_OPEN,), mask=_FAST_OPEN)),
    *_refuse(errno.EOPNOTSUPP, "sendmsg", When(2, (_FAST_OPEN,), mask=_FAST_OPEN)),
)

#: In the grader's own network and among all files. Landlock governs neither connections to a path, nor listen(2)
#: without bind(2), which takes a free port of all addresses; and a filter cannot see of which family a socket is.
_OUTSIDE: Final = (
    # The app's listener listens already, and its server asks for it once more.
    *_refuse(0, "listen"),
    # Landlock lets anybody watch a folder whose path they know, and so see the names of what is written there.
    *_refuse(errno.ENOSYS, "inotify_init inotify_init1 inotify_add_watch"),
    *_refuse(errno.EINVAL, "fcntl", When(1, (_WATCH_FOLDER,))),
    # One of a pair could connect to a path; a pair of streams cannot. Raw ones are datagrams by another name.
    *_refuse(errno.EACCES, "socketpair", When(0, (socket.AF_UNIX,), not_=True)),
    *_refuse(errno.EACCES, "socketpair", When(1, (socket.SOCK_STREAM, socket.SOCK_SEQPACKET), not_=True, mask=_KIND)),
)

#: Landlock does not govern the attributes of files. Those of an app's own files do not matter, so a call that libraries
#: make after each copy does nothing; one that they may fail in is refused.
_ATTRIBUTES: Final = (
    *_refuse(0, "chmod fchmod fchmodat fchmodat2 utime utimes futimesat utimensat chown fchown lchown fchownat"),
    *_refuse(errno.EPERM, "setxattr lsetxattr fsetxattr setxattrat removexattr lremovexattr fremovexattr"),
    *_refuse(errno.EPERM, "removexattrat file_setattr"),
)

#: Memory that outlives a process, or that no look at the process shows.
_SHARED: Final = (
    *_refuse(errno.EPERM, "shmget msgget semget mq_open mq_unlink memfd_create"),
    # What others have made of it needs no get: small numbers are its only names.
    *_refuse(errno.EPERM, "shmat shmctl shmdt msgsnd msgrcv msgctl semop semtimedop semctl"),
)


def _others(own: int) -> tuple[Refusal, ...]:
    """The limits, processors and priorities of other processes: 0 is the caller."""
    other = When(0, (0, own), not_=True)
    return (
        *_refuse(errno.EPERM, "prlimit64 sched_setaffinity sched_setscheduler sched_setparam sched_setattr", other),
        *_refuse(errno.EPERM, "migrate_pages move_pages", other),
        *_refuse(errno.EPERM, "setpriority ioprio_set", When(1, (0, own), not_=True)),
        # Those of a group or of a user: the grader can be of the same.
        *_refuse(errno.EPERM, "setpriority", When(0, (os.PRIO_PROCESS,), not_=True)),
        *_refuse(errno.EPERM, "ioprio_set", When(0, (_IO_OF_PROCESS,), not_=True)),
    )


def _signals(own: int) -> tuple[Refusal, ...]:
    """Signals to other processes, where Landlock does not govern them yet: also to those that it has started."""
    other = When(0, (0, own), not_=True)
    return (
        *_refuse(errno.EPERM, "kill tgkill rt_sigqueueinfo rt_tgsigqueueinfo", other),
        *_refuse(errno.EPERM, "tkill pidfd_send_signal"),
        # A file that becomes ready sends one to its owner.
        *_refuse(errno.EPERM, "fcntl", When(1, (fcntl.F_SETOWN,)), When(2, (0, own), not_=True)),
        *_refuse(errno.EPERM, "fcntl", When(1, (_OWNER_BY_POINTER,))),
        *_refuse(errno.EPERM, "ioctl", When(1, _OWNER_OF_SOCKET)),
    )


def refusals(*, is_strict: bool, is_alone: bool, governs_signals: bool) -> tuple[Refusal, ...]:
    """``is_alone``: the process has namespaces of its own, so what it can name is its own anyway."""
    families = _INTERNET if is_strict and not is_alone else (*_INTERNET, socket.AF_UNIX)
    found = [*_ALWAYS, *_others(os.getpid())]
    if is_strict:
        found += [*_refuse(errno.EAFNOSUPPORT, "socket", When(0, families, not_=True)), *_SOCKETS, *_SHARED]
        if not is_alone:
            found += _OUTSIDE
    else:
        families = (*families, socket.AF_NETLINK)  # netlink: the C library looks at interfaces
        found += _refuse(errno.EAFNOSUPPORT, "socket", When(0, families, not_=True))
    if not is_alone:
        found += _ATTRIBUTES
    if not (is_alone or governs_signals):
        found += _signals(os.getpid())
    return tuple(found)
