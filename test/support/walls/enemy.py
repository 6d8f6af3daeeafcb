"""
A model's process as an enemy of its parent: does at random, by a seed, what a process can do with all that it has.
Given: a seed, how many attempts, the parent's HTTP port, the process and the folder of another model, a folder outside.
"""

import ctypes
import fcntl
import json
import mmap
import os
import random
import resource
import signal
import socket
import struct
import sys

seed, attempts, port, other_pid, other, outside = sys.argv[1:]
chance = random.Random(int(seed))
parent = os.getppid()
libc = ctypes.CDLL(None, use_errno=True)
channel = int(os.environ["CHANNEL_FD"])
listening = int(os.environ["LISTENING_FD"])
# Each would end the machine's user where the walls do not hold; the parent and the other model are there to be ended.
VICTIMS = (parent, -parent, int(other_pid), -int(other_pid))
LETHAL = (signal.SIGKILL, signal.SIGSTOP, signal.SIGTERM, signal.SIGSEGV, signal.SIGHUP, signal.SIGUSR1, signal.SIGPIPE)
ALIVE, SYNC = -1, (162, 306, 26, 74, 75)
MESSAGES = (
    b'{"ready":true}\n',
    b'{"listening":1}\n',
    b'{"listening":%d}\n' % int(port),
    b'{"cmd":"NODE_HANDLE","type":"net.Socket"}\n',
    b'{"environment":{"PATH":"/"}}\n',
    b"\n",
    b"null\n",
    b"[" * 70_000,
    b"\xff\xfe\n",
    b'{"ready":true}' * 200,
)


def descriptors():
    return [int(name) for name in os.listdir("/proc/self/fd")]


def any_descriptor():
    return chance.choice([*descriptors(), channel, listening, 0, 1, 2, 3, 4, chance.randrange(300)])


def some_bytes(most=4096):
    return chance.randbytes(chance.randrange(most))


def writes():
    fd = any_descriptor()
    os.set_blocking(fd, False)
    os.write(fd, some_bytes(70_000))


def reads():
    fd = any_descriptor()
    os.set_blocking(fd, False)
    os.read(fd, 70_000)


def says():
    os.set_blocking(channel, False)
    os.write(channel, chance.choice((*MESSAGES, some_bytes())))


def hands_descriptors():
    fds = [any_descriptor() for _ in range(chance.randrange(1, 8))]
    with socket.socket(fileno=os.dup(channel)) as made:
        made.setblocking(False)
        made.sendmsg([some_bytes()], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, struct.pack(f"{len(fds)}i", *fds))])


def sends_out_of_band():
    with socket.socket(fileno=os.dup(chance.choice((channel, listening)))) as made:
        made.setblocking(False)
        made.send(some_bytes(), chance.choice((socket.MSG_OOB, socket.MSG_MORE, 0)))


def sets_options():
    with socket.socket(fileno=os.dup(chance.choice((channel, listening)))) as made:
        made.setsockopt(chance.choice((socket.SOL_SOCKET, socket.IPPROTO_TCP, socket.IPPROTO_IP)), chance.randrange(80), some_bytes(32))


def is_told_of_by_a_signal():
    fd = any_descriptor()
    fcntl.fcntl(fd, fcntl.F_SETOWN, chance.choice(VICTIMS))
    fcntl.fcntl(fd, 10, int(chance.choice(LETHAL)))
    fcntl.fcntl(fd, fcntl.F_SETFL, fcntl.fcntl(fd, fcntl.F_GETFL) | os.O_ASYNC)


def shuts_down():
    with socket.socket(fileno=os.dup(chance.choice((channel, listening)))) as made:
        made.shutdown(chance.randrange(3))


def closes_or_copies():
    fd = any_descriptor()
    if chance.random() < 0.1:
        os.close(fd)
    elif fd > 2:
        os.dup2(any_descriptor(), chance.randrange(5, 40))


def listens_otherwise():
    with socket.socket(fileno=os.dup(listening)) as made:
        made.listen(chance.choice((0, 1, 100_000)))


