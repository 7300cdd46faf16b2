"""Entries that other rooms validate: kept raw, with the place of everything in them."""

from typing import Any, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    PrivateAttr,
    model_validator,
)

from auscult.kernel.errors import SettingError
from auscult.runtime.settings.document import Node
from auscult.runtime.settings.origins import CODE, Origin, Path, locate

NAME_CHARS_MAX = 63


class Placed(BaseModel):
    """A frozen part of the settings that knows where it stands; equality ignores the place."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    _node: Node | None = PrivateAttr(default=None)

    @property
    def document(self) -> Node | None:
        """What this part was read from, None where it was made in code."""
        return self._node

    def place(self, path: Path) -> Origin:
        """Return where the setting at a path inside this part stands."""
        return self._node.place(path) if self._node else CODE

    def key_place(self, path: Path) -> Origin:
        """Return where the key of the setting at a path inside this part stands."""
        return self._node.key_place(path) if self._node else CODE

    def __eq__(self, other: object) -> bool:
        """Say whether both mean the same, wherever they stand."""
        return type(self) is type(other) and self.model_dump() == other.model_dump()

    __hash__ = None  # type: ignore[assignment]  # holds dictionaries


class Entry(Placed):
    """One route or runbook as it stands in the file."""

    settings: dict[str, Any] = Field(repr=False)
    origin: Origin = Field(default=CODE, exclude=True)

    @model_validator(mode="wrap")
    @classmethod
    def _unfold(cls, given: Any, make: ModelWrapValidatorHandler[Self]) -> Self:  # noqa: ANN401
        if not isinstance(given, Node):
            return make(given)
        entry = make(cls._from_node(given))
        entry._node = given  # noqa: SLF001 (its own)
        return entry

    @classmethod
    def _from_node(cls, node: Node) -> dict[str, Any]:
        if not isinstance(node.value, dict):
            raise SettingError(f"{locate(node.origin)}: here stands {{key: value, ...}}")
        return {"settings": node.plain(), "origin": node.origin}

    def place(self, path: Path) -> Origin:
        """Return where the setting at a path inside this entry stands."""
        return self._node.place(path) if self._node else self.origin

    def key_place(self, path: Path) -> Origin:
        """Return where the key of the setting at a path inside this entry stands."""
        return self._node.key_place(path) if self._node else self.origin

    def plug(self, key: str) -> "PlugSettings":
        """Return the plug entry under a key (a runbook's `action`); raises `SettingError`."""
        below = self._node.child(key) if self._node else None
        if below is not None:
            return PlugSettings.model_validate(below)
        value = self.settings.get(key)
        if not isinstance(value, dict):
            raise SettingError(f"{locate(self.place((key,)))}: {key}: {{use: ..., ...}} is missing")
        return PlugSettings.of(value, origin=self.origin)


class PlugSettings(Entry):
    """One entry that chooses a plug: `use` is its name on the shelf, `settings` its fields.

    `name` tells several entries with the same plug apart; `label` is what people see.
    """

    use: str = Field(min_length=1, max_length=NAME_CHARS_MAX)
    name: str | None = Field(default=None, min_length=1, max_length=NAME_CHARS_MAX)

    @property
    def label(self) -> str:
        """The entry's name, or else its plug's."""
        return self.name or self.use

    @classmethod
    def of(cls, flat: dict[str, Any], *, origin: Origin = CODE) -> Self:
        """Return the entry written as `{use: ..., name: ..., setting: value, ...}`."""
        rest = {key: value for key, value in flat.items() if key not in {"use", "name"}}
        return cls(use=flat.get("use", ""), name=flat.get("name"), settings=rest, origin=origin)

    @classmethod
    def _from_node(cls, node: Node) -> dict[str, Any]:
        entry = super()._from_node(node)
        for key in ("use", "name"):
            text = entry["settings"].pop(key, None)
            if text is not None or key in node.value:
                entry[key] = _name(text, node.place((key,)), key)
        if "use" not in entry:
            raise SettingError(f"{locate(node.origin)}: `use: PLUG` is missing")
        return entry


def _name(text: object, origin: Origin, key: str) -> str:
    if isinstance(text, str) and 0 < len(text) <= NAME_CHARS_MAX and text.isprintable():
        return text
    raise SettingError(f"{locate(origin)}: {key}: 1 to {NAME_CHARS_MAX} characters of text")
