"""Rules of size: what is small enough to be read at once.

Parameters are counted by ruff (PLR0913, PLR0917; limits in pyproject.toml), so that an exception
stands beside its function and says why.
"""

from collections.abc import Iterator

from tests.house.source import Source

FILE_LINES = 400
PLUG_LINES = 150
INIT_LINES = 40
FUNCTION_LINES = 60


def refuse_long_file(source: Source) -> Iterator[str]:
    if source.line_count > FILE_LINES:
        yield f"{source.line_count} lines; at most {FILE_LINES}"


def refuse_long_plug(source: Source) -> Iterator[str]:
    if source.is_plug and source.line_count > PLUG_LINES:
        yield f"a plug of {source.line_count} lines; at most {PLUG_LINES}, else make it a folder"


def refuse_long_init(source: Source) -> Iterator[str]:
    if source.stem == "__init__" and source.is_shipped and source.line_count > INIT_LINES:
        yield f"an __init__ of {source.line_count} lines; at most {INIT_LINES}"


def refuse_long_function(source: Source) -> Iterator[str]:
    for function in source.functions():
        lines = (function.end_lineno or function.lineno) - function.lineno + 1
        if lines > FUNCTION_LINES:
            yield f"{function.lineno}: {function.name} has {lines} lines; at most {FUNCTION_LINES}"
