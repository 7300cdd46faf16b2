"""Rules of conduct: what code of a room may not do, wherever the import contracts cannot see."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.metadata import packages_distributions

from tests.house.source import ROOT, Source

BROAD = {"Exception", "BaseException"}
MAY_CATCH_ALL = {
    "src/auscult/engine/codec/automatic/watch.py",  # a tenant's ladder breaks alone
    "src/auscult/engine/alerts/ringing.py",  # a group of alerts breaks alone
    "src/auscult/engine/events/claims.py",  # a row that cannot be read breaks alone
    "src/auscult/engine/events/desk.py",  # a job's error goes to whoever handed it in
    "src/auscult/engine/events/dispatch.py",  # groups of a tenant break alone
    "src/auscult/engine/events/path.py",  # a loop goes on over what nobody foresaw
    "src/auscult/engine/events/perform.py",  # an effect meets the world
    "src/auscult/engine/monitoring/path.py",  # a tenant's look breaks alone
    "src/auscult/engine/monitoring/posts.py",  # a monitor breaks alone
    "src/auscult/engine/samples/feeding.py",  # a source breaks alone
    "src/auscult/engine/samples/scoring.py",  # a pass breaks alone
}
PICKLES = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}
RANDOM = re.compile(r"\b(?:np|numpy)\.random\.(?!Generator\b)")
EXCUSE = re.compile(r"# noqa: (?P<codes>[A-Z]+[0-9]+(?:, ?[A-Z]+[0-9]+)*)")
SAY_ENOUGH = {"ANN401", "ARG002"}
"""Any stands for any value of JSON or SQL, an unused argument for the signature of a port."""

REASON = re.compile(r"\w{2,}.*\w{2,}")
READS_ENVIRONMENT = {"environ", "environb", "getenv"}
MAY_READ_ENVIRONMENT = (
    "src/auscult/runtime/",  # settings and secrets
    "src/soundstage/show/",  # the conductor, which starts auscult as a process of its own
)


def refuse_broad_except(source: Source) -> Iterator[str]:
    """A handler that ends with a bare `raise` swallows nothing and may be broad."""
    if not source.is_shipped or source.path in MAY_CATCH_ALL:
        return
    for node in source.find(ast.ExceptHandler, ast.Call):
        if isinstance(node, ast.ExceptHandler):
            broad = node.type is None or _names(node.type) & BROAD
            if broad and not _raises_again(node):
                yield f"{node.lineno}: a broad except stands at the edges of MAY_CATCH_ALL only"
        elif _suppresses_all(node):
            yield f"{node.lineno}: a broad suppress is a broad except"


def refuse_chance_in_pure_room(source: Source) -> Iterator[str]:
    if not source.is_pure:
        return
    for number, line in enumerate(source.text.splitlines(), start=1):
        if RANDOM.search(line) or "default_rng" in line:
            yield f"{number}: chance comes in as an argument (np.random.Generator)"


def refuse_environment(source: Source) -> Iterator[str]:
    if not source.is_shipped or source.path.startswith(MAY_READ_ENVIRONMENT):
        return
    for node in source.find(ast.Attribute, ast.alias):
        name = node.attr if isinstance(node, ast.Attribute) else node.name
        if name in READS_ENVIRONMENT:
            yield f"{node.lineno}: only settings read the environment"


def refuse_pickle(source: Source) -> Iterator[str]:
    for line, module in _imports(source):
        if module.split(".")[0] in PICKLES:
            yield f"{line}: {module}: what was stored is read as arrays and JSON, never executed"
    for node in source.find(ast.keyword):
        if node.arg == "allow_pickle" and ast.unparse(node.value) != "False":
            yield f"{node.lineno}: allow_pickle is False"


def refuse_second_error_tree(source: Source) -> Iterator[str]:
    if not source.path.startswith("src/auscult/") or source.path.endswith("kernel/errors.py"):
        return
    for node in source.classes():
        for parent in node.bases:
            name = _last(parent)
            builtin = getattr(__import__("builtins"), name, None)
            if isinstance(builtin, type) and issubclass(builtin, BaseException):
                yield f"{node.lineno}: {node.name} stands outside of the tree in kernel/errors.py"


def refuse_undeclared_import(source: Source) -> Iterator[str]:
    """What the product imports stands in pyproject.toml; a dependency's dependency may go away."""
    if not source.is_shipped:
        return
    for line, module in _imports(source):
        top = module.split(".")[0]
        if top in sys.stdlib_module_names or top in {"auscult", "soundstage"}:
            continue
        names = {_plain(name) for name in _distributions().get(top, [top])}
        if not names & _declared():
            yield f"{line}: {top} is not declared in pyproject.toml"


def refuse_bare_excuse(source: Source) -> Iterator[str]:
    """Who silences the linter says why, on the same line."""
    if not source.is_shipped:
        return
    for number, line in enumerate(source.text.splitlines(), start=1):
        found = EXCUSE.search(line)
        if not found or set(found["codes"].replace(" ", "").split(",")) <= SAY_ENOUGH:
            continue
        if not REASON.search(line[found.end() :]):
            yield f"{number}: {found[0]} without a reason after it"


def _imports(source: Source) -> Iterator[tuple[int, str]]:
    for node in source.find(ast.Import, ast.ImportFrom):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif node.module and not node.level:
            yield node.lineno, node.module


def _suppresses_all(node: ast.Call) -> bool:
    return _last(node.func) == "suppress" and any(_names(one) & BROAD for one in node.args)


def _raises_again(node: ast.ExceptHandler) -> bool:
    last = node.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None


def _names(node: ast.expr) -> set[str]:
    return {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}


def _last(node: ast.expr) -> str:
    return ast.unparse(node).rpartition(".")[2]


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@cache
def _distributions() -> dict[str, list[str]]:
    return {module: list(names) for module, names in packages_distributions().items()}


@cache
def _declared() -> frozenset[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lists = [project["dependencies"], *project["optional-dependencies"].values()]
    found = {_plain(re.split(r"[\[<>=~; ]", one)[0]) for each in lists for one in each}
    # What a declared package is made of, or promises to its own users.
    return frozenset(
        found | {"starlette", "opentelemetry-api", "opentelemetry-proto", "markupsafe"}
    )
