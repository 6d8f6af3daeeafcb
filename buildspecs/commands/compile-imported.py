"""
Compiles the modules that a process will import, in the order of its imports: `python -I -S compile-imported.py PACKAGES KEPT [MODULE...] [-- MODULE...]`.
Writes each file to stdout once it is compiled, and an empty line once the process may begin: its later imports, and the modules after `--`, are compiled meanwhile, ahead of it.

Starting from these modules, it follows the import statements in their bytecode, within PACKAGES, and stores the bytecode beside its source. Nothing is imported, so no package code runs.
Modules imported in any other way are missed; files listed on stdin, one per line, are compiled too, without following their imports.
The folder KEPT has a copy by the content of its source, for every other environment with the same file.
"""

import gc
import hashlib
import marshal
import os
import sys
import time
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from contextlib import suppress
from functools import partial
from importlib.util import MAGIC_NUMBER, cache_from_source, source_hash
from opcode import opmap

MOST_AT_ONCE = 4
# Handing a worker each file by itself takes half as long as compiling it.
MOST_IN_BATCH = 32
# A process that begins once so many are compiled never waits for one: the rest of scikit-learn's 1,200 take two workers beside it as long as it takes to import them all.
ENOUGH_TO_BEGIN = 500
# https://peps.python.org/pep-0552: with an unchecked hash, so imports compare no file times.
UNCHECKED_HASH = (1).to_bytes(4, "little")
HEADER = 16
MONTH = 30 * 24 * 60 * 60
# OPTIMIZED and NEWLOCALS: the body of a function, which an import does not run.
FUNCTION = 3
# From Python 3.14 on, small integers are loaded by a separate instruction, which this code does not look for.
IMPORT_NAME, LOAD_CONST, EXTENDED_ARG = opmap["IMPORT_NAME"], opmap["LOAD_CONST"], opmap["EXTENDED_ARG"]


def main(packages, kept, roots):
    # Compiling leaves no cycles, and is a twelfth faster.
    gc.disable()
    own = os.path.join(kept, f"{sys.implementation.cache_tag}-{MAGIC_NUMBER.hex()}")
    with suppress(OSError):
        # A home may be read-only: then nothing is kept for other environments.
        os.makedirs(own, exist_ok=True)
    count = min(MOST_AT_ONCE, os.cpu_count() or 1)
    seen, left = set(), []

    def follow(names):
        found = []
        for name in with_parents(each for each in names if each not in seen):
            source = None if name in seen else file_of(packages, name)
            seen.add(name)
            if source:
                found.append((source, name if source.endswith("__init__.py") else name.rpartition(".")[0]))
        # These come before everything else that is left, in the order in which Python imports them.
        left[:0] = found

    first, last = (roots[: roots.index("--")], roots[roots.index("--") + 1 :]) if "--" in roots else (roots, [])
    follow(first)
    left[:0] = [(line.rstrip("\n"), None) for line in sys.stdin]
    so_far, may_begin = 0, False
    with ProcessPoolExecutor(count) as pool:
        for names in ((), last):
            follow(names)
            for batch in finish(partial(pool.submit, all_compiled, own), 2 * count, left, follow):
                tell(source for source, package in batch if package is not None)
                so_far += len(batch)
                # A single worker would be overtaken.
                if count > 1 and so_far >= ENOUGH_TO_BEGIN and not may_begin:
                    tell([""])
                    may_begin = True
            if not may_begin:
                tell([""])
                may_begin = True
    forget_unused(own)


def tell(lines):
    sys.stdout.write("".join(f"{each}\n" for each in lines))
    sys.stdout.flush()


