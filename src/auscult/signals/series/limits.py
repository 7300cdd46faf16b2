"""What a tenant may send: every limit of the room in one place."""

from dataclasses import dataclass

AHEAD_MS_MAX = 600_000
"""A sample may lie this far ahead of now, as in Prometheus; further ahead it is refused."""


@dataclass(frozen=True, slots=True)
class SeriesLimits:
    """Limits of the registry; sizes in bytes of UTF-8, times in milliseconds.

    per_process bounds the memory of all tenants together (address space is reserved for it,
    memory is used only for the slots that exist).
    """

    per_tenant: int = 200_000
    per_process: int = 1_000_000
    new_per_minute: int = 60_000
    labels: int = 64
    name_bytes: int = 256
    value_bytes: int = 2_048
    idle_ms: int = 3_600_000
