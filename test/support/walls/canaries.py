"""
Tries what a model must not do, each attempt by itself, and writes {name: "done" or the error that refused it}.
Given: an outside folder, with `secret`, `socket` and `writable`, the folder of another model, the port of a listener, its own model's and its scratch folder.
"""

import contextlib
import ctypes
import errno
import fcntl
import json
import mmap
import os
import resource
import shutil
import socket
import subprocess
import sys

outside, other, port, model, scratch = sys.argv[1:]
libc = ctypes.CDLL(None, use_errno=True)
parent = os.getppid()
listening = int(os.environ.get("LISTENING_FD") or -1)


def call(result):
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def unix(kind, address):
    with socket.socket(socket.AF_UNIX, kind) as made:
        made.connect(address)


def udp():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as made:
        made.sendto(b"canary", ("127.0.0.1", int(port)))


def bind():
    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))


def datagram_pair():
    one, other_end = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    one.connect(f"{outside}/datagrams")


def own_listener():
    if listening < 0:
        made = socket.socket()
        made.listen()
        return made
    return socket.socket(fileno=os.dup(listening))


def stop_listening(made):
    # Another attempt may have stopped it, or connected it.
    with contextlib.suppress(OSError):
        made.shutdown(socket.SHUT_RDWR)
    libc.connect(made.fileno(), ctypes.create_string_buffer(16), 16)


def turned_around():
    with own_listener() as made:
        stop_listening(made)
        made.connect(("127.0.0.1", int(port)))


def first_packet():
    with own_listener() as made:
        stop_listening(made)
        made.sendto(b"canary", socket.MSG_FASTOPEN, ("127.0.0.1", int(port)))


def program_of_its_own():
    path = f"{scratch}/program"
    shutil.copyfile("/bin/true", path)
    os.chmod(path, 0o700)
    subprocess.run([path], check=True)


def place_in_parent():
    with open(f"/proc/{parent}/maps") as maps:
        return int(next(line for line in maps if " r--p " in line).split("-")[0], 16)


def memory_file_of_parent():
    with open(f"/proc/{parent}/mem", "rb") as memory:
        memory.seek(place_in_parent())
        memory.read(8)


def memory_of_parent():
    class Part(ctypes.Structure):
        _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]

    place = place_in_parent()
    here = ctypes.create_string_buffer(8)
    call(libc.process_vm_readv(parent, ctypes.byref(Part(ctypes.addressof(here), 8)), 1, ctypes.byref(Part(place, 8)), 1, 0))


def traced():
    call(libc.ptrace(0x4206, parent, 0, 0))
    libc.ptrace(17, parent, 0, 0)


def in_child(attempt):
    child = os.fork()
    if child == 0:
        try:
            attempt()
            os._exit(0)
        except OSError as error:
            os._exit(error.errno)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status:
        raise OSError(status, os.strerror(status))


def new_user():
    in_child(lambda: call(libc.unshare(0x10000000)))


def slows_down():
    os.setpriority(os.PRIO_PROCESS, parent, os.getpriority(os.PRIO_PROCESS, parent))


def binds_to_a_processor():
    before = os.sched_getaffinity(parent)
    os.sched_setaffinity(parent, {min(before)})
    after = os.sched_getaffinity(parent)
    os.sched_setaffinity(parent, before)
    if after == before:
        raise PermissionError("it was told that this is done, and it is not")


def schedules_behind_others():
    os.sched_setscheduler(parent, os.sched_getscheduler(parent), os.sched_getparam(parent))


def takes_the_disk():
    getting, setting = {"x86_64": (252, 251), "aarch64": (31, 30)}[os.uname().machine]
    call(libc.syscall(setting, 1, parent, libc.syscall(getting, 1, parent)))


def number_of(on_x86, on_arm):
    return {"x86_64": on_x86, "aarch64": on_arm}[os.uname().machine]


def memory_in_a_file():
    fd = libc.memfd_create(b"canary", 0)
    call(fd)
    os.close(fd)


def memory_in_a_secret_file():
    fd = libc.syscall(447, 0)
    call(fd)
    os.close(fd)


def memory_that_is_shared():
    # Shared memory that a process has written and given back stays allocated, and counts as resident for no process.
    with mmap.mmap(-1, mmap.PAGESIZE, flags=mmap.MAP_SHARED | mmap.MAP_ANONYMOUS) as made:
        made[0] = 1


def memory_by_a_device():
    with open("/dev/zero", "rb") as zero, mmap.mmap(zero.fileno(), mmap.PAGESIZE, flags=mmap.MAP_SHARED, prot=mmap.PROT_READ) as made:
        made[0]