def answers():
    with socket.socket(fileno=os.dup(listening)) as made:
        made.setblocking(False)
        taken, _ = made.accept()
        with taken:
            taken.send(chance.choice((b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999999999999\r\n\r\n", b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 5_000, some_bytes())))


def signals():
    os.kill(chance.choice(VICTIMS), chance.choice(LETHAL))


def signals_by_a_handle():
    handle = os.pidfd_open(abs(chance.choice(VICTIMS)))
    try:
        signal.pidfd_send_signal(handle, chance.choice(LETHAL))
    finally:
        os.close(handle)


def looks_for_everybody():
    os.kill(ALIVE, 0)


def slows_down():
    os.setpriority(os.PRIO_PROCESS, parent, 19)
    os.setpriority(os.PRIO_USER, 0, 19)


def schedules():
    os.sched_setscheduler(parent, os.SCHED_IDLE, os.sched_param(0))


def binds():
    os.sched_setaffinity(parent, {0})


def limits():
    resource.prlimit(abs(chance.choice(VICTIMS)), resource.RLIMIT_NOFILE, (0, 0))


def connects():
    kind, address = chance.choice(
        (
            (socket.AF_INET, ("127.0.0.1", int(port))),
            (socket.AF_UNIX, f"{outside}/socket"),
            (socket.AF_UNIX, "\0slipway-enemy"),
        )
    )
    with socket.socket(kind, socket.SOCK_STREAM) as made:
        made.settimeout(0.1)
        made.connect(address)
        made.send(b"POST /undeploy HTTP/1.1\r\n\r\n")


def opens():
    path = chance.choice((f"{outside}/secret", f"{outside}/new", f"{other}/model", "/etc/passwd", f"/proc/{parent}/environ", f"/proc/{parent}/mem", f"/proc/{parent}/fd/0"))
    fd = os.open(path, chance.choice((os.O_RDONLY, os.O_WRONLY, os.O_RDWR, os.O_TRUNC | os.O_WRONLY, os.O_CREAT | os.O_WRONLY)))
    os.write(fd, b"enemy")


def locks():
    # No process may wait for it, whatever file it is.
    fd = os.open(chance.choice((sys.executable, sys.argv[0], os.__file__, "/usr/bin/env")), os.O_RDONLY)
    fcntl.flock(fd, chance.choice((fcntl.LOCK_EX, fcntl.LOCK_SH)) | fcntl.LOCK_NB)


def leases():
    fd = os.open(chance.choice((sys.argv[0], os.__file__, "/usr/bin/env")), os.O_RDONLY)
    fcntl.fcntl(fd, fcntl.F_SETLEASE, chance.choice((fcntl.F_WRLCK, fcntl.F_RDLCK)))


def tells_the_kernel():
    name = chance.choice(("self/oom_score_adj", "self/comm", "self/coredump_filter", f"{parent}/oom_score_adj", f"{parent}/comm", f"{other_pid}/oom_score_adj"))
    with open(f"/proc/{name}", "w") as file:
        file.write(chance.choice(("0", "1000")))


def lays_traps():
    name = f"trap{chance.randrange(20)}"
    kind = chance.randrange(5)
    if kind == 0:
        os.symlink(outside, name)
    elif kind == 1:
        os.mkfifo(name)
    elif kind == 2:
        os.makedirs(name + "/a" * 20)
    elif kind == 3:
        os.chmod(name, 0)
    else:
        fd = os.open(name, os.O_CREAT | os.O_WRONLY | os.O_NONBLOCK)
        os.write(fd, some_bytes())


def has_children():
    if os.fork() == 0:
        signal.alarm(1)
        try:
            os.setsid()
        finally:
            os._exit(0)


def calls_anything():
    number = chance.randrange(470)
    if number in SYNC:
        return
    given = [chance.choice((0, 1, 3, 4, parent, 2**31, 2**63 - 1, chance.randrange(2**32))) for _ in range(6)]
    if os.fork() == 0:
        # It may wait for ever, or end the process that calls it.
        signal.alarm(1)
        try:
            libc.syscall(number, *map(ctypes.c_long, given))
        finally:
            os._exit(0)


def says_much():
    os.set_blocking(1, False)
    os.write(chance.choice((1, 2)), chance.choice((b"\x1b[2J" * 1_000, b"x" * 60_000, some_bytes(60_000))))


def takes_descriptors():
    taken = []
    try:
        while len(taken) < 5_000:
            taken.append(os.dup(0))
    finally:
        for fd in taken:
            os.close(fd)


KINDS = (
    *(writes, reads, says, hands_descriptors, sends_out_of_band, sets_options, is_told_of_by_a_signal, shuts_down, closes_or_copies),
    *(listens_otherwise, answers, signals, signals_by_a_handle, looks_for_everybody, slows_down, schedules, binds, limits, connects, opens),
    *(locks, leases),
    *(tells_the_kernel, lays_traps, has_children, calls_anything, says_much, takes_descriptors),
)
# Some of them are taken for a server first.
if chance.random() < 0.7:
    os.write(channel, b'{"listening":%d}\n{"ready":true}\n' % socket.socket(fileno=os.dup(listening)).getsockname()[1])
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
signal.signal(signal.SIGTERM, signal.SIG_IGN)
signal.signal(signal.SIGPIPE, signal.SIG_IGN)
done: dict[str, int] = {}
# Kept by the kernel: it may close each of its descriptors, and be ended at any moment.
DONE_BYTES = 2_000
told = os.open("done", os.O_CREAT | os.O_RDWR)
os.ftruncate(told, DONE_BYTES)
record = mmap.mmap(told, DONE_BYTES)
for _ in range(int(attempts)):
    kind = chance.choice(KINDS)
    try:
        kind()
        done[kind.__name__] = done.get(kind.__name__, 0) + 1
    except (OSError, ValueError, OverflowError):
        pass
    record[:] = json.dumps(done).ljust(DONE_BYTES).encode()
