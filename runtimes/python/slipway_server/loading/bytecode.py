"""Checks the bytecode in files that the user's own code loads. Pickles of cloudpickle and dill may hold functions as bytecode, which runs only on the Python that compiled it."""

from __future__ import annotations

import opcode
import sys
from contextlib import contextmanager
from typing import Any, Iterator

# Places after an instruction that the interpreter fills by itself. The keys are opcodes up to Python 3.12, and names since; the table is missing before 3.11, where code of a later Python has too many arguments to be made.
_ENTRIES: Any = getattr(opcode, "_inline_cache_entries", None)
# The opcode with which every function begins, and the Pythons that use it.
_BEGINNINGS = {151: ("3.11", "3.12"), 149: ("3.13",), 128: ("3.14",)}
_OWN = "%d.%d" % sys.version_info[:2]

_is_hooked = False
_depth = 0


@contextmanager
def no_foreign_bytecode() -> Iterator[None]:
    """While the block runs, code that another Python compiled raises RuntimeError: run by this Python, it would crash or answer something else."""
    global _is_hooked, _depth
    if not _is_hooked and _ENTRIES is not None:
        sys.addaudithook(_heard)
        _is_hooked = True
    _depth += 1
    try:
        yield
    finally:
        _depth -= 1


def _heard(event: str, given: tuple[Any, ...]) -> None:
    if event != "code.__new__" or _depth == 0:
        return
    code, _, name = given[:3]
    # Modules compiled by Cython have code objects too, empty or all zeros; they are for tracebacks, and nobody runs them.
    if isinstance(code, bytes) and code.strip(b"\0") and is_foreign(code):
        raise RuntimeError(f"the function {name!r} was saved as bytecode of {_maker_of(code)}, and this is Python {_OWN}")


def is_foreign(code: bytes) -> bool:
    """Whether another Python compiled the code: it has an instruction that this one does not know, caches where this one keeps none, or no beginning."""
    place, begins = 0, False
    while place < len(code):
        name = opcode.opname[code[place]]
        caches = code[place + 2 : place + 2 + 2 * _caches_of(code[place], name)]
        if name in ("CACHE", f"<{code[place]}>") or any(caches):
            return True
        begins = begins or name == "RESUME"
        place += 2 + len(caches)
    return not begins


def _caches_of(code: int, name: str) -> int:
    return int(_ENTRIES.get(name, 0) if isinstance(_ENTRIES, dict) else _ENTRIES[code])


def _maker_of(code: bytes) -> str:
    makers = [version for version in _BEGINNINGS.get(code[0], ()) if version != _OWN]
    return f"Python {makers[0]}" if len(makers) == 1 else "another Python"
