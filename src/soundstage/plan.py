"""What runs where: tenants, programmes, stages, ports; kept as ``soundstage.json``.

The file in the state folder is the only thing the processes and the tools share. Every process is
started with the folder's path and reads its own place from there.
"""

import json
import socket
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from soundstage.errors import NotRunning
from soundstage.settings import Settings

FILE = "soundstage.json"
TARGETS_FILE = "targets.json"
STAGES = ("ingest", "enhance", "encode", "package", "edge")
MOST_REPLICAS = 4
LISTENERS, OUTSIDE = "listeners", "outside"
GROUP = "soundstage"
"""Name of the one supervisor group."""


@dataclass(frozen=True, slots=True)
class Programme:
    """One live programme of one tenant; ``source`` is a style of the synthesiser or a file."""

    tenant: str
    name: str
    source: str
    seed: int
    epoch_ms: int
    """When its sequence number 0 began (Unix milliseconds)."""

    @property
    def key(self) -> str:
        """``tenant/name``, as it stands in addresses."""
        return f"{self.tenant}/{self.name}"

    def live_s(self) -> float:
        """How many seconds of it have been on air until now."""
        return time.time() - self.epoch_ms / 1_000


@dataclass(frozen=True, slots=True)
class Process:
    """One process of the platform and the loopback port it answers on."""

    name: str
    port: int
    upstream: str = ""
    """The stage it asks, whichever of its replicas that is."""

    tenant: str = ""
    stage: str = ""
    """What it does: ``encode-2`` is a second ``encode``."""

    @property
    def url(self) -> str:
        """The address of the process, without a trailing slash."""
        return f"http://127.0.0.1:{self.port}"


@dataclass(frozen=True, slots=True)
class Plan:
    """The whole platform."""

    programmes: tuple[Programme, ...]
    processes: tuple[Process, ...]
    supervisor_socket: str
    pids: dict[str, int] = field(default_factory=dict)
    settings: Settings = field(default_factory=Settings)
    outside: Process | None = None
    """The world around the platform (network, strangers); it runs only when a fault needs it."""

    def process(self, name: str) -> Process:
        """Find a process by name; raises ``KeyError``."""
        if self.outside and name == self.outside.name:
            return self.outside
        return {process.name: process for process in self.processes}[name]

    def replicas(self, stage: str) -> tuple[Process, ...]:
        """Every process that does the work of ``stage``."""
        return tuple(process for process in self.processes if process.stage == stage)

    def serving(self, stage: str, number: int) -> Process:
        """The replica of ``stage`` that answers for programme (or listener) ``number``."""
        replicas = self.replicas(stage)
        return replicas[number % len(replicas)]

    def number_of(self, key: str) -> int:
        """The place of a programme in the line-up; raises ``ValueError``."""
        return [programme.key for programme in self.programmes].index(key)

    def share_of(self, place: Process) -> tuple[Programme, ...]:
        """The programmes a replica works on, so that together they work on each one once."""
        return tuple(
            programme
            for number, programme in enumerate(self.programmes)
            if self.serving(place.stage, number).name == place.name
        )

    def programmes_of(self, tenant: str) -> tuple[Programme, ...]:
        """Programmes of one tenant, or all of them for the empty name."""
        return tuple(p for p in self.programmes if tenant in ("", p.tenant))

    def metrics_targets(self, *, without: str = "") -> list[dict[str, object]]:
        """Return the processes but one as Prometheus file_sd groups (``file_sd_config`` JSON)."""
        return [
            {
                "targets": [f"127.0.0.1:{process.port}"],
                "labels": {"job": "soundstage", "service": process.name},
            }
            for process in self.processes
            if process.name != without
        ]


LINE_UP = (
    ("acme", "morning", "magazine"),
    ("acme", "charts", "pop"),
    ("birch", "talk", "talk"),
    ("coral", "calm", "ambient"),
    ("coral", "club", "dance"),
)


def make_plan(
    state: Path,
    *,
    seed: int = 1,
    sources: tuple[str, ...] = (),
    settings: Settings | None = None,
) -> Plan:
    """Lay out the platform on free ports; ``sources`` (files) replace the synthesised ones."""
    # Programmes begin spread over a second, so that the load of the chunks is even.
    now_ms, apart_ms = time.time_ns() // 1_000_000, 1_000 // len(LINE_UP)
    programmes = tuple(
        Programme(
            tenant=tenant,
            name=name,
            source=sources[i % len(sources)] if sources else style,
            seed=seed + i,
            epoch_ms=now_ms + i * apart_ms,
        )
        for i, (tenant, name, style) in enumerate(LINE_UP)
    )
    tenants = sorted({programme.tenant for programme in programmes})
    names = [*STAGES, *(f"listeners-{tenant}" for tenant in tenants)]
    ports = free_ports(len(names) + 1)
    upstreams = ["", *STAGES[:-1], *("edge" for _ in tenants)]
    owners = [*("" for _ in STAGES), *tenants]
    stages = [*STAGES, *(LISTENERS for _ in tenants)]
    processes = tuple(map(Process, names, ports, upstreams, owners, stages))
    return Plan(
        programmes=programmes,
        processes=processes,
        supervisor_socket=str(state / "supervisor.sock"),
        settings=settings or Settings(),
        outside=Process(OUTSIDE, ports[-1], "edge", stage=OUTSIDE),
    )


def free_ports(count: int) -> list[int]:
    """Ask the kernel for loopback ports that nobody uses at this moment."""
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(sock.getsockname()[1]) for sock in held]
    for sock in held:
        sock.close()
    return ports


def save_plan(plan: Plan, state: Path, *, starting: str = "") -> None:
    """Write ``soundstage.json`` and the scrape targets, each replaced in one step.

    The file of targets stays empty until the processes run, and leaves out the one that is
    ``starting``: what still starts is not absent.
    """
    targets = plan.metrics_targets(without=starting)
    files = {FILE: asdict(plan) | {"metrics": targets}, TARGETS_FILE: targets if plan.pids else []}
    for name, content in files.items():
        partial = state / f".{name}.partial"
        partial.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
        partial.replace(state / name)


def load_plan(state: Path) -> Plan:
    """Read ``soundstage.json``; raises ``NotRunning`` when there is none."""
    try:
        document = json.loads((state / FILE).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise NotRunning(f"no {FILE} in {state}: start it with `soundstage up`") from error
    try:
        return _read_plan(document)
    except (KeyError, TypeError) as error:
        raise NotRunning(f"{FILE} in {state} was written by another version") from error


def _read_plan(document: dict[str, Any]) -> Plan:
    ladder, outside = tuple(document["settings"]["ladder_kbps"]), document["outside"]
    return Plan(
        programmes=tuple(Programme(**entry) for entry in document["programmes"]),
        processes=tuple(Process(**entry) for entry in document["processes"]),
        supervisor_socket=document["supervisor_socket"],
        pids=document["pids"],
        settings=Settings(**document["settings"] | {"ladder_kbps": ladder}),
        outside=outside and Process(**outside),
    )
