"""How things stand by a tenant's monitors: their data classes as plain values."""

import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any

from auscult.engine.monitoring.posts import Post
from auscult.performance.port import Overseer


def stand(post: Post) -> dict[str, Any]:
    """Return what each monitor says that can say how things stand, by its name."""
    lookouts = dict(post.lookouts)
    return {
        name: plain(one.standing()) for name, one in lookouts.items() if isinstance(one, Overseer)
    }


def plain(value: object) -> Any:  # noqa: ANN401  # JSON's values
    """Return data classes as mappings, rows as lists, and None for what is no number."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Enum):
        return value.value
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: plain(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return value
