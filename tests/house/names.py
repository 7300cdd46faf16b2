"""Rules of names and words: files, classes, docstrings, units and remarks."""

import ast
import re
from collections.abc import Iterator

from tests.house.source import Source

SAYS_NOTHING = {
    *("util", "utils", "helper", "helpers", "common", "core", "manager", "managers"),
    *("service", "services", "base", "bases", "misc", "impl", "stuff", "tools"),
}
UNITS = {"ms", "us", "ns", "hz", "khz", "bytes", "dbtp", "lufs"}
CAMEL = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z0-9]+|[A-Z]+")
SENTENCE = re.compile(r"""(?:["'`(]?[A-Z0-9`]|[a-z]+_).*[.?!:)]$""", re.DOTALL)
REMARK = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")  # house: the words themselves


def refuse_empty_file_name(source: Source) -> Iterator[str]:
    for part in source.path.removesuffix(".py").split("/"):
        for word in set(part.lower().split("_")) & SAYS_NOTHING:
            yield f"the name {part!r} says nothing: {word!r}"


def refuse_empty_class_name(source: Source) -> Iterator[str]:
    for node in source.classes():
        for word in {word.lower() for word in CAMEL.findall(node.name)} & SAYS_NOTHING:
            yield f"{node.lineno}: the class name {node.name} says nothing: {word!r}"


def refuse_unit_in_front(source: Source) -> Iterator[str]:
    if not source.is_shipped:
        return
    for node in source.find(ast.arg, ast.AnnAssign):
        name = node.arg if isinstance(node, ast.arg) else ast.unparse(node.target)
        if name.split("_")[0] in UNITS and "_" in name:
            yield f"{node.lineno}: {name}: the unit stands last"


def refuse_unsaid_module(source: Source) -> Iterator[str]:
    if not source.is_shipped and not source.path.startswith("scripts/"):
        return
    docstring = ast.get_docstring(source.tree) or ""
    first = docstring.split("\n\n")[0]
    if not SENTENCE.match(first):
        yield f"the module's docstring opens with no full sentence: {first!r}"


def refuse_remark(source: Source) -> Iterator[str]:
    for number, line in enumerate(source.text.splitlines(), start=1):
        if (found := REMARK.search(line)) and "house:" not in line:
            yield f"{number}: a {found[0]} is an issue, not a comment"


def refuse_code_in_init(source: Source) -> Iterator[str]:
    """An `__init__` re-exports; the one function it may have is the lazy `__getattr__`."""
    if source.stem != "__init__" or not source.is_shipped:
        return
    for node in source.tree.body:
        lazy = isinstance(node, ast.FunctionDef) and node.name in {"__getattr__", "__dir__"}
        text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        plain = isinstance(node, ast.Import | ast.ImportFrom | ast.Assign | ast.AnnAssign)
        if not (lazy or text or plain or _is_type_checking(node)):
            yield f"{node.lineno}: an __init__ re-exports and does nothing else"


def _is_type_checking(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")
