"""Where a setting stands: a place in a file, a variable of the environment, or the default."""

from typing import Final

from pydantic import BaseModel, ConfigDict

Path = tuple[str | int, ...]
"""The keys and list positions that lead to a value: ("tenants", "platform", "sources", 0)."""


class Origin(BaseModel):
    """A place: line and column count from 1; both are 0 where there is no file."""

    model_config = ConfigDict(frozen=True)

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        """Return the place as editors and compilers write it."""
        return locate(self)


DEFAULT: Final = Origin(file="default")
CODE: Final = Origin(file="<code>")


def locate(origin: Origin) -> str:
    """Return `file:line:column`, or the file alone where no line is known."""
    return f"{origin.file}:{origin.line}:{origin.column}" if origin.line else origin.file


def spell(path: Path) -> str:
    """Return a path as a person would write it: `tenants.platform.sources[0].url`."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            text += f".{step}" if text else step
    return text
