"""Notices effects that no model of data has: programs, sockets, files, code, modules from elsewhere, and changed classes."""

import encodings
import importlib
import json
import os
import pkgutil
import sys

# https://docs.python.org/3/library/audit_events.html
_NEVER = (
    *("os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "os.forkpty", "pty.spawn", "subprocess.Popen"),
    *("os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.link", "os.symlink", "os.truncate", "os.chmod", "os.chown"),
    *("os.utime", "os.kill", "os.killpg", "os.putenv", "os.unsetenv", "os.chdir", "os.listdir", "os.scandir", "os.walk"),
    *("socket.__new__", "socket.connect", "socket.bind", "socket.sendto", "socket.getaddrinfo", "socket.gethostbyname"),
    *("ctypes.dlopen", "ctypes.dlsym", "ctypes.string_at", "code.__new__", "builtins.input", "builtins.breakpoint"),
    *("urllib.Request", "http.client.connect", "ftplib.connect", "smtplib.connect", "webbrowser.open", "tempfile.mkstemp"),
    *("tempfile.mkdtemp", "shutil.copyfile", "shutil.move", "shutil.rmtree", "signal.pthread_kill", "sys.settrace"),
    *("sys.setprofile", "gc.get_objects", "resource.setrlimit", "mmap.__new__", "sqlite3.connect", "fcntl.fcntl", "glob.glob"),
)
_OF_MODULES = ("exec", "compile", "marshal.loads", "marshal.load", "open", *_NEVER)
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
# Attributes that Python itself adds to a class or a module as it is used.
_OWN = ("__warningregistry__", "__abstractmethods__", "_abc_impl", "__annotations__", "__doc__", "__path__", "__conditional_annotations__")

names = []
_canaries = []
_state = {"watches": False}
_modules = set()
_roots = set()


def prepare(server):
    """Imports the modules that models name, so that nothing of them has to be imported later, and watches from now on."""
    with open(os.path.join(server, "slipway_server", "loading", "pickle-globals.json")) as file:
        lists = json.load(file)
    for kind in ("call", "new", "value", "fill", "tuple"):
        _modules.update(lists[kind])
    for name in sorted(_modules):
        try:
            importlib.import_module(name)
        except Exception:
            pass
    for each in pkgutil.iter_modules(encodings.__path__):
        if each.name not in ("mbcs", "oem"):
            importlib.import_module(f"encodings.{each.name}")
    _roots.update(name.split(".")[0] for name in (*_modules, "sklearn", "numpy", "scipy", "joblib", "pandas", "skops", "__builtin__", "copy_reg"))
    sys.addaudithook(_heard)


def begin():
    names.clear()
    _canaries.clear()
    _state["watches"] = True


def end():
    _state["watches"] = False
    return list(_canaries)


def _heard(event, args):
    if not _state["watches"]:
        return
    if event == "pickle.find_class":
        names.append([args[0], args[1]])
    elif event == "import":
        if args[0].split(".")[0] not in _roots and not _is_importing(2):
            _canaries.append(f"import {args[0]}")
    elif event in _OF_MODULES and not _is_harmless(event, args):
        _canaries.append(f"{event} {args!r}"[:160])


def _is_harmless(event, args):
    if event == "open":
        flags = args[2] if len(args) > 2 and isinstance(args[2], int) else 0
        if not flags & _WRITES and _is_of_environment(args[0]):
            return True
    if event == "exec" and _is_of_environment(getattr(args[0], "co_filename", "")):
        return True
    # A framework asks its own library for its functions, once it needs them.
    if event == "ctypes.dlsym" and _is_of_environment(getattr(args[0], "_name", "")):
        return True
    # numpy reads the head of an array by Python's parser, which runs nothing.
    if event == "compile" and _is_within("numpy/lib/_format_impl.py"):
        return True
    return event not in _NEVER[:8] and _is_importing(3)


def _is_of_environment(path):
    return isinstance(path, str) and path.startswith((sys.prefix, sys.base_prefix)) and ".." not in path


def _is_within(file):
    frame = sys._getframe(3)
    while frame:
        if frame.f_code.co_filename.endswith(file):
            return True
        frame = frame.f_back
    return False


def _is_importing(depth):
    frame = sys._getframe(depth)
    while frame:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False


def fingerprint():
    """The contents of the modules that models name, and of their classes, by identity."""
    found = {}
    for name in (*_modules, "builtins", "os", "sys", "pickle", "copyreg", "io", "zipfile", "tarfile", "yaml"):
        module = sys.modules.get(name)
        if module is None:
            continue
        own = vars(module)
        found[name] = {key: id(value) for key, value in list(own.items()) if key not in _OWN}
        for key, value in list(own.items()):
            if isinstance(value, type):
                inside = {inner: id(each) for inner, each in list(vars(value).items()) if inner not in _OWN}
                found[f"{value.__module__}.{value.__qualname__}"] = inside
    return found


def changes(before, after):
    changed = []
    for name, own in before.items():
        now = after.get(name, {})
        if own == now:
            continue
        keys = [key for key in {*own, *now} if own.get(key) != now.get(key) and not _is_module(name, key)]
        changed.extend(f"{name}.{key} is another" for key in keys)
    return changed


def _is_module(name, key):
    # A module within a package becomes an attribute of it once it is imported.
    return f"{name}.{key}" in sys.modules
