"""
The walls around a process that loads a model. Before loading, it gives up every other right, through the Linux kernel and without any package.
`SLIPWAY_WALLS` in its environment is JSON: {landlock, seccomp, namespaces}, the available walls, and the rights that they leave to the process:
{read: [path], write: [path], execute: [path], limits: {files, processes, fileBytes, dataBytes, cpuSeconds}}.
Every wall listed is set, or the process ends.

`python walls.py --look PATH...` writes {python, landlock, seccomp, namespaces, closed} for this machine. `closed` has the first file or folder on the way to each PATH
that a process without capabilities may not read, as a root's is behind the walls; namespaces are only there if each PATH that is not closed is readable within them.
Ends with a status other than 0 if it cannot find out: that is not a sign that a wall is missing.
`python walls.py PROGRAM ARGUMENT...` sets the walls and then becomes that program.
`ENVIRONMENT/bin/python -I -S walls.py -m MODULE ARGUMENT...` sets the walls and then runs a module of that environment: whatever its packages have Python run
as it starts (.pth files, sitecustomize) runs behind the walls. This file itself has to lie outside of the environment, in which a package may replace any file.

Only imports the standard library, since it also runs outside any environment.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import json
import os
import platform
import resource
import signal
import socket
import stat
import struct
import sys
from typing import Any, Callable, Iterable, Iterator, Mapping, MutableMapping

_VARIABLE = "SLIPWAY_WALLS"
LISTENING = "LISTENING_FD"
CHANNEL = "CHANNEL_FD"

_libc = ctypes.CDLL(None, use_errno=True)

# https://docs.kernel.org/userspace-api/landlock.html; its system call numbers are the same on every processor.
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_GET_VERSION, _PATH_BENEATH = 1, 1
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1, 2, 4, 8
_MAKE_DEVICES = 1 << 6 | 1 << 11
_REFER, _TRUNCATE, _IOCTL_DEVICE = 1 << 13, 1 << 14, 1 << 15
_FIRST_RIGHTS = (1 << 13) - 1
_OF_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEVICE
_READ = _READ_FILE | _READ_DIR
_TCP_BIND_AND_CONNECT = 3
_ABSTRACT_SOCKETS_AND_SIGNALS = 3

_NEW_USER, _NEW_NETWORK, _NEW_IPC, _NEW_MOUNTS = 0x10000000, 0x40000000, 0x08000000, 0x00020000
_NEW_ANY = 0x7E020080
_SET_NO_NEW_PRIVILEGES, _DROP_BOUNDING, _AMBIENT, _CLEAR_AMBIENT, _SET_SECCOMP, _SET_NAME = 38, 24, 47, 4, 22, 15
_GET_SECCOMP = 21
_FILTER = 2
_PRIVATE_BELOW, _BIND = 1 << 18 | 1 << 14, 1 << 12
# mount_setattr(2), as in the kernel's documentation: its number is the same on every processor.
_SET_MOUNT, _HERE, _AND_BELOW, _READ_ONLY = 442, -100, 0x8000, 1
_CAPABILITY_VERSION = 0x20080522

# walls.mjs, which sets the walls without a Python, reads the same file.
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "walls.json"), encoding="utf-8") as _file:
    _KNOWN: dict[str, Any] = json.load(_file)
_INSTALLED: list[str] = _KNOWN["installed"]
_SYSTEM: tuple[str, ...] = (
    *(f"{prefix}/{part}" for prefix in ("/usr", "/usr/local") for part in _INSTALLED),
    *(*_KNOWN["system"], *_KNOWN["certificates"], *_KNOWN["openssl"]),
)
_LOADERS: list[str] = _KNOWN["loaders"]
_RESOLVING = (
    *("/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf", "/etc/host.conf", "/etc/gai.conf", "/etc/services"),
    *("/etc/protocols", "/run/systemd/resolve"),
)

_CALLS: dict[str, dict[str, Any]] = _KNOWN["calls"]
_FAST_OPEN = 0x20000000
_SET_LEASE = 1024
# MAP_SHARED, or MAP_SHARED_VALIDATE, and MAP_ANONYMOUS.
_SHARED_WITHOUT_FILE = 0x21


def enter(env: MutableMapping[str, str]) -> None:
    """
    Sets the walls that the environment lists, or none. Raises OSError when a wall cannot be set.
    Closes every descriptor but the standard ones and those that the environment names. A socket that listens stays in the network
    in which it was created, so it serves although no other can be created.
    """
    given = env.pop(_VARIABLE, "")
    if not given:
        return
    plan = json.loads(given)
    _end_input()
    _close_others({0, 1, 2} | {int(env[name]) for name in (CHANNEL, LISTENING) if env.get(name)})
    facts = _facts_of(env)
    # The owner's own code comes with it: that may start programs and, if its manifest says so, use the network.
    is_code = brings_of(facts) == "code"
    has_network = is_code and facts.get("network") == "open"
    limits = plan.get("limits", {})
    # Before the namespace, in which limits cannot be raised; except for processes, which a namespace counts separately.
    _limit(limits)
    if plan["namespaces"]:
        _enter_namespaces(plan["write"], has_network)
        _limit_to(resource.RLIMIT_NPROC, limits.get("processes"))
    _drop_capabilities()
    _call(_libc.prctl(_SET_NO_NEW_PRIVILEGES, 1, 0, 0, 0), "no new privileges")
    if plan["landlock"]:
        _enter_landlock(plan, is_code, has_network)
    if plan["seccomp"]:
        # The engine may have to create a listening Unix socket, though nobody connects to it (language/engine.py). It still cannot connect to any socket, and has no network.
        _enter_seccomp(has_network, may_listen=_listens(facts))


def _end_input() -> None:
    """Replaces the standard input: it is not the machine's /dev/null but a separate pipe that is at its end. A process can change the mode of an open file, and a root's /dev/null was closed to the whole machine."""
    if not stat.S_ISCHR(os.fstat(0).st_mode):
        return
    over, writing = os.pipe()
    os.close(writing)
    os.dup2(over, 0)
    os.close(over)


def _close_others(kept: set[int]) -> None:
    """Closes all other descriptors: the process that started Slipway may have left one open, of a file that no model may read."""
    for fd in map(int, os.listdir("/proc/self/fd")):
        if fd not in kept:
            with contextlib.suppress(OSError):
                os.close(fd)


def flush_libraries() -> None:
    """Writes what libraries in C have printed and not yet written."""
    _libc.fflush(None)


def enter_or_end() -> None:
    """Called first by a program: without its walls, it does not run."""
    try:
        enter(os.environ)
    except (OSError, ValueError, KeyError) as error:
        print(f"the walls around the model cannot be set: {error}", file=sys.stderr, flush=True)
        os._exit(2)


def look(paths: Iterable[str]) -> dict[str, Any]:
    """The walls that this machine supports: Landlock's version, 0 for none, and whether it has the others. Raises OSError when that cannot be found out."""
    is_linux = sys.platform.startswith("linux")
    wanted = [*paths, sys.base_prefix]
    closed = _in_child(lambda: _closed(wanted)) if is_linux else ""
    found = closed.split("\0") if closed else []
    readable = [] if found else wanted
    return {
        "python": sys.executable,
        "landlock": _landlock_version() if is_linux else 0,
        "seccomp": is_linux and platform.machine() in _CALLS and _is_there(lambda: _enter_seccomp(False, False)),
        "namespaces": is_linux and _is_there(lambda: _enter_namespaces([], False), readable),
        "closed": found,
    }


