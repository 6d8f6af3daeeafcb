"""
Prevents these actions of a data-only model while it loads, whatever its file contains: to name a disallowed global in a pickle, run a program or
code that belongs to no module, import from the artifact (except Python modules beside a pickle for which the manifest allows a name),
connect, or open a file for writing outside the scratch folder.
Python audits each of these before it happens (https://docs.python.org/3/library/audit_events.html), and the process ends there.
"""

from __future__ import annotations

import os
import sys
import sysconfig
import tempfile
import threading
from contextlib import contextmanager
from types import CodeType, FrameType
from typing import Any, Callable, Iterator, NoReturn

from .allowlist import Allowlist

STATUS = 70

_PROGRAMS = (
    "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "os.forkpty", "os.startfile",
    "pty.spawn", "webbrowser.open", "os.kill", "os.killpg", "signal.pthread_kill",
    "cpython.run_command", "cpython.run_file", "cpython.run_stdin",
    "builtins.breakpoint", "code.interact", "sys.settrace", "sys.setprofile",
)  # fmt: skip
# numpy below 2 and Keras query the processor when they are imported, and joblib counts its cores.
_QUERIES = (["lscpu"], ["lscpu", "--parse=core"], ["uname", "-p"])
_NETWORK = ("socket.", "urllib.", "http.client.", "ftplib.", "smtplib.", "poplib.", "imaplib.", "nntplib.", "telnetlib.", "ssl.")
_HARMLESS_NETWORK = ("socket.__new__", "socket.gethostname")
_CHANGES = (
    "os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.link", "os.symlink", "os.chmod", "os.chown", "os.truncate",
    "os.utime", "os.setxattr", "os.removexattr", "shutil.", "os.chflags", "os.lockf", "sqlite3.connect", "dbm.",
)  # fmt: skip
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
# Modules that execute code at any time, from their own text: named tuples, data classes, the syntax tree of a literal, and annotations that are texts.
_IMPORTS = "<frozen importlib._bootstrap>"
_WRITERS = (os.path.join(os.sep + "collections", "__init__.py"), os.sep + "dataclasses.py", os.sep + "ast.py", os.sep + "typing.py")


class _Wall:
    def __init__(self) -> None:
        self.allowlist: Allowlist | None = None
        self.model = ""
        # Ends with a separator; empty when no module of the artifact may be imported.
        self.own_modules = ""
        # Further modules that generate code while they load a model.
        self.writers: tuple[str, ...] = ()
        self.depth = 0
        # The server's own threads, which serve meanwhile.
        self.others: frozenset[int] = frozenset()


_wall = _Wall()
_is_hooked = False


def end(what: str) -> NoReturn:
    """Ends the process at once: the code being loaded could catch an exception."""
    try:
        sys.stderr.write(f"while it was loaded, the model {what}; a model of data does not, so its process was ended\n")
        sys.stderr.flush()
    finally:
        os._exit(STATUS)


@contextmanager
def around(model: str, allowlist: Allowlist, writers: tuple[str, ...] = ()) -> Iterator[None]:
    """
    Sets up the wall for as long as the block runs, for its thread and all threads that it starts; `model` is the path being loaded.
    `writers` are packages of the environment, by parts of their paths, that generate code from data that inspection has read.
    """
    global _is_hooked
    _places()
    # Otherwise importing an uncompiled module would write its bytecode.
    sys.dont_write_bytecode = True
    if not _is_hooked:
        sys.addaudithook(_heard)
        _is_hooked = True
    own = threading.get_ident()
    _wall.others = frozenset(each for each in sys._current_frames() if each != own)
    _wall.allowlist, _wall.model, _wall.writers = allowlist, os.path.realpath(model), writers
    _wall.own_modules = own_modules(model, allowlist)
    _wall.depth += 1
    try:
        yield
    finally:
        _wall.depth -= 1


def own_modules(model: str, allowlist: Allowlist) -> str:
    """The folder of a model's file, or the code folder of an MLflow model, if the manifest allows a name from a module there; else empty. It is the last place searched for modules."""
    path = os.path.realpath(model)
    folder = os.path.join(path, "code") if os.path.isdir(path) else os.path.dirname(path)
    files = [os.path.join(folder, each) for root in allowlist.own_roots() for each in (f"{root}.py", os.path.join(root, "__init__.py"))]
    if not any(map(os.path.isfile, files)):
        return ""
    if folder not in sys.path:
        sys.path.append(folder)
    return os.path.join(folder, "")


def _heard(event: str, given: tuple[Any, ...]) -> None:
    if _wall.depth == 0 or threading.get_ident() in _wall.others:
        return
    check = _CHECKS.get(event)
    if check is not None:
        check(event, given)
    elif event in _PROGRAMS or event.startswith(_CHANGES) or (event.startswith(_NETWORK) and event not in _HARMLESS_NETWORK):
        _refuse_change(event, given)


