"""A function of a notebook as a `predict.py`: its source, and all that the source needs."""

from __future__ import annotations

import ast
import builtins
import inspect
import io
import pickle
import pickletools
import shutil
import symtable
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

from . import packages
from .failure import Failure


def save_function(
    function: Callable[..., Any], folder: Path, requirements: list[str] | None
) -> None:
    """Writes `predict.py` and its files to the folder.

    The functions and classes of the notebook that it uses come along as source, constants as
    literals, other values as pickles, the user's own modules as files, and installed packages as
    `requirements.txt`, at the versions that are installed here. `requirements` replaces those.
    Fails with `InputInvalid` for what has no source, such as a lambda.
    """
    written = _Written(folder)
    written.define(function.__name__, function)
    if function.__name__ != "predict":
        written.sources.append(f"predict = {function.__name__}")
    (folder / "predict.py").write_text(written.text(), encoding="utf-8")
    needed = packages.pinned(written.modules) if requirements is None else requirements
    (folder / "requirements.txt").write_text("".join(f"{line}\n" for line in needed))
    # The Python that the code was written on; another one that has the packages is taken if need be.
    (folder / "runtime.txt").write_text(f"python-{sys.version_info[0]}.{sys.version_info[1]}\n")


class _Written:
    """The parts of a `predict.py`, collected from what a function refers to."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.modules: set[str] = set()
        self.imports: list[str] = []
        self.values: list[str] = []
        self.sources: list[str] = []
        self.known: dict[str, Any] = {}

    def text(self) -> str:
        parts = [
            "\n".join(sorted(set(self.imports))),
            "\n".join(self.values),
            *self.sources,
        ]
        return "\n\n\n".join(part for part in parts if part) + "\n"

    def define(self, name: str, value: Any) -> None:
        """Sees to it that `name` means `value` in the file."""
        if name in self.known:
            if self.known[name] is value:
                return
            raise Failure(
                "InputInvalid",
                f"two values that the function uses have the name {name}",
                "Give one of them another name.",
            )
        self.known[name] = value
        if isinstance(value, ModuleType):
            self._import(value.__name__)
            self.imports.append(_import_line(value.__name__, name))
        elif _is_of_notebook(value):
            self._source(name, value)
        elif isinstance(value, (type, FunctionType)) or _is_builtin(value):
            self._import(value.__module__)
            self.imports.append(f"from {value.__module__} import {value.__qualname__} as {name}")
        else:
            self._value(name, value)

    def _source(self, name: str, value: Any) -> None:
        source = _source_of(value)
        try:
            tree = ast.parse(source)
        except SyntaxError as error:
            raise Failure(
                "InputInvalid",
                f"the source of {name} is not a definition: {source.splitlines()[0]}",
                "If its file was changed since, run it again; define a function in lines of its own.",
            ) from error
        if value.__name__ != name:
            source += f"\n\n{name} = {value.__name__}"
        for used, meaning in _uses(source, value):
            if used != value.__name__:
                self.define(used, meaning)
        for module in _imported_within(tree):
            self._import(module)
        self.sources.append(source)

    def _value(self, name: str, value: Any) -> None:
        if _is_literal(value):
            self.values.append(f"{name} = {value!r}")
            return
        if any(base.__module__.startswith("torch.nn") for base in type(value).__mro__):
            raise Failure(
                "InputInvalid",
                f"the function uses {name}, a torch module, whose code a pickle does not hold",
                "Deploy the module itself, or a folder with its code and weights and a predict.py.",
            )
        try:
            dumped = pickle.dumps(value, protocol=4)
        except Exception as error:
            raise Failure(
                "InputInvalid",
                f"the function uses {name}, which cannot be pickled: {error}",
                "Make it within the function, or pass it in the request.",
            ) from error
        of_notebook = {module for module in _modules_of(dumped) if module == "__main__"}
        if of_notebook:
            raise Failure(
                "InputInvalid",
                f"the function uses {name}, an object of a class that the notebook defines",
                "Put the class in a module of its own and import it.",
            )
        for module in _modules_of(dumped):
            self._import(module)
        (self.folder / f"{name}.pkl").write_bytes(dumped)
        self.imports.append("import pickle")
        self.values.append(
            f'with open("{name}.pkl", "rb") as _file:\n    {name} = pickle.load(_file)'
        )

    def _import(self, module: str) -> None:
        """Notes what has to be there for `import module`: a package, or the user's own files."""
        root = module.split(".", 1)[0]
        if root in self.modules or packages.is_standard(root):
            return
        self.modules.add(root)
        if packages.is_installed(root):
            return
        found = sys.modules.get(root) or __import__(root)
        self._copy(found)

    def _copy(self, module: ModuleType) -> None:
        file = getattr(module, "__file__", None)
        if file is None or not file.endswith(".py"):
            raise Failure(
                "InputInvalid",
                f"the function imports {module.__name__}, which is neither a package nor a file",
                "Install it as a package, or put it in a file of Python.",
            )
        path = Path(file)
        if path.name == "__init__.py":
            leave = shutil.ignore_patterns("__pycache__", ".*")
            shutil.copytree(path.parent, self.folder / path.parent.name, ignore=leave)
            sources = sorted(path.parent.rglob("*.py"))
        else:
            shutil.copy(path, self.folder / path.name)
            sources = [path]
        for source in sources:
            for imported in _imported_within(ast.parse(source.read_text(encoding="utf-8"))):
                self._import(imported)