# How a kernel, its settings or a container refuse a wall. Any other error, such as a lack of memory, says nothing about the machine.
_REFUSALS = (errno.EPERM, errno.EACCES, errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP, errno.ENOENT, errno.ENOSPC, errno.EUSERS, errno.EROFS)


def _landlock_version() -> int:
    version = _libc.syscall(_CREATE_RULESET, None, 0, _GET_VERSION)
    if version < 0 and ctypes.get_errno() not in _REFUSALS:
        _call(version, "Landlock")
    return max(0, version)


def _is_there(attempt: Callable[[], None], paths: Iterable[str] = ()) -> bool:
    def tried() -> str:
        try:
            _call(_libc.prctl(_SET_NO_NEW_PRIVILEGES, 1, 0, 0, 0), "no new privileges")
            attempt()
            _drop_capabilities()
        except OSError as error:
            if error.errno in _REFUSALS:
                return ""
            raise
        return "there" if all(os.access(path, os.R_OK) for path in paths) else ""

    return _in_child(tried) == "there"


def _closed(paths: Iterable[str]) -> str:
    """A root without capabilities reads no file that another user has closed, and behind the walls it has none."""
    _drop_capabilities()
    found = [_first_closed(path) for path in paths]
    return "\0".join(dict.fromkeys(each for each in found if each))


