"""A request that came back from a receiver, as a plain word, and the people in it."""

import json
from typing import Any, TypeGuard

from auscult.kernel.errors import BodyMalformed
from auscult.kernel.words import TenantId, Word
from auscult.notification.messages.plain import cut, plain

PERSON_CHARS_MAX = 100
INCIDENT_CHARS_MAX = 100


class Received(Word):
    """A request: `headers` by lower-case name, `body` as it came, `at_ms` when it came.

    `tenant` is the one in whose settings the channel stands.
    """

    tenant: TenantId
    method: str = "POST"
    headers: dict[str, str] = {}
    query: dict[str, str] = {}
    body: bytes = b""
    at_ms: int

    def header(self, name: str) -> str:
        """Return a header's value, empty where there is none."""
        return self.headers.get(name, "")


def read_object(text: str | bytes) -> dict[str, Any]:
    """Return a JSON object; raises `BodyMalformed` for anything else."""
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        raise BodyMalformed("this is not JSON") from None
    if not isinstance(said, dict):
        raise BodyMalformed("this is not a JSON object")
    return said


def read_in(said: Any, *path: str) -> Any:  # noqa: ANN401  # whatever JSON can hold
    """Return what stands at a path of nested objects; None where the path breaks off."""
    for step in path:
        said = said.get(step) if isinstance(said, dict) else None
    return said


def is_incident(said: Any) -> TypeGuard[str]:  # noqa: ANN401  # whatever JSON can hold
    """Say whether this can be the id of an incident of ours."""
    is_text = isinstance(said, str) and 0 < len(said) <= INCIDENT_CHARS_MAX
    return is_text and said.isascii() and said.isalnum()


def person(*names: Any) -> str:  # noqa: ANN401  # whatever JSON can hold
    """Return the first of these that is a name, on one line; `somebody` where none is."""
    for name in names:
        if isinstance(name, str) and plain(name):
            return cut(plain(name), PERSON_CHARS_MAX)
    return "somebody"


def said_by(name: str, where: str) -> str:
    """Return who asked for something, and where: nobody else is called so by another way."""
    return f"{name} ({where})"
