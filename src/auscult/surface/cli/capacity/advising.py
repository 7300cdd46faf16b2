"""`auscult capacity advise`: a table for people, a file for what comes afterwards."""

import json
from collections.abc import Sequence
from pathlib import Path

from auscult.engine.capacity.papers import write_paper
from auscult.engine.capacity.plan import CapacityPlan
from auscult.engine.capacity.requests import read_cache
from auscult.kernel.errors import InputError, SettingError
from auscult.performance.capacity import Advice, CacheAdvice, Move, advise, advise_cache
from auscult.runtime.clock import SystemClock
from auscult.surface.cli.capacity.asking import ask, say_missing, share, wait

NOT_ALL = 1
"""Exit code where nothing is known of a pool or a cache of the plan."""

_MIB = 1 << 20


def advise_on(file: Path, *, json_file: Path | None) -> None:
    """Advise, print, write; ends with 1 where something is missing. Raises `SettingError`."""
    if json_file is not None and not json_file.resolve().parent.is_dir():
        raise SettingError(f"{json_file}: its folder is not there")
    now_ms = SystemClock().now_ms()
    plan, usages, missing = ask(file, now_ms=now_ms)
    limits = {(one.service, one.resource): one.limits() for one in plan.pools}
    pools = [advise([one], limits[one.service, one.resource])[0] for one in usages]
    caches = _advise_caches(plan, missing)
    if json_file is not None:
        text = json.dumps(write_paper(pools, caches, now_ms=now_ms), indent=1) + "\n"
        try:
            json_file.write_text(text, encoding="utf-8")
        except OSError as why:
            raise SettingError(f"{json_file}: {why.strerror}") from None
    _print(pools, caches)
    say_missing(missing)
    if missing:
        raise SystemExit(NOT_ALL)


def _advise_caches(plan: CapacityPlan, missing: dict[str, str]) -> list[CacheAdvice]:
    said = []
    for cache in plan.caches:
        try:
            usage = read_cache(cache)
        except InputError as why:
            missing[f"{cache.service} cache"] = why.detail or str(why)
            continue
        said.append(advise_cache(usage, capacity_max_bytes=cache.capacity_max_bytes))
    return said


def _print(pools: Sequence[Advice], caches: Sequence[CacheAdvice]) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console()
    if pools:
        columns = ("pool", "advice", "utilisation at the peak", "wait at the peak", "why")
        table = Table(*columns, title="Pools", title_justify="left", title_style="bold")
        for one in pools:
            move = _move(one.move, f"{one.present}", f"{one.proposed}")
            name = f"{one.service} {one.resource}"
            table.add_row(name, move, share(one.utilisation), wait(one.wait_s), one.reason)
        console.print(table)
    if caches:
        columns = ("cache", "advice", "hits", "misses left", "why")
        table = Table(*columns, title="Caches", title_justify="left", title_style="bold")
        for cache in caches:
            sizes = (
                f"{one / _MIB:,.0f} MiB" for one in (cache.present_bytes, cache.proposed_bytes)
            )
            row = (share(cache.hit_ratio), share(cache.misses), cache.reason)
            table.add_row(cache.service, _move(cache.move, *sizes), *row)
        console.print(table)


def _move(move: Move, present: str, proposed: str) -> str:
    if move in {Move.ADD, Move.REMOVE}:
        return f"{move}: {present} → {proposed}"
    return f"{move} {present}" if move is Move.KEEP else str(move)
