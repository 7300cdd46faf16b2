"""What the API answers, as its OpenAPI document says it: the shape of each answer, by its room.

A route names its shapes with `told`; `document.complete` adds what holds for all of them.
`tests/integration/server/test_openapi.py` searches for a request that is answered otherwise.
"""

from auscult.surface.api.description.document import complete
from auscult.surface.api.description.errors import (
    ALWAYS,
    BINARY,
    BODY,
    Responses,
    refusing,
    takes,
    told,
)

__all__ = ["ALWAYS", "BINARY", "BODY", "Responses", "complete", "refusing", "takes", "told"]
"""What routes take from here; shapes are imported from their own files."""