def _import_line(module: str, name: str) -> str:
    return f"import {module}" if module == name else f"import {module} as {name}"


def _is_of_notebook(value: Any) -> bool:
    return isinstance(value, (type, FunctionType)) and (
        value.__module__ == "__main__" or "<locals>" in value.__qualname__
    )


def _is_builtin(value: Any) -> bool:
    return inspect.isbuiltin(value) and isinstance(value.__module__, str)


def _source_of(value: Any) -> str:
    name = getattr(value, "__name__", repr(value))
    if name == "<lambda>":
        raise Failure(
            "InputInvalid", "a lambda cannot be deployed", "Define it by `def`, with a name."
        )
    try:
        return textwrap.dedent(inspect.getsource(value)).rstrip()
    except (OSError, TypeError) as error:
        raise Failure(
            "InputInvalid",
            f"Python has no source of {name}: {error}",
            "Define it in a cell of the notebook or in a file.",
        ) from error


def _uses(source: str, value: Any) -> list[tuple[str, Any]]:
    """The names that the source reads from outside, with what they mean there."""
    meanings: dict[str, Any] = dict(vars(sys.modules.get(value.__module__, builtins)))
    functions = [value] if isinstance(value, FunctionType) else _methods(value)
    for function in functions:
        meanings.update(function.__globals__)
        meanings.update(inspect.getclosurevars(function).nonlocals)
    outside = _outside(symtable.symtable(source, "predict.py", "exec"))
    return [(name, meanings[name]) for name in dict.fromkeys(outside) if name in meanings]


def _outside(table: symtable.SymbolTable) -> list[str]:
    """The names that the scopes of a module read and the module does not define."""
    names = [
        symbol.get_name()
        for symbol in table.get_symbols()
        if symbol.is_referenced()
        and (symbol.is_global() or table.get_type() == "module")
        and not (table.get_type() == "module" and symbol.is_assigned())
    ]
    for child in table.get_children():
        names += _outside(child)
    return names


def _methods(value: type) -> list[FunctionType]:
    return [each for each in vars(value).values() if isinstance(each, FunctionType)]


def _imported_within(tree: ast.AST) -> list[str]:
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [each.name for each in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            found.append(node.module)
    return found


def _is_literal(value: Any) -> bool:
    try:
        return bool(ast.literal_eval(repr(value)) == value)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return False


def _modules_of(dumped: bytes) -> set[str]:
    """The modules whose names a pickle looks up."""
    found = set()
    texts: list[str] = []
    memo: dict[int, str] = {}
    for opcode, argument, _ in pickletools.genops(io.BytesIO(dumped)):
        if opcode.name in {"SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8"}:
            texts.append(str(argument))
        elif opcode.name == "MEMOIZE":
            memo[len(memo)] = texts[-1] if texts else ""
        elif opcode.name in {"BINGET", "LONG_BINGET"} and argument in memo:
            texts.append(memo[int(str(argument))])
        elif opcode.name == "STACK_GLOBAL":
            found.add(texts[-2])
        elif opcode.name == "GLOBAL":
            found.add(str(argument).split(" ", 1)[0])
    return found
