"""What comes of a configuration, and one integration of it that is asked field by field."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Tree = dict[str, Any]

SILENT = frozenset({"send_resolved", "http_config"})
"""Fields that are dealt with apart."""
SECRET_PART_CHARS = 9
"""A part of a URL that is as long may be a secret, as in what is blotted out of errors."""
_URL = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<host>[^/?#]*)(?P<path>[^?#]*)(?P<query>(?s:.*))"
)
TEXT_OF_TRUTH = frozenset({"true", "yes", "on", "y"})


@dataclass(slots=True)
class Translated:
    """Channels, routes, the section `alerts`, which secrets must be set, and what was lost.

    `values` are the secrets by the variables that name them, as far as the file itself says them:
    with them what was made can be tried. They are printed nowhere.
    """

    channels: Tree = field(default_factory=dict)
    alerts: Tree = field(default_factory=dict)
    routes: list[Tree] = field(default_factory=list)
    secrets: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    values: dict[str, str] = field(default_factory=dict, repr=False)


def is_true(given: object) -> bool:
    """Say whether a text of YAML is one of its words for true."""
    return str(given).lower() in TEXT_OF_TRUTH


def has_secret(url: str) -> bool:
    """Say whether an address may tell a secret: a person in it, a query, a long part of a path."""
    parts = split_url(url)
    return (
        "@" in parts["host"]
        or bool(parts["query"])
        or any(len(piece) >= SECRET_PART_CHARS for piece in parts["path"].split("/"))
    )


def split_url(url: str) -> Mapping[str, str]:
    """Return `scheme`, `host` (with a port, and a person where one stands there), `path`, `query`.

    All of what is no URL is its path. (The standard library's own way imports the network.)
    """
    found = _URL.fullmatch(url)
    return found.groupdict("") if found else {"scheme": "", "host": "", "path": url, "query": ""}


@dataclass(slots=True)
class Ask:
    """One integration of a receiver: asked field by field, so that the rest is known to be lost.

    `given` is the section `global`; `able` are the settings of the channel that it becomes.
    """

    place: str
    channel: str
    entry: Tree
    given: Mapping[str, Any]
    made: Translated
    able: frozenset[str] = frozenset()
    asked: set[str] = field(default_factory=set)
    asked_http: set[str] = field(default_factory=set)

    def take(self, name: str, otherwise: str = "") -> Any:  # noqa: ANN401  # raw settings
        """Return a field, or what stands for all in `global`."""
        self.asked.add(name)
        found = self.entry.get(name)
        return self.given.get(otherwise) if found is None and otherwise else found

    def text(self, name: str, otherwise: str = "") -> str:
        """Return a field as a text, empty where nobody says it."""
        found = self.take(name, otherwise)
        return found.strip() if isinstance(found, str) else ""

    def secret(self, name: str, otherwise: str = "", *, example: str = "x" * 32) -> str:
        """Return a reference to the environment for a secret field, and note its name.

        `example` is what may stand there, for a secret that lies in a file of its own.
        """
        value = self.text(name, otherwise)
        self.take(f"{name}_file", f"{otherwise}_file" if otherwise else "")
        return self.keep(name, value or example)

    def keep(self, name: str, value: str, *, remark: str = "") -> str:
        """Return a reference to the environment for a value, and note its name and a remark."""
        stem = re.sub(r"[^A-Z0-9]+", "_", f"{self.channel}_{name}".upper()).strip("_")
        stem = stem if stem[:1].isalpha() else f"SECRET_{stem}"
        names = (stem, *(f"{stem}_{number}" for number in range(2, 1_000)))
        variable = next(one for one in names if one not in self.made.values)
        self.made.values[variable] = value
        said = f"{variable}: {self.place}.{name}"
        self.made.secrets.append(f"{said} ({remark})" if remark else said)
        return f"env:{variable}"

    def say(self, name: str, remark: str) -> None:
        """Note what must be known of a field."""
        self.made.lost.append(f"{self.place}.{name}: {remark}")

    def http(self) -> Tree:
        """Return how it is to be asked by HTTP: its own word, or that for all."""
        found = self.entry.get("http_config")
        found = self.given.get("http_config") if found is None else found
        return found if isinstance(found, dict) else {}

    def say_lost(self) -> None:
        """Name the fields that nobody asked for, and those of `http_config`."""
        for name in sorted(self.entry.keys() - self.asked - SILENT):
            self.say(name, "not taken over")
        own = self.entry.get("http_config")
        if own is not None:
            left = own.keys() - self.asked_http if isinstance(own, dict) else ()
            for name in sorted(left):
                self.say(f"http_config.{name}", "not taken over")