def _first_closed(path: str, how: int = os.R_OK) -> str:
    """Empty when it can be read. A folder above may be passed through without being read."""
    above = os.path.dirname(path)
    closed = "" if above == path else _first_closed(above, os.X_OK)
    return closed or ("" if os.access(path, how) else path)


def _in_child(work: Callable[[], str]) -> str:
    """The result of `work` in a child process, since its changes to a process cannot be undone. Raises OSError when the child ends without an answer."""
    end, begin = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(begin, b"=" + os.fsencode(work()))
            os._exit(0)
        except BaseException as error:
            os.write(begin, str(error).encode(errors="replace"))
            os._exit(1)
    os.close(begin)
    with os.fdopen(end, "rb") as answer:
        said = answer.read()
    status = os.waitpid(child, 0)[1]
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGSYS:
        # A container's filter ends a process that asks.
        return ""
    if status != 0 or not said.startswith(b"="):
        raise OSError(f"a look ended with status {status}: {os.fsdecode(said)}")
    return os.fsdecode(said[1:])


def _facts_of(env: MutableMapping[str, str]) -> dict[str, Any]:
    path = env.get("MODEL_FACTS")
    if not path:
        return {}
    with open(path, encoding="utf-8") as file:
        facts = json.load(file)
    return facts if isinstance(facts, dict) else {}


def brings_of(facts: Mapping[str, Any]) -> str:
    """Whether a model is the owner's code or data. A build from before 0.1.0 did not say it."""
    return facts.get("brings") or ("code" if facts.get("format") in ("python", "mlflow", "sagemaker") else "data")


def _listens(facts: Mapping[str, Any]) -> bool:
    """A build from before 0.1.0 did not say it."""
    return facts.get("listens") is True or ("brings" not in facts and facts.get("format") == "gguf")


def listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio only disables Nagle's algorithm on a socket declared as TCP: else an answer's second write waits 40 ms for the client's acknowledgement.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind((host, port))
    listening.listen(511)
    return listening


def name_process(name: str) -> None:
    """Sets the name by which process lists show this process; Linux keeps 15 bytes of it."""
    if sys.platform == "linux":
        _libc.prctl(_SET_NAME, name.encode(), 0, 0, 0)


def _limit(limits: dict[str, Any]) -> None:
    _limit_to(resource.RLIMIT_CORE, 0)
    _limit_to(resource.RLIMIT_NOFILE, limits.get("files"))
    _limit_to(resource.RLIMIT_FSIZE, limits.get("fileBytes"))
    _limit_to(resource.RLIMIT_DATA, limits.get("dataBytes"))
    # The soft limit sends the process a signal that says why it ends; the hard limit kills it.
    _limit_to(resource.RLIMIT_CPU, limits.get("cpuSeconds"), 5)


