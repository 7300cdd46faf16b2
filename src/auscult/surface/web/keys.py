"""The keys of the page, in one table: help shows it, script binds it, docs/page.md repeats it."""

from typing import NamedTuple


class Key(NamedTuple):
    """One key: what is pressed, what script does on it (empty: the browser itself), in words."""

    pressed: str
    does: str
    what: str


KEYS = (
    Key("j", "next", "to the next incident or series of the list"),
    Key("k", "previous", "to the one before"),
    Key("Enter", "", "open it"),
    Key("u", "back", "back to the list"),
    Key("a", "acknowledge", "acknowledge the incident that is open, or chosen in the list"),
    Key("/", "search", "search"),
    Key(".", "take", "show what is new in the list"),
    Key("?", "help", "show these keys, where they can be switched off too"),
)