def memory_of_the_system():
    made = libc.shmget(0, mmap.PAGESIZE, 0o1600)
    call(made)
    libc.shmctl(made, 0, None)


def queue_of_the_system():
    made = libc.syscall(number_of(68, 186), 0, 0o1600)
    call(made)
    libc.msgctl(made, 0, None)


def named_queue():
    # It has room for no message, which the kernel refuses by itself: Landlock lets a process make a queue, and not remove it.
    no_room = (ctypes.c_long * 8)()
    name = f"slipway-{os.getpid()}".encode()
    made = libc.syscall(number_of(240, 180), name, os.O_CREAT | os.O_RDWR, 0o600, no_room)
    if made != -1 or ctypes.get_errno() != errno.EINVAL:
        call(made)


def semaphores_of_the_system():
    made = libc.semget(0, 1, 0o1600)
    call(made)
    libc.semctl(made, 0, 0)


def flushes_the_disk():
    folder = os.open(scratch, os.O_RDONLY)
    try:
        call(libc.syncfs(folder))
    finally:
        os.close(folder)


def holds_a_file():
    # The next process that opens it waits until the kernel breaks the lease, after 45 s.
    held = os.open(f"{model}/model.bin", os.O_RDONLY)
    try:
        fcntl.fcntl(held, fcntl.F_SETLEASE, fcntl.F_WRLCK)
        fcntl.fcntl(held, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    finally:
        os.close(held)


def watches_files():
    made = libc.inotify_init1(0)
    call(made)
    os.close(made)


ATTEMPTS = {
    "reads a file": lambda: open(f"{outside}/secret").read(),
    "lists a folder": lambda: os.listdir(outside),
    "reads another model": lambda: open(f"{other}/model.bin").read(),
    "writes a file": lambda: open(f"{outside}/writable", "w").write("canary"),
    "makes a file beside its model": lambda: open(f"{model}/made", "w").close(),
    "removes a file": lambda: os.remove(f"{outside}/removable"),
    "changes the mode of a file": lambda: os.chmod(f"{outside}/secret", 0o644),
    "changes the times of a file": lambda: os.utime(f"{outside}/secret"),
    "connects": lambda: socket.create_connection(("127.0.0.1", int(port))).close(),
    "sends a datagram": udp,
    "connects to a socket in a folder": lambda: unix(socket.SOCK_STREAM, f"{outside}/socket"),
    "connects to an abstract socket": lambda: unix(socket.SOCK_STREAM, f"\0slipway-{port}"),
    "sends to a socket in a folder by a pair": datagram_pair,
    "takes another port": bind,
    "turns its own socket around": turned_around,
    "connects by a first packet": first_packet,
    "signals Slipway": lambda: os.kill(parent, 0),
    "reads the environment of Slipway": lambda: open(f"/proc/{parent}/environ").read(),
    "reads the memory of Slipway": memory_of_parent,
    "reads the memory of Slipway as a file": memory_file_of_parent,
    "traces Slipway": traced,
    "asks for the limits of Slipway": lambda: resource.prlimit(parent, resource.RLIMIT_CORE),
    "slows Slipway down": slows_down,
    "binds Slipway to a processor": binds_to_a_processor,
    "schedules Slipway behind others": schedules_behind_others,
    "takes the disk from Slipway": takes_the_disk,
    "takes the watches that a user has": watches_files,
    "holds a file that others open": holds_a_file,
    "keeps memory in a file that has no name": memory_in_a_file,
    "keeps memory in a secret file": memory_in_a_secret_file,
    "keeps memory that is resident for nobody": memory_that_is_shared,
    "keeps memory by a device": memory_by_a_device,
    "keeps memory of the system": memory_of_the_system,
    "makes a queue of the system": queue_of_the_system,
    "makes a queue with a name": named_queue,
    "makes semaphores of the system": semaphores_of_the_system,
    "has a whole disk flushed": flushes_the_disk,
    "starts a program": lambda: subprocess.run(["/bin/true"], check=True),
    "starts a program of its own": program_of_its_own,
    "leaves its group": lambda: in_child(os.setsid),
    "makes a user's namespace": new_user,
    "asks the kernel by a ring": lambda: call(libc.syscall(425, 1, ctypes.create_string_buffer(120))),
}

found = {}
for name, attempt in ATTEMPTS.items():
    try:
        attempt()
        found[name] = "done"
    except Exception as error:
        found[name] = f"{type(error).__name__}: {error}"
with open(f"{scratch}/scratch", "w") as file:
    file.write("may be written")
print(json.dumps(found))
