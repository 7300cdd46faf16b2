"""The five variables of the environment that override the file, by their exact names."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from auscult.kernel.errors import SettingError
from auscult.runtime.settings.document import Node
from auscult.runtime.settings.origins import Origin, locate

_TRUE = frozenset({"true", "1", "yes", "on"})
_FALSE = frozenset({"false", "0", "no", "off"})


def _flag(text: str) -> bool:
    word = text.strip().lower()
    if word in _TRUE or word in _FALSE:
        return word in _TRUE
    raise ValueError("is true or false (also 1, yes, on; 0, no, off)")


def _names(text: str) -> list[Node]:
    names = [name.strip() for name in text.split(",")]
    if all(names):
        return [Node(name, Origin(file="environment:ALERT_CHANNELS")) for name in names]
    raise ValueError("is a list of channel plugs with commas between: slack,email,pagerduty")


def _word(text: str) -> str:
    if text.strip():
        return text.strip()
    raise ValueError("is a word: strict")


VARIABLES: Mapping[str, tuple[str, Callable[[str], Any]]] = {
    "MONITORING_ENABLED": ("monitoring_enabled", _flag),
    "AI_ANOMALY_DETECTION": ("ai_anomaly_detection", _flag),
    "AUTO_REMEDIATION": ("auto_remediation", _flag),
    "ALERT_CHANNELS": ("alert_channels", _names),
    "TENANT_ISOLATION": ("tenant_isolation", _word),
}
"""Each variable's setting and how its text is read."""


def process_environment() -> dict[str, str]:
    """Return a copy of this process's environment: the one place where it is read."""
    return dict(os.environ)


@dataclass(frozen=True, slots=True)
class Places:
    """For the origin of each variable that is set, the place in the file it stands over."""

    shadowed: Mapping[Origin, Origin]

    def say(self, origin: Origin) -> str:
        """Return the place as an error names it: a variable after what it overrides."""
        below = self.shadowed.get(origin)
        return f"{locate(below)}: {origin}" if below else locate(origin)


def override(document: Node, environ: Mapping[str, str]) -> dict[Origin, Origin]:
    """Put the variables that are set over the document's values, in place.

    Returns, for the origin of each value put there, the place in the file it stands over.
    Raises `SettingError` naming the variable and that place.
    """
    shadowed = {}
    for variable, (key, read) in VARIABLES.items():
        if variable not in environ:
            continue
        origin, below = Origin(file=f"environment:{variable}"), document.key_place((key,))
        shadowed[origin] = below
        try:
            document.value[key] = Node(read(environ[variable]), origin)
        except ValueError as why:
            raise SettingError(f"{locate(below)}: {origin}: {variable} {why}") from None
        document.key_origins[key] = origin
    return shadowed
