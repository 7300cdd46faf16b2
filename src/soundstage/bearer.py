"""The API key that spans and events are sent with, read from a file that may come later."""

from collections.abc import Mapping
from pathlib import Path

MOST_CHARACTERS = 500


def read_bearer(key_file: str) -> Mapping[str, str] | None:
    """Return the headers to send with; None while a file is named and holds no key yet."""
    if not key_file:
        return {}
    try:
        key = Path(key_file).read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return None
    return {"Authorization": f"Bearer {key}"} if 0 < len(key) <= MOST_CHARACTERS else None
