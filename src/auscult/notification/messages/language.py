"""The part of Jinja2 in which a tenant may word its messages: it always ends, and stays small.

Conditions, loops, `set`, joining by `~`, and the filters of `FILTERS`; no calls, macros, includes,
arithmetic or literal lists that grow. Jinja2's sandbox (`ImmutableSandboxedEnvironment`) keeps a
template from what is not its own; that it ends, and within which size, is kept here: every turn of
a loop and every text that is made costs fuel, by the size of the loop's body and of the text, and
a template that has used up its `FUEL` fails.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import CodeType, TracebackType
from typing import Any, cast

from jinja2 import StrictUndefined, TemplateError, TemplateSyntaxError, nodes, pass_context
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from auscult.kernel.errors import TemplateFailed

SOURCE_CHARS_MAX = 4_000
VALUE_CHARS_MAX = 20_000
FUEL = 20_000
CHARS_PER_FUEL = 64
TANK = "_fuel"

_WRONG = (TemplateError, TypeError, ValueError, ArithmeticError, LookupError)
"""What a template that is written wrongly comes upon."""

_STATEMENTS = (nodes.Template, nodes.Output, nodes.TemplateData, nodes.If, nodes.For, nodes.Assign)
_EXPRESSIONS = (
    *(nodes.Name, nodes.Const, nodes.Getattr, nodes.Getitem, nodes.Slice, nodes.Filter),
    *(nodes.Test, nodes.CondExpr, nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not),
    *(nodes.Concat, nodes.Neg, nodes.Tuple, nodes.List),
)
_WORDS: dict[type[nodes.Node], str] = {
    nodes.Call: "calling something; filters do what functions would",
    nodes.Macro: "a macro",
    nodes.Include: "include",
    nodes.Import: "import",
    nodes.FromImport: "import",
    nodes.Extends: "extends",
    nodes.Block: "a block",
    nodes.AssignBlock: "`set` with a block; `{% set name = … %}` is taken",
    nodes.Dict: "a literal dictionary",
    nodes.Add: "+; texts are joined by ~",
    nodes.BinExpr: "arithmetic",
}


@dataclass(slots=True)
class Tank:
    """What one rendering may still spend."""

    left: float = FUEL

    def spend(self, fuel: float) -> None:
        """Take some; raises `TemplateFailed` where there is not so much left."""
        self.left -= fuel
        if self.left < 0:
            raise TemplateFailed("it does too much: a loop too many, or texts too long")


class _Environment(ImmutableSandboxedEnvironment):
    """The sandbox, in which what is put out is text, a number, or nothing."""

    def __init__(self, filters: Mapping[str, Callable[..., Any]]) -> None:
        super().__init__(
            undefined=StrictUndefined,
            finalize=_put_out,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=False,
            cache_size=0,
        )
        self.filters = dict(filters)
        self.globals = {}


@pass_context
def _put_out(context: Context, value: Any) -> Any:  # noqa: ANN401  # whatever a template names
    text = _text_of(value)
    if isinstance(text, str):
        _pay(context, len(text))
    return text


def _text_of(value: Any) -> Any:  # noqa: ANN401  # whatever a template names
    """Return what may be put out; an undefined word stays one, and fails by its own words."""
    if value is None:
        return ""
    if isinstance(value, StrictUndefined | str | bool | int | float):
        return value
    raise TemplateFailed(f"a {type(value).__name__} is no text; loop over it, or `| join`")


@pass_context
def _joined(context: Context, *parts: Any) -> str:  # noqa: ANN401  # whatever is joined
    return _made(context, [str(_text_of(part)) for part in parts], between="")


@pass_context
def _counted(context: Context, given: Any, size: int) -> Iterator[Any]:  # noqa: ANN401  # iterable
    if isinstance(given, str):
        raise TemplateFailed("a text cannot be looped over")
    for one in given:
        context.parent[TANK].spend(1 + size)
        yield one


@pass_context
def join(context: Context, given: Iterable[Any], between: str = "") -> str:
    """Join texts."""
    return _made(context, [str(_text_of(one)) for one in given], between=str(between))


@pass_context
def replace(context: Context, given: str, old: str, new: str) -> str:  # noqa: PLR0917  # Jinja2 calls it
    """Replace a text in a text."""
    text, old, new = str(given), str(old), str(new)
    times = text.count(old) if old else len(text) + 1
    _pay(context, len(text) + times * len(new))
    return text.replace(old, new)


@pass_context
def truncate(context: Context, given: str, chars: int = 80) -> str:
    """Cut a text, ended by `…`."""
    text = str(given)
    _pay(context, len(text))
    return text if len(text) <= chars else f"{text[: max(0, int(chars) - 1)]}…"


def default(given: Any, instead: Any = "") -> Any:  # noqa: ANN401  # whatever a template names
    """Say another value where there is none, or an empty one."""
    return instead if isinstance(given, StrictUndefined) or not given else given


def _one_text(fn: Callable[[str], str]) -> Callable[..., str]:
    @pass_context
    def filtered(context: Context, given: Any) -> str:  # noqa: ANN401  # whatever has a text
        return _made(context, [fn(str(_text_of(given)))], between="")

    return filtered


FILTERS: dict[str, Callable[..., Any]] = {
    "upper": _one_text(str.upper),
    "lower": _one_text(str.lower),
    "capitalize": _one_text(str.capitalize),
    "trim": _one_text(str.strip),
    "length": len,
    "round": lambda value, digits=0: round(float(value), min(int(digits), 15)),
    "first": lambda given: next(iter(given), ""),
    "join": join,
    "replace": replace,
    "truncate": truncate,
    "default": default,
}
"""Every filter there is; none has chance or a clock in it, none makes much of little."""

_ENVIRONMENT = _Environment(FILTERS | {"_joined": _joined, "_counted": _counted})


@lru_cache(maxsize=1_024)
def compile_template(source: str, names: frozenset[str]) -> CodeType:
    """Return a template ready to be rendered; raises `TemplateFailed` with the line.

    `names` are the words it may use.
    """
    if len(source) > SOURCE_CHARS_MAX:
        raise TemplateFailed(f"{len(source)} characters; at most {SOURCE_CHARS_MAX}")
    try:
        tree = _ENVIRONMENT.parse(source)
        _check(tree, set(names))
        _meter(tree)
        return _ENVIRONMENT.compile(tree)
    except TemplateSyntaxError as why:
        raise TemplateFailed(f"line {why.lineno}: {why.message}") from None
    except (RecursionError, SyntaxError):  # Python's own: a template is compiled to it
        raise TemplateFailed("it is nested too deep") from None
    except _WRONG as why:  # what is constant is worked out while compiling
        raise TemplateFailed(str(why)) from None


def render_template(source: str, words: Mapping[str, Any]) -> str:
    """Return what a template makes of words; raises `TemplateFailed` with the line where known."""
    code = compile_template(source, frozenset(words))
    template = _ENVIRONMENT.template_class.from_code(_ENVIRONMENT, code, {TANK: Tank()})
    try:
        return template.render(words)
    except TemplateFailed as why:
        raise _failed(why.detail, why.__traceback__) from None
    except _WRONG as why:
        raise _failed(str(why), why.__traceback__) from None


def _check(tree: nodes.Node, names: set[str]) -> None:
    """Refuse what is not of the language, and words that there are not."""
    own = {one.name for one in tree.find_all(nodes.Name) if one.ctx == "store"} | {"loop"}
    for node in _walk(tree):
        if not isinstance(node, (*_STATEMENTS, *_EXPRESSIONS)):
            raise TemplateFailed(f"line {node.lineno}: not taken here: {_word_for(node)}")
        if isinstance(node, nodes.Filter) and node.name not in FILTERS:
            known = ", ".join(FILTERS)
            raise TemplateFailed(f"line {node.lineno}: no filter {node.name!r}; there are: {known}")
        if isinstance(node, nodes.Name) and node.ctx == "load" and node.name not in names | own:
            known = ", ".join(sorted(names))
            raise TemplateFailed(f"line {node.lineno}: no word {node.name!r}; there are: {known}")
        if isinstance(node, nodes.For) and node.recursive:
            raise TemplateFailed(f"line {node.lineno}: not taken here: a recursive loop")
        if isinstance(node, nodes.List | nodes.Tuple) and not _is_small(node):
            raise TemplateFailed(f"line {node.lineno}: a list may hold constants only")


def _word_for(node: nodes.Node) -> str:
    named = (word for kind, word in _WORDS.items() if isinstance(node, kind))
    return next(named, type(node).__name__.lower())


def _is_small(node: nodes.List | nodes.Tuple) -> bool:
    """Say whether it cannot grow: names that a loop fills, or constants."""
    is_target = isinstance(node, nodes.Tuple) and node.ctx == "store"
    return is_target or all(isinstance(one, nodes.Const) for one in node.items)


def _size(loop: nodes.For) -> int:
    """Return what one turn of a loop costs: its parts, and its texts by their length."""
    texts = (node.data for node in _walk(loop) if isinstance(node, nodes.TemplateData))
    return sum(1 for _ in _walk(loop)) + sum(map(len, texts)) // CHARS_PER_FUEL


def _meter(tree: nodes.Template) -> None:
    """Let every loop count its turns, and every joining of texts its size."""
    for parent in _walk(tree):
        for name, value in parent.iter_fields():
            if isinstance(value, nodes.Concat):
                setattr(parent, name, _call("_joined", value.nodes))
            elif isinstance(value, list):
                value[:] = [
                    _call("_joined", one.nodes) if isinstance(one, nodes.Concat) else one
                    for one in value
                ]
        if isinstance(parent, nodes.For):
            size = nodes.Const(_size(parent), lineno=parent.lineno)
            parent.iter = _call("_counted", [cast("nodes.Expr", parent.iter), size])


def _call(name: str, given: list[nodes.Expr]) -> nodes.Filter:
    first, *rest = given
    return nodes.Filter(first, name, rest, [], None, None, lineno=first.lineno)


def _walk(tree: nodes.Node) -> Iterator[nodes.Node]:
    yield tree
    for child in tree.iter_child_nodes():
        yield from _walk(child)


def _made(context: Context, parts: list[str], *, between: str) -> str:
    chars = sum(map(len, parts)) + len(between) * len(parts)
    _pay(context, chars)
    return between.join(parts)


def _pay(context: Context, chars: int) -> None:
    if chars > VALUE_CHARS_MAX:
        raise TemplateFailed(f"a text of {chars} characters; at most {VALUE_CHARS_MAX}")
    context.parent[TANK].spend(1 + chars / CHARS_PER_FUEL)


def _failed(why: str, trace: TracebackType | None) -> TemplateFailed:
    """Return the error, led by the line of the template where that is known."""
    line = 0
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == "<template>":
            line = trace.tb_lineno
        trace = trace.tb_next
    return TemplateFailed(f"line {line}: {why}" if line else why)