def _limit_to(what: int, most: Any, grace: int = 0) -> None:
    if most is None:
        return
    hard = resource.getrlimit(what)[1]
    known = most + grace if hard == resource.RLIM_INFINITY else min(most + grace, hard)
    resource.setrlimit(what, (min(most, known), known))


def _enter_namespaces(writable: Iterable[str], has_network: bool) -> None:
    user, group = os.geteuid(), os.getegid()
    network = 0 if has_network else _NEW_NETWORK
    _call(_libc.unshare(_NEW_USER | _NEW_IPC | _NEW_MOUNTS | network), "namespaces")
    # Maps this user to itself, and nobody else.
    _write("/proc/self/setgroups", "deny")
    _write("/proc/self/uid_map", f"{user} {user} 1")
    _write("/proc/self/gid_map", f"{group} {group} 1")
    # A nested namespace would give it back all capabilities, and with them access to much of the kernel.
    _write("/proc/sys/user/max_user_namespaces", "0")
    _mount_read_only(writable)


def _mount_read_only(writable: Iterable[str]) -> None:
    """Landlock lets a file's owner still change its mode, owner and times; a read-only mount prevents that."""
    folder = os.getcwd()
    _call(_libc.mount(None, b"/", None, _PRIVATE_BELOW, None), "mount")
    for path in writable:
        name = os.fsencode(path)
        _call(_libc.mount(name, name, None, _BIND, None), path)
    _set_mount("/", _READ_ONLY, 0, _AND_BELOW)
    for path in writable:
        _set_mount(path, 0, _READ_ONLY, 0)
    # The old working directory was in the mount below.
    os.chdir(folder)


def _set_mount(path: str, set_: int, clear: int, flags: int) -> None:
    attributes = ctypes.create_string_buffer(struct.pack("=4Q", set_, clear, 0, 0))
    _call(_libc.syscall(_SET_MOUNT, _HERE, os.fsencode(path), flags, attributes, ctypes.c_size_t(32)), path)


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="ascii") as file:
        file.write(text)


def _drop_capabilities() -> None:
    for capability in range(64):
        _libc.prctl(_DROP_BOUNDING, capability, 0, 0, 0)
    _libc.prctl(_AMBIENT, _CLEAR_AMBIENT, 0, 0, 0)
    header = ctypes.create_string_buffer(struct.pack("=Ii", _CAPABILITY_VERSION, 0))
    _call(_libc.capset(header, ctypes.create_string_buffer(24)), "capabilities")


def _enter_landlock(plan: dict[str, Any], is_code: bool, has_network: bool) -> None:
    version = int(plan["landlock"])
    rights = _FIRST_RIGHTS
    for since, right in ((2, _REFER), (3, _TRUNCATE), (5, _IOCTL_DEVICE)):
        rights |= right if version >= since else 0
    attributes = [rights]
    if version >= 4:
        attributes.append(0 if has_network else _TCP_BIND_AND_CONNECT)
    if version >= 6:
        attributes.append(_ABSTRACT_SOCKETS_AND_SIGNALS)
    packed = ctypes.create_string_buffer(struct.pack(f"={len(attributes)}Q", *attributes))
    rules = _libc.syscall(_CREATE_RULESET, packed, ctypes.c_size_t(8 * len(attributes)), 0)
    _call(rules, "Landlock")
    for path, allowed in _allowed(plan, rights, is_code, has_network):
        _allow(rules, path, allowed & rights)
    _call(_libc.syscall(_RESTRICT_SELF, rules, 0), "Landlock")
    os.close(rules)


def _allowed(plan: dict[str, Any], rights: int, is_code: bool, has_network: bool) -> Iterator[tuple[str, int]]:
    own = {*_python_itself(), os.path.dirname(os.path.abspath(__file__))}
    program = _READ | _EXECUTE if is_code else _READ
    yield from ((path, program) for path in (*_SYSTEM, *own))
    yield from ((path, _READ) for path in (*plan["read"], "/proc/self", *(_RESOLVING if has_network else ())))
    programs = plan.get("execute", ())
    yield from ((path, _READ | _EXECUTE) for path in (*programs, *(_LOADERS if programs else ())))
    yield from ((path, rights & ~(_MAKE_DEVICES | (0 if is_code else _EXECUTE))) for path in plan["write"])
    yield "/dev/null", _READ_FILE | _WRITE_FILE


