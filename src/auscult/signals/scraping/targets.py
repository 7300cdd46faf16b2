"""Which targets there are: named in the settings, or in Prometheus' `file_sd` files.

A file is a JSON or YAML list of `{"targets": ["host:port", …], "labels": {…}}`. The labels
`__scheme__` and `__metrics_path__` say how a target is asked; other labels that begin with two
underscores are dropped, as Prometheus does after relabelling.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, StringConstraints, TypeAdapter, ValidationError

from auscult.kernel.errors import BodyMalformed

FILE_BYTES_MAX = 4 << 20
TARGETS_MAX = 2_000
_SHOWN_CHARS = 400
_SCHEMES = ("http", "https")

Text = Annotated[str, StringConstraints(max_length=2_048)]


@dataclass(frozen=True, slots=True)
class Target:
    """One address to ask, and the labels of everything it says (sorted, with `instance`)."""

    url: str
    labels: tuple[tuple[str, str], ...]

    @property
    def instance(self) -> str:
        """Host and port, or what the labels say instead."""
        return dict(self.labels)["instance"]


class _Group(BaseModel):
    model_config = ConfigDict(extra="forbid", coerce_numbers_to_str=True)

    targets: list[Text]
    labels: dict[Text, Text] = {}


_GROUPS = TypeAdapter(list[_Group])


def static_targets(addresses: list[str], labels: Mapping[str, str]) -> list[Target]:
    """Return the targets of a list of addresses: `host:port` or a whole URL.

    Raises `ValueError` for an address that is neither.
    """
    return [_target(address, labels) for address in addresses]


def _target(address: str, labels: Mapping[str, str]) -> Target:
    scheme, separator, rest = address.partition("://")
    if not separator:
        scheme, rest = labels.get("__scheme__", "http"), address
    host, slash, path = rest.partition("/")
    where = slash + path or labels.get("__metrics_path__", "/metrics")
    if scheme not in _SCHEMES or not host or "@" in host or any(c.isspace() for c in rest):
        raise ValueError(f"{address[:200]!r} is not host:port or an http(s) URL")
    shown = {name: value for name, value in labels.items() if not name.startswith("__")}
    full = {"instance": host, **shown}
    return Target(f"{scheme}://{host}{where}", tuple(sorted(full.items())))


def read_target_file(path: Path, labels: Mapping[str, str]) -> list[Target]:
    """Return the targets of one file; raises `BodyMalformed` saying what is wrong with it."""
    try:
        if path.stat().st_size > FILE_BYTES_MAX:
            raise BodyMalformed(f"{path.name}: larger than {FILE_BYTES_MAX} bytes")
        groups = _GROUPS.validate_python(yaml.safe_load(path.read_text("utf-8")) or [])
        return [
            target
            for group in groups
            for target in static_targets(group.targets, {**labels, **group.labels})
        ]
    except (OSError, yaml.YAMLError, RecursionError) as why:
        raise BodyMalformed(f"{path.name}: {why}") from None
    except ValidationError as why:
        raise BodyMalformed(f"{path.name}: {why.error_count()} errors, {why.errors()[0]}") from None
    except ValueError as why:
        raise BodyMalformed(f"{path.name}: {why}") from None


@dataclass(slots=True)
class TargetFiles:
    """Files that are read again when they change; a broken one keeps its last good targets."""

    paths: list[Path]
    labels: Mapping[str, str]
    _seen: dict[Path, tuple[tuple[int, int, int], list[Target]]] = field(default_factory=dict)

    def read(self) -> tuple[list[Target], str]:
        """Return all targets, each once, and what is wrong with the files (empty: nothing)."""
        wrong = ""
        for path in self._existing():
            try:
                stat = path.stat()
                stamp = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
                if path not in self._seen or self._seen[path][0] != stamp:
                    self._seen[path] = (stamp, read_target_file(path, self.labels))
            except OSError as why:
                wrong = f"{path.name}: {why.strerror}"
            except BodyMalformed as why:
                wrong = why.detail
        found = dict.fromkeys(target for _, targets in self._seen.values() for target in targets)
        if len(found) > TARGETS_MAX:
            wrong = f"{len(found)} targets, only {TARGETS_MAX} are watched"
        return list(found)[:TARGETS_MAX], wrong[:_SHOWN_CHARS]

    def _existing(self) -> list[Path]:
        """Return the files that patterns (`targets/*.json`) and plain paths stand for, now."""
        found: dict[Path, None] = {}
        for path in self.paths:
            matches = sorted(path.parent.glob(path.name)) if "*" in path.name else [path]
            found.update(dict.fromkeys(matches))
        for gone in self._seen.keys() - found.keys():
            del self._seen[gone]
        return list(found)
