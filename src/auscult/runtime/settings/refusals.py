"""What pydantic found wrong, said with file, line and column and with the right names."""

from collections.abc import Callable, Iterable
from difflib import get_close_matches
from typing import Any, Protocol, get_args

from pydantic import BaseModel, ValidationError

from auscult.kernel.errors import SettingError
from auscult.runtime.settings.entries import Entry
from auscult.runtime.settings.origins import Origin, Path, locate, spell

REFUSALS_MAX = 20
_PLAIN = {
    "bool_type": "should be true or false",
    "dict_type": "should be key: value, ...",
    "float_type": "should be a number",
    "int_type": "should be a whole number",
    "list_type": "should be a list",
    "missing": "is missing",
    "model_attributes_type": "should be key: value, ...",
    "model_type": "should be key: value, ...",
    "string_type": "should be text",
    "tuple_type": "should be a list",
}


class Whereabouts(Protocol):
    """Whatever knows where the values and keys inside it stand: an entry, a node."""

    def place(self, path: Path) -> Origin:
        """Return where a value stands."""
        ...

    def key_place(self, path: Path) -> Origin:
        """Return where a key stands."""
        ...


def located_error(
    entry: Entry, error: ValidationError, *, model: type[BaseModel] | None = None
) -> SettingError:
    """Return what a shelf's model refused in an entry, with the places in the file.

    `model` is the plug's class; with it unknown keys are answered with the right ones.
    """
    lines = refusals(error, entry, model=model)
    return SettingError("\n".join(lines))


def refusals(
    error: ValidationError,
    where: Whereabouts,
    *,
    model: type[BaseModel] | None,
    say: Callable[[Origin], str] = locate,
) -> list[str]:
    """Return one line for each thing refused, at most `REFUSALS_MAX`; `say` writes a place."""
    found = []
    for item in error.errors(include_url=False, include_context=False, include_input=False):
        path: Path = item["loc"]
        said = _PLAIN.get(item["type"], item["msg"].removeprefix("Value error, "))
        if item["type"] == "extra_forbidden":
            place, path = where.key_place(path), path[:-1]
            said = _unknown(str(item["loc"][-1]), names_at(model, path))
        elif path and path[-1] == "[key]":
            place, path = where.key_place(path[:-1]), path[:-1]
        else:
            place = where.place(path)
        found.append(f"{say(place)}: {spell(path)}: {said}" if path else f"{say(place)}: {said}")
    return list(dict.fromkeys(found))[:REFUSALS_MAX]


def guess(name: str, right: Iterable[str]) -> str:
    """Return `; did you mean 'x'?` and the right names, as the end of a sentence."""
    names = sorted(right)
    close = get_close_matches(name, names, n=1, cutoff=0.6)
    hint = f"; did you mean {close[0]!r}? Right" if close else "; right"
    return f"{hint} are: {', '.join(names) or 'none'}"


def names_at(model: type[BaseModel] | None, path: Path) -> list[str]:
    """Return the keys a model takes at a path inside it; none where that is not known."""
    for step in path:
        if model is None:
            return []
        if isinstance(step, str) and step in model.model_fields:
            model = _model_in(model.model_fields[step].annotation)
    return list(model.model_fields) if model else []


def _model_in(annotation: Any) -> type[BaseModel] | None:  # noqa: ANN401 (any annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    found = (_model_in(part) for part in get_args(annotation))
    return next((model for model in found if model is not None), None)


def _unknown(name: str, right: list[str]) -> str:
    return f"there is no setting {name!r} here{guess(name, right) if right else ''}"
