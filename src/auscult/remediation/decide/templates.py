"""Templates in settings: `soundstage:{service}` filled from what a finding is about.

Values come from labels, which anyone who can expose a metric may choose. So a value may only have
characters that mean nothing in a process name, a host or a JSON string, and nothing else in a
template is ever evaluated.
"""

import re
from collections.abc import Mapping

from auscult.kernel.errors import PreconditionFailed, SettingError

NAMES = ("service", "instance", "signal", "seen_by", "severity", "incident", "tenant", "target")
VALUE_CHARS_MAX = 200

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_LABEL = re.compile(r"label\.[A-Za-z_][A-Za-z0-9_.]*")
_SAFE = re.compile(rf"[A-Za-z0-9_.:\[\]-]{{1,{VALUE_CHARS_MAX}}}")


def check_template(text: str) -> str:
    """Return the template; raises `SettingError` naming the placeholder that does not exist."""
    for name in _PLACEHOLDER.findall(text):
        if name not in NAMES and not _LABEL.fullmatch(name):
            known = ", ".join((*NAMES, "label.<name>"))
            raise SettingError(f"{{{name}}} is no placeholder; there are {known}")
    if set(_PLACEHOLDER.sub("", text)) & {"{", "}"}:
        raise SettingError(f"{text!r} has a brace that belongs to no placeholder")
    return text


def fill(text: str, values: Mapping[str, str]) -> str:
    """Return the template with its values; `label.x` reads the label `x`.

    Raises `PreconditionFailed` where a value is missing or has characters that are not taken.
    """
    return _PLACEHOLDER.sub(lambda found: _value(found[1], values), text)


def _value(name: str, values: Mapping[str, str]) -> str:
    value = values.get(name, "")
    if not value:
        raise PreconditionFailed(f"the finding has no {name}")
    if not _SAFE.fullmatch(value):
        raise PreconditionFailed(f"{name} has characters that a target must not have")
    return value
