"""
Compiles what a process will import: `python -I -S compile-imported.py PACKAGES MODULE...`. Writes the files to stdout, one per line.

Starting from these modules, it follows the import statements in their bytecode, within PACKAGES, and stores the bytecode beside its source. Nothing is imported, so no package code runs.
Modules imported in any other way are missed, and compiled once they are seen to be imported.
"""

import dis
import marshal
import os
import sys
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from importlib.util import MAGIC_NUMBER, cache_from_source, source_hash

MOST_AT_ONCE = 4
# https://peps.python.org/pep-0552: with an unchecked hash, so imports compare no file times.
UNCHECKED_HASH = (1).to_bytes(4, "little")
HEADER = 16
# OPTIMIZED and NEWLOCALS: the body of a function, which an import does not run.
FUNCTION = 3


def main(packages, roots):
    found, seen = [], set()
    with ProcessPoolExecutor(min(MOST_AT_ONCE, os.cpu_count() or 1)) as pool:
        waiting = set()

        def follow(names):
            for name in with_parents(names):
                source = None if name in seen else file_of(packages, name)
                seen.add(name)
                if source:
                    found.append(source)
                    package = name if source.endswith("__init__.py") else name.rpartition(".")[0]
                    waiting.add(pool.submit(compiled, source, package))

        follow(roots)
        while waiting:
            done, _ = wait(waiting, return_when=FIRST_COMPLETED)
            waiting -= done
            for each in done:
                follow(each.result())
    sys.stdout.write("\n".join(found))


def with_parents(names):
    for name in names:
        parts = name.split(".")
        yield from (".".join(parts[: count + 1]) for count in range(len(parts)))


def file_of(packages, name):
    path = os.path.join(packages, *name.split("."))
    return next((each for each in (os.path.join(path, "__init__.py"), f"{path}.py") if os.path.isfile(each)), None)


def compiled(source, package):
    """Compiles a file, if needed, and returns what it imports. A file that does not compile cannot be imported anyway."""
    target = cache_from_source(source)
    try:
        with open(target, "rb") as file:
            return imports_of(marshal.loads(file.read()[HEADER:]), package)
    except FileNotFoundError:
        pass
    with open(source, "rb") as file:
        content = file.read()
    try:
        code = compile(content, source, "exec", dont_inherit=True)
    except (SyntaxError, ValueError):
        return []
    os.makedirs(os.path.dirname(target), exist_ok=True)
    partial = f"{target}.{os.getpid()}"
    with open(partial, "wb") as file:
        file.write(MAGIC_NUMBER + UNCHECKED_HASH + source_hash(content) + marshal.dumps(code))
    os.replace(partial, target)
    return imports_of(code, package)


def imports_of(code, package):
    return sorted(set(imports(code, package)))


def imports(code, package):
    constants = []
    for each in dis.get_instructions(code):
        if each.opname in ("LOAD_CONST", "LOAD_SMALL_INT"):
            constants.append(each.argval)
        elif each.opname == "IMPORT_NAME":
            # From the stack: how many packages to go up, and the imported names.
            level, names = constants[-2], constants[-1] or ()
            base = absolute(each.argval, level, package)
            yield base
            yield from (f"{base}.{name}" for name in names)
    for each in code.co_consts:
        if hasattr(each, "co_consts") and each.co_flags & FUNCTION != FUNCTION:
            yield from imports(each, package)


def absolute(name, level, package):
    if level == 0:
        return name
    parts = package.split(".")
    return ".".join([*parts[: len(parts) - level + 1], *([name] if name else [])])


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
