"""From a file and the environment to the frozen tree, or to one error that says where."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path as FilePath
from typing import Any

from pydantic import ValidationError

from auscult.kernel.errors import SettingError
from auscult.runtime.settings.consistency import check_whole
from auscult.runtime.settings.document import BYTES_MAX, Node, read_document
from auscult.runtime.settings.environment import Places, override, process_environment
from auscult.runtime.settings.origins import Origin, locate
from auscult.runtime.settings.refusals import guess, refusals
from auscult.runtime.settings.tree import Settings

_ENTRY_LISTS = frozenset({"sources", "detectors", "monitors", "routes", "runbooks"})
INHERITED_NODES_MAX = 1_000_000


def load_settings(path: FilePath | str, environ: Mapping[str, str] | None = None) -> Settings:
    """Return the settings of a file, overridden by the environment (the process's for None).

    Raises `SettingError`, whose text has file:line:column.
    """
    given = process_environment() if environ is None else environ
    return parse_settings(_read(FilePath(path)), file=str(path), environ=given)


def parse_settings(
    text: str, *, file: str = "<text>", environ: Mapping[str, str] | None = None
) -> Settings:
    """Return the settings written in a text; raises `SettingError` with file:line:column."""
    document = read_document(text, file=file)
    if document.value is None:
        document.value = {}
    if not isinstance(document.value, dict):
        raise SettingError(f"{locate(document.origin)}: a settings file is key: value, ...")
    say = Places(override(document, environ or {})).say
    _inherit(document, _defaults(document))
    settings = _validate(document, say)
    check_whole(settings, say)
    return settings


def check_channels(settings: Settings, known: Iterable[str]) -> None:
    """Refuse a name in `alert_channels` that is no channel plug; raises `SettingError`.

    `known` are the names on the shelf of channels, which stands on a higher floor.
    """
    right = set(known)
    for index, name in enumerate(settings.alert_channels or ()):
        if name not in right:
            where = locate(settings.place(("alert_channels", index)))
            raise SettingError(f"{where}: alert_channels: no channel {name!r}{guess(name, right)}")


def _read(path: FilePath) -> str:
    try:
        with path.open("rb") as file:
            raw = file.read(BYTES_MAX + 1)
    except OSError as why:
        hint = "; -c FILE names another" if isinstance(why, FileNotFoundError) else ""
        raise SettingError(f"{path}: cannot be read: {why.strerror}{hint}") from None
    if len(raw) > BYTES_MAX:
        raise SettingError(f"{path}:1:1: larger than {BYTES_MAX} bytes")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as why:
        line = raw.count(b"\n", 0, why.start) + 1
        column = why.start - raw.rfind(b"\n", 0, why.start)
        raise SettingError(f"{path}:{line}:{column}: not UTF-8: {why.reason}") from None


def _defaults(document: Node) -> Node:
    node = document.child("defaults")
    return node if node and isinstance(node.value, dict) else Node({}, document.origin)


def _inherit(document: Node, defaults: Node) -> None:
    tenants = document.child("tenants")
    if tenants is None or not isinstance(tenants.value, dict):
        return
    own = [node.size for node in tenants.value.values()]
    if sum(own) + len(own) * defaults.size > INHERITED_NODES_MAX:
        raise SettingError(f"{locate(defaults.origin)}: defaults: too large for so many tenants")
    for name, node in tenants.value.items():
        tenants.value[name] = _over(defaults, node)


def _over(defaults: Node, node: Node) -> Node:
    """Return a tenant's node with what it does not say itself; channels are inherited by name."""
    if node.value is None:
        node = Node({}, node.origin)
    if not isinstance(node.value, dict):
        return node
    value = {**defaults.value, **node.value}
    channels = defaults.child("channels"), node.child("channels")
    if all(part is not None and isinstance(part.value, dict) for part in channels):
        inherited, own = channels
        assert inherited is not None
        assert own is not None
        value["channels"] = Node(
            {**inherited.value, **own.value},
            own.origin,
            {**inherited.key_origins, **own.key_origins},
        )
    return Node(value, node.origin, {**defaults.key_origins, **node.key_origins})


_ENTRIES = frozenset({"alerts", "codec", "oncall", "templates"})


def _tenant(node: Node) -> Any:  # noqa: ANN401 (what the file holds, for pydantic to judge)
    if not isinstance(node.value, dict):
        return node.plain()
    given: dict[str, Any] = {}
    for key, part in node.value.items():
        if key in _ENTRY_LISTS and isinstance(part.value, list):
            given[key] = tuple(part.value)
        elif key == "channels" and isinstance(part.value, dict):
            given[key] = dict(part.value)
        elif key in _ENTRIES and isinstance(part.value, dict):
            given[key] = part
        else:
            given[key] = part.plain()
    return given


def _given(document: Node) -> dict[str, Any]:
    given = {key: part.plain() for key, part in document.value.items()}
    if "defaults" in document.value:
        given["defaults"] = _tenant(document.value["defaults"])
    tenants = document.child("tenants")
    if tenants is not None and isinstance(tenants.value, dict):
        given["tenants"] = {name: _tenant(node) for name, node in tenants.value.items()}
    return given


def _validate(document: Node, say: Callable[[Origin], str]) -> Settings:
    try:
        settings = Settings.model_validate(_given(document))
    except ValidationError as error:
        wrong = refusals(error, document, model=Settings, say=say)
        raise SettingError("\n".join(_once(wrong))) from None
    settings._node = document  # noqa: SLF001 (a frozen tree learns its places once)
    return settings


def _once(lines: list[str]) -> list[str]:
    """Keep one line for each place: a wrong default is inherited by every tenant."""
    kept: dict[str, str] = {}
    for line in lines:
        kept.setdefault(line if ": environment:" in line else line.split(": ", 1)[0], line)
    return list(kept.values())