def finish(submit, at_once, left, follow):
    """Compiles all files that are left, and their imports, in so many batches side by side; yields each compiled file."""
    waiting = {}
    while left or waiting:
        while left and len(waiting) < at_once:
            batch = left[: min(MOST_IN_BATCH, 1 + len(left) // at_once)]
            waiting[submit(batch)] = batch
            del left[: len(batch)]
        done, _ = wait(waiting, return_when=FIRST_COMPLETED)
        for each in done:
            follow(each.result())
            yield waiting.pop(each)


def all_compiled(kept, sources):
    return list(dict.fromkeys(name for source, package in sources for name in imports_of(compiled(source, kept), package)))


def with_parents(names):
    for name in names:
        parts = name.split(".")
        yield from (".".join(parts[: count + 1]) for count in range(len(parts)))


def file_of(packages, name):
    path = os.path.join(packages, *name.split("."))
    return next((each for each in (os.path.join(path, "__init__.py"), f"{path}.py") if os.path.isfile(each)), None)


def compiled(source, kept):
    """A file's code; stores its bytecode, if needed. A file that does not compile cannot be imported anyway."""
    target = cache_from_source(source)
    try:
        code = loaded(target)
        if code:
            return code
        with open(source, "rb") as file:
            content = file.read()
        same = os.path.join(kept, hashlib.sha256(content).hexdigest())
        os.makedirs(os.path.dirname(target), exist_ok=True)
        code = put_if_possible(same, target) and loaded(target, same)
        if code:
            return code
        code = compile(content, source, "exec", dont_inherit=True)
        write(MAGIC_NUMBER + UNCHECKED_HASH + source_hash(content) + marshal.dumps(code), target)
        put_if_possible(target, same)
        return code
    except (SyntaxError, ValueError, OSError):
        return None


def loaded(file, *same):
    """The code in a compiled file; None when there is no such file. Removes a file that a power cut has torn, under all of its names."""
    try:
        with open(file, "rb") as content:
            return marshal.loads(content.read()[HEADER:])
    except FileNotFoundError:
        return None
    except (EOFError, TypeError, ValueError):
        for each in (file, *same):
            os.remove(each)
        return None


def put(file, target):
    """Links, or copies to another disk; False when there is no such file. The name of the source that is in bytecode is replaced as it is imported."""
    try:
        os.link(file, target)
    except FileExistsError:
        pass
    except FileNotFoundError:
        return False
    except OSError:
        with open(file, "rb") as content:
            write(content.read(), target)
    return True


def put_if_possible(file, target):
    """Whether the kept copy could be used; False also where KEPT cannot be read or written, or the disk is full."""
    try:
        return put(file, target)
    except OSError:
        return False


def write(content, target):
    partial = f"{target}.{os.getpid()}"
    with open(partial, "wb") as file:
        file.write(content)
    os.replace(partial, target)


def forget_unused(kept):
    """Removes compiled files that are a month old or more and no longer in any environment."""
    for each in os.scandir(kept) if os.path.isdir(kept) else ():
        try:
            known = each.stat()
            if known.st_nlink == 1 and known.st_mtime < time.time() - MONTH:
                os.remove(each.path)
        except FileNotFoundError:
            # Another build has removed it.
            pass


def imports_of(code, package):
    """The imports of a file's code; empty for a file that was only listed."""
    return () if code is None or package is None else imports(code, package)


def imports(code, package):
    """Reads the instructions directly: `dis` takes half as long as compiling does."""
    operations, operands = code.co_code[::2], code.co_code[1::2]
    at = operations.find(IMPORT_NAME)
    while at >= 0:
        name, before = operand(operations, operands, at)
        # Constants, from the stack: how many packages to go up, and the imported names.
        names, first = operand(operations, operands, before)
        level, _ = operand(operations, operands, first)
        level = code.co_consts[level] if operations[first] == LOAD_CONST else level
        base = absolute(code.co_names[name], level, package)
        yield base
        yield from (f"{base}.{each}" for each in code.co_consts[names] or ())
        at = operations.find(IMPORT_NAME, at + 1)
    for each in code.co_consts:
        if hasattr(each, "co_consts") and each.co_flags & FUNCTION != FUNCTION:
            yield from imports(each, package)


def operand(operations, operands, at):
    """The operand of the instruction at `at`, and the place of the instruction before it."""
    value, shift, before = operands[at], 8, at - 1
    while before >= 0 and operations[before] == EXTENDED_ARG:
        value |= operands[before] << shift
        shift, before = shift + 8, before - 1
    return value, before


def absolute(name, level, package):
    if level == 0:
        return name
    parts = package.split(".")
    return ".".join([*parts[: len(parts) - level + 1], *([name] if name else [])])


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
