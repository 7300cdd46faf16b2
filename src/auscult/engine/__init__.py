"""The impure loop: facts are decided on, committed, and become effects; columns become findings."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from auscult.engine.engine import Engine

__all__ = ["Engine"]


def __getattr__(name: str) -> Any:  # noqa: ANN401  # what PEP 562 says
    """Load the engine, and all it stands on, only when it is used."""
    if name != "Engine":
        raise AttributeError(name)
    from auscult.engine.engine import Engine

    return Engine