def _refuse_change(event: str, given: tuple[Any, ...]) -> None:
    if event.startswith(_CHANGES) and given and isinstance(given[0], (str, bytes)) and _is_scratch(given[0]):
        return
    end(f"tried {event}{_shown(given)}")


def _check_program(event: str, given: tuple[Any, ...]) -> None:
    program, arguments = given[:2]
    if arguments not in _QUERIES or program != arguments[0]:
        end(f"tried {event}{_shown(given)}")


def _check_name(event: str, given: tuple[Any, ...]) -> None:
    module, name = given[:2]
    if _wall.allowlist is not None and not _wall.allowlist.has(module, name):
        end(f"named {module}.{name}, which is not among what models of known frameworks do")


def _check_open(event: str, given: tuple[Any, ...]) -> None:
    path, mode, flags = given
    if not isinstance(path, (str, bytes, os.PathLike)):
        return
    writes = any(letter in mode for letter in "wax+") if isinstance(mode, str) else bool((flags or 0) & _WRITES)
    if writes and not _is_scratch(path) and os.fsdecode(path) != os.devnull:
        end(f"tried to write the file {os.fsdecode(path)!r}")


def _check_exec(event: str, given: tuple[Any, ...]) -> None:
    code = given[0]
    name = code.co_filename if isinstance(code, CodeType) else ""
    # A module of the environment, run by the import system.
    if _is_of_environment(name) or _is_own_module(name):
        return
    if name.startswith("<") and _is_of_a_module():
        return
    end(f"tried to run code of its own: {_shown(given)}")


def _check_code(event: str, given: tuple[Any, ...]) -> None:
    if not _is_of_a_module():
        end(f"tried to make code of its own: {event}{_shown(given)}")


def _check_library(event: str, given: tuple[Any, ...]) -> None:
    name = given[0]
    if isinstance(name, (str, bytes)) and os.sep in os.fsdecode(name) and not _is_of_environment(os.fsdecode(name)):
        end(f"tried to load the library {os.fsdecode(name)!r}")


def _check_import(event: str, given: tuple[Any, ...]) -> None:
    file = given[1] if len(given) > 1 else None
    if isinstance(file, (str, bytes)) and not (_is_of_environment(os.fsdecode(file)) or _is_own_module(os.fsdecode(file))):
        end(f"tried to import {os.fsdecode(file)!r}")


def _is_of_a_module() -> bool:
    """
    Whether a module compiles it: during its import, if it belongs to the environment or the manifest allows it, or at any time, for one of the writers.
    A call made by an unpickler is neither.
    """
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename == __file__:
        frame = frame.f_back
    file = frame.f_code.co_filename
    if file.startswith(_modules) and (file.endswith(_WRITERS) or any(part in file for part in _wall.writers)):
        return True
    inner: FrameType | None = frame
    while inner is not None and inner.f_code.co_filename != __file__:
        if inner.f_code.co_filename == _IMPORTS:
            return True
        inner = inner.f_back
    return False


_modules: tuple[str, ...] = ()
_scratch: tuple[str, ...] = ()


def _places() -> None:
    """The folders of modules and of scratch files, found before the wall stands, since finding them opens files."""
    global _modules, _scratch
    paths = sysconfig.get_paths()
    folders = {paths[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    folders |= {sys.prefix, sys.base_prefix, os.path.abspath(os.path.join(__file__, "..", "..", ".."))}
    _modules = tuple(sorted({_folder(each) for each in folders} | {os.path.join(each, "") for each in folders}))
    _scratch = (_folder(tempfile.gettempdir()),)


def _folder(path: str) -> str:
    return os.path.join(os.path.realpath(path), "")


def _is_of_environment(path: str) -> bool:
    if path.startswith("<frozen "):
        return True
    real = os.path.realpath(path)
    return (path.startswith(_modules) or real.startswith(_modules)) and not _is_of_model(real)


def _is_own_module(path: str) -> bool:
    """Whether the path is one of the artifact's own Python modules; a shared library in the artifact is never loaded."""
    return bool(_wall.own_modules) and path.endswith(".py") and os.path.realpath(path).startswith(_wall.own_modules)


def _is_of_model(real: str) -> bool:
    return real == _wall.model or real.startswith(os.path.join(_wall.model, ""))


def _is_scratch(path: Any) -> bool:
    real = os.path.realpath(os.fsdecode(path))
    return real.startswith(_scratch) and not _is_of_model(real)


def _shown(given: tuple[Any, ...]) -> str:
    return repr(given)[:200]


_CHECKS: dict[str, Callable[[str, tuple[Any, ...]], None]] = {
    "pickle.find_class": _check_name,
    "subprocess.Popen": _check_program,
    "open": _check_open,
    "exec": _check_exec,
    "compile": _check_code,
    "code.__new__": _check_code,
    "function.__new__": _check_code,
    "ctypes.dlopen": _check_library,
    "import": _check_import,
}
