"""Write docs/errors.md from the error tree: `.venv/bin/python scripts/write_errors.py`."""

import inspect
from collections.abc import Iterator
from pathlib import Path

from auscult.kernel.errors import AuscultError

PAGE = Path(__file__).resolve().parent.parent / "docs/errors.md"
HEAD = """\
# Errors

Every error of auscult has a code that never changes: in the API (`error.code`), in the logs and
here. The table is written from `src/auscult/kernel/errors.py` by `scripts/write_errors.py`; a test
fails where the two differ.

| code | what it says | kind of |
|---|---|---|
"""


def render_page() -> str:
    """The whole page, as it ought to stand in the file."""
    rows = sorted((one.code, _sentence(one), _parent(one)) for one in walk(AuscultError))
    return HEAD + "".join(f"| `{code}` | {text} | {parent} |\n" for code, text, parent in rows)


def walk(kind: type[AuscultError]) -> Iterator[type[AuscultError]]:
    """The class and everything below it."""
    yield kind
    for below in kind.__subclasses__():
        yield from walk(below)


def _sentence(kind: type[AuscultError]) -> str:
    return inspect.cleandoc(kind.__doc__ or "").split("\n\n")[0].replace("\n", " ")


def _parent(kind: type[AuscultError]) -> str:
    parent = kind.__mro__[1]
    return f"`{parent.code}`" if issubclass(parent, AuscultError) else ""


if __name__ == "__main__":
    PAGE.write_text(render_page())