def _python_itself() -> Iterator[str]:
    """The folders of Python itself. An environment is a separate folder, but Python may be installed in one with many other files, such as a home."""
    if sys.prefix != sys.base_prefix:
        yield from (sys.prefix, sys.exec_prefix)
    # Without site (-S) Python does not know yet that it is in one.
    environment = os.path.dirname(os.path.dirname(os.path.abspath(sys.executable)))
    if os.path.exists(os.path.join(environment, "pyvenv.cfg")):
        yield environment
    for prefix in (sys.base_prefix, sys.base_exec_prefix):
        yield from (f"{prefix}/{part}" for part in (*_INSTALLED, "ssl"))


def _allow(rules: int, path: str, allowed: int) -> None:
    try:
        beneath = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        # It does not exist on this machine.
        return
    if not os.path.isdir(f"/proc/self/fd/{beneath}"):
        allowed &= _OF_FILES
    attributes = ctypes.create_string_buffer(struct.pack("=Qi", allowed, beneath))
    _call(_libc.syscall(_ADD_RULE, rules, _PATH_BENEATH, attributes, 0), path)
    if path == "/proc/self":
        # A rule applies to the current inode, which the kernel only keeps while somebody holds it open.
        os.set_inheritable(beneath, True)
    else:
        os.close(beneath)


_LOAD, _AND, _RETURN = 0x20, 0x54, 0x06
_IF_EQUAL, _IF_AT_LEAST, _IF_ANY = 0x15, 0x35, 0x45
_GO_ON, _KILL, _ERROR = 0x7FFF0000, 0x80000000, 0x00050000
_NUMBER, _PROCESSOR = 0, 4


def _enter_seccomp(has_network: bool, may_listen: bool) -> None:
    instructions = list(_filter(_CALLS[platform.machine()], has_network, may_listen))
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *each) for each in instructions))

    class Program(ctypes.Structure):
        _fields_ = [("length", ctypes.c_ushort), ("code", ctypes.c_void_p)]

    program = Program(len(instructions), ctypes.addressof(code))
    _call(_libc.prctl(_SET_SECCOMP, _FILTER, ctypes.byref(program), 0, 0), "seccomp")


