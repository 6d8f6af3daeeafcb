"""
A folder in which a file is loaded, by a process of its own, with all around it that it has no business with; and what came of that.
"""

import contextlib
import ctypes
import json
import os
import resource
import shutil
import signal
import socket
import sys
import tempfile

# The port in every file that connects: the files cannot be given another.
PORT = 47611
SECRET = "a secret of another's"
OUTSIDE = "open('canary-code', 'w').close()\n\n\ndef predict(rows):\n    return rows\n\n\ndef _load_pyfunc(path):\n    return path\n"
MODEL, SCRATCH, LOG, FACTS = "model", "scratch", "log", "facts.json"
OWN = (MODEL, SCRATCH, LOG, FACTS, "secret", "outside.py", "socket")

# The limits of a file that takes all it can without walls; a wall's own limits are below these.
MEMORY_BYTES = 3 * 2**30
CPU_SECONDS = 2
# A process that waits without end uses no CPU, however busy the machine is with others.
STILL_SECONDS = 6
STILL_TICKS = 5
DISK_BYTES = 100 * 2**20

BY_CANARY = {"canary-command": "runs a command", "canary-code": "runs code of its own", "canary": "writes a file outside"}
OF_MEMORY = ("MemoryError", "bad_alloc", "bad allocation", "Unable to allocate", "allocate memory", "out of memory", "length_error", "returned NULL without setting")
OF_DISK = ("File too large", "No space left")


def attempted(case, load, enter):
    """Runs `load(path, case)` in a separate process, behind the walls of `enter(root)`: {status, says, harm}."""
    root = os.path.realpath(tempfile.mkdtemp())
    here = os.getcwd()
    try:
        _furnish(root, case)
        with contextlib.ExitStack() as open_:
            listeners = _listeners(root, open_)
            child = os.fork()
            if child == 0:
                for each in listeners:
                    each.close()
                _load(root, case, load, enter)
            status, used = _ended(child)
            _wait_for_orphans()
            code = os.waitstatus_to_exitcode(status)
            with open(os.path.join(root, LOG), errors="replace") as file:
                says = file.read()
            lines = says.strip().splitlines()
            harm = _harm_of(root, case, code, says) | ({"connects"} if any(map(_is_asked, listeners)) else set())
            return {"status": code, "says": lines[-1][:500] if lines else "", "harm": sorted(harm), "mebibytes": used.ru_maxrss // 1024}
    finally:
        os.chdir(here)
        shutil.rmtree(root, ignore_errors=True)


def _ended(child):
    """The child's status and its use of resources; ends it with SIGALRM once it has stood still for long."""
    still, before = 0, 0
    while True:
        done, status, used = os.wait4(child, os.WNOHANG)
        if done:
            return status, used
        signal.sigtimedwait([signal.SIGCHLD], 1)
        ticks = _ticks(child)
        still, before = (still + 1, before) if ticks < before + STILL_TICKS else (0, ticks)
        if still >= STILL_SECONDS:
            os.kill(child, signal.SIGALRM)


def _ticks(child):
    """Hundredths of seconds of the child's CPU time, with that of the children that it waited for."""
    try:
        with open(f"/proc/{child}/stat") as file:
            return sum(map(int, file.read().rpartition(")")[2].split()[11:15]))
    except (FileNotFoundError, ProcessLookupError):
        return 0


def adopt():
    """Makes this process the parent of processes that a file starts and does not wait for, once the file's own process has ended."""
    ctypes.CDLL(None).prctl(36, 1)
    # The signal must not be discarded, so that it can be waited for.
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD])


def _wait_for_orphans():
    with contextlib.suppress(ChildProcessError):
        while True:
            os.wait()


def _furnish(root, case):
    for name, content in (("secret", SECRET), ("outside.py", OUTSIDE), (FACTS, json.dumps(case.get("facts", {})))):
        with open(os.path.join(root, name), "w") as file:
            file.write(content)
    os.mkdir(os.path.join(root, SCRATCH))
    path, model = case["path"], os.path.join(root, MODEL)
    if os.path.isdir(path):
        shutil.copytree(path, model, symlinks=True)
    else:
        os.mkdir(model)
        shutil.copy(path, model)


def model_of(root, case):
    model = os.path.join(root, MODEL)
    return model if os.path.isdir(case["path"]) else os.path.join(model, os.path.basename(case["path"]))


def _listeners(root, open_):
    tcp = open_.enter_context(socket.create_server(("127.0.0.1", PORT)))
    unix = open_.enter_context(socket.socket(socket.AF_UNIX))
    unix.bind(os.path.join(root, "socket"))
    unix.listen()
    udp = open_.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    udp.bind(("127.0.0.1", PORT))
    for each in (tcp, unix, udp):
        each.setblocking(False)
    return tcp, unix, udp


def _is_asked(listener):
    try:
        if listener.type == socket.SOCK_DGRAM:
            return bool(listener.recv(1))
        listener.accept()[0].close()
        return True
    except BlockingIOError:
        return False


def _load(root, case, load, enter):
    """Loads the file, and never returns."""
    # A model's server is started in the same way: no process that it starts can stay.
    os.setpgid(0, 0)
    descriptor = os.open(os.path.join(root, LOG), os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    null = os.open(os.devnull, os.O_RDONLY)
    for stream, to in ((0, null), (1, descriptor), (2, descriptor)):
        os.dup2(to, stream)
    os.chdir(root)
    os.environ["TMPDIR"] = tempfile.tempdir = os.path.join(root, SCRATCH)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGCHLD])
    enter(root)
    status = 0
    try:
        load(model_of(root, case), case)
    except SystemExit as error:
        status = error.code if isinstance(error.code, int) else 1
    except BaseException as error:
        print(f"{type(error).__name__}: {error}", flush=True)
        status = 1
    sys.stdout.flush()
    os._exit(status)


def _harm_of(root, case, code, says):
    left = [name for name in os.listdir(root) if name not in OWN]
    found = {next((harm for start, harm in BY_CANARY.items() if name.startswith(start)), "writes a file outside") for name in left}
    if _names_in(os.path.join(root, MODEL)) != (_names_in(case["path"]) or [os.path.join(".", os.path.basename(case["path"]))]):
        found.add("writes a file outside")
    with open(os.path.join(root, "secret")) as file:
        if file.read() != SECRET:
            found.add("writes a file outside")
    if SECRET in says:
        found.add("reads another file")
    if CHANGED in says:
        found.add("replaces a method of a class")
    if code != 70 and any(each in says for each in OF_MEMORY):
        found.add("eats memory")
    if code == -signal.SIGXCPU:
        found.add("never ends")
    if code == -signal.SIGALRM:
        found.add("waits without end")
    if any(each in says for each in OF_DISK) or code == -signal.SIGXFSZ or _bytes_in(os.path.join(root, SCRATCH)) > DISK_BYTES:
        found.add("fills the disk")
    if not found & {"eats memory", "never ends", "waits without end", "fills the disk"} and (code < 0 or code == 7):
        found.add("ends its process")
    return found


CHANGED = "a class is not what it was"


def _names_in(folder):
    return sorted(os.path.join(os.path.relpath(at, folder), name) for at, folders, names in os.walk(folder) for name in [*folders, *names])


def _bytes_in(folder):
    return sum(os.lstat(os.path.join(at, name)).st_size for at, _, names in os.walk(folder) for name in names)


def limits_alone(_root):
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS + 1))