def _filter(calls: dict[str, Any], has_network: bool, may_listen: bool) -> Iterator[tuple[int, int, int, int]]:
    """(code, jumps if true, if false, value). Every block begins with the system call's number loaded, and either ends that way or returns."""
    refuse = (_RETURN, 0, 0, _ERROR | errno.EACCES)
    yield _LOAD, 0, 0, _PROCESSOR
    yield _IF_EQUAL, 1, 0, calls["audit"]
    yield _RETURN, 0, 0, _KILL
    yield _LOAD, 0, 0, _NUMBER
    # x32's calls: the same ones under other numbers.
    yield _IF_AT_LEAST, 0, 1, 0x40000000
    yield refuse
    for number in calls["refused"]:
        yield _IF_EQUAL, 0, 1, number
        yield _RETURN, 0, 0, _ERROR | errno.EPERM
    # A filter cannot see clone3's arguments; glibc then falls back to clone.
    yield _IF_EQUAL, 0, 1, calls["clone3"]
    yield _RETURN, 0, 0, _ERROR | errno.ENOSYS
    yield from _if_argument(calls["clone"], 0, (_IF_ANY, 0, 1, _NEW_ANY))
    # It could target another process of the same user, such as Slipway.
    yield from _if_argument(calls["prlimit64"], 0, (_IF_EQUAL, 1, 0, 0))
    # This call could do that too. Libraries bind each of their threads by its number, which a filter cannot distinguish from another process's: the call does nothing and reports success.
    yield from _if_argument(calls["sched_setaffinity"], 0, (_IF_EQUAL, 1, 0, 0), answer=0)
    # Shared memory that a process has given back (MADV_DONTNEED) stays allocated but counts for no process: the watch of its memory would not see it.
    yield from _if_argument(calls["mmap"], 3, (_IF_EQUAL, 0, 1, _SHARED_WITHOUT_FILE), _SHARED_WITHOUT_FILE)
    # A lease on a file that it may only read makes any other process that opens it, such as Slipway or another model, wait for 45 s.
    yield from _if_argument(calls["fcntl"], 1, (_IF_EQUAL, 0, 1, _SET_LEASE))
    if has_network:
        families = (socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK)
        yield _IF_EQUAL, 0, 3 + len(families), calls["socket"]
        yield _LOAD, 0, 0, _argument(0)
        for left, family in enumerate(reversed(families)):
            yield _IF_EQUAL, len(families) - left, 0, family
        yield refuse
        yield _RETURN, 0, 0, _GO_ON
    else:
        if may_listen:
            # Allows sockets of streams alone: one of datagrams could write to any socket in a folder without a connection.
            yield _IF_EQUAL, 0, 7, calls["socket"]
            yield _LOAD, 0, 0, _argument(0)
            yield _IF_EQUAL, 0, 3, socket.AF_UNIX
            yield _LOAD, 0, 0, _argument(1)
            yield _AND, 0, 0, 0xF
            yield _IF_EQUAL, 1, 0, socket.SOCK_STREAM
            yield refuse
            yield _RETURN, 0, 0, _GO_ON
        for name in ("connect",) if may_listen else ("socket", "connect", "bind"):
            yield _IF_EQUAL, 0, 1, calls[name]
            yield refuse
        # A first packet with data (TCP Fast Open) connects too.
        for name, flags in (("sendto", 3), ("sendmsg", 2), ("sendmmsg", 3)):
            yield from _if_argument(calls[name], flags, (_IF_ANY, 0, 1, _FAST_OPEN))
        # A datagram socket could write to any socket file in a folder.
        yield from _if_argument(calls["socketpair"], 1, (_IF_EQUAL, 0, 1, socket.SOCK_DGRAM), 0xF)
    yield _RETURN, 0, 0, _GO_ON


def _if_argument(
    number: int, index: int, test: tuple[int, int, int, int], mask: int = 0xFFFFFFFF, answer: int = errno.EACCES
) -> Iterator[tuple[int, int, int, int]]:
    """Refuses the call by this error (0: it answers that it is done) if the test of an argument holds, and continues otherwise."""
    yield _IF_EQUAL, 0, 5, number
    yield _LOAD, 0, 0, _argument(index)
    yield _AND, 0, 0, mask
    yield test
    yield _RETURN, 0, 0, _ERROR | answer
    yield _RETURN, 0, 0, _GO_ON


def _argument(index: int) -> int:
    """The offset of its lower half on little-endian processors."""
    return 16 + 8 * index


def _call(result: int, what: str) -> None:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def _run_module(name: str, arguments: list[str]) -> None:
    """Runs a module like `python -m`, in the environment of this Python, which was started without it."""
    import runpy
    import site

    # Isolated (-I), Python does not read this from its own variable. No model may write beside its modules.
    sys.dont_write_bytecode = True
    site.main()
    sys.argv = [name, *arguments]
    runpy.run_module(name, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    if sys.version_info < (3, 9):
        # The exit status of a shell that does not find the program.
        sys.exit(127)
    if sys.argv[1:2] == ["--look"]:
        print(json.dumps(look(sys.argv[2:])))
    elif sys.argv[1:2] == ["-m"]:
        enter_or_end()
        _run_module(sys.argv[2], sys.argv[3:])
    else:
        enter_or_end()
        os.execv(sys.argv[1], sys.argv[1:])
