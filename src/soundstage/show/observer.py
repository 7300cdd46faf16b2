"""Tells each incident, each page and each healing as they happen."""

import asyncio
from collections.abc import Callable, Sequence

from soundstage.show.ledger import NOTE, Broken, Found, match
from soundstage.show.voice import Voice
from soundstage.show.watcher import Watcher

POLL_S = 0.5


class Observer:
    """Keeps what the product found since the show began."""

    def __init__(
        self, watcher: Watcher, voice: Voice, faults: Callable[[], Sequence[Broken]]
    ) -> None:
        """Follow incidents through ``watcher`` and tell them against ``faults``."""
        self.found: dict[str, Found] = {}
        self._watcher, self._voice, self._faults = watcher, voice, faults
        self._told_runs: set[str] = set()

    async def follow(self, since_ms: int, *, link: Callable[[str], str]) -> None:
        """Look twice a second, for ever."""
        while True:
            await self.look(since_ms, link=link)
            await asyncio.sleep(POLL_S)

    async def look(self, since_ms: int, *, link: Callable[[str], str]) -> None:
        """Read what is new and tell it once."""
        for listed in await self._watcher.incidents(since_ms=since_ms):
            known = self.found.get(listed.id)
            if known and known.resolved_ms and listed.resolved_ms:
                continue
            incident = await self._watcher.incident(listed)
            if incident.severity == NOTE:
                continue
            self.found[incident.id] = incident
            if known is None:
                self._tell_found(incident, link(incident.id))
            self._tell_runs(incident)
            if incident.resolved_ms and not (known and known.resolved_ms):
                lasted_s = (incident.resolved_ms - incident.opened_ms) / 1_000
                self._voice.stamp(
                    "resolved",
                    f"✓ over after {lasted_s:.0f} s: {incident.headline}",
                    incident=incident.id,
                    seconds=lasted_s,
                )

    def of(self, fault: Broken) -> Found | None:
        """Return the incident that belongs to a fault."""
        faults = self._faults()
        for number, index in match(faults, list(self.found.values())).items():
            if faults[index] is fault:
                return self.found[number]
        return None

    def _tell_found(self, incident: Found, link: str) -> None:
        faults = self._faults()
        index = match(faults, list(self.found.values())).get(incident.id)
        if index is None:
            how, after_s = "incident that no fault here explains", None
        else:
            after_s = round((incident.opened_ms - faults[index].started_ms) / 1_000, 1)
            how = f"found after {after_s:g} s"
        self._voice.stamp(
            "incident",
            f"◆ {how}: {incident.headline}\n         {link}",
            incident=incident.id,
            headline=incident.headline,
            seconds_to_detection=after_s,
            fault=faults[index].name if index is not None else None,
        )

    def _tell_runs(self, incident: Found) -> None:
        for run in incident.runs:
            key = f"{run.get('id')}:{run.get('state')}"
            if key in self._told_runs or not run.get("ended_ms"):
                continue
            self._told_runs.add(key)
            took_s = round((run["ended_ms"] - incident.opened_ms) / 1_000, 1)
            healed = run.get("state") == "healed"
            word = "✓ healed" if healed else f"remediation {run.get('state')}"
            self._voice.stamp(
                "healed" if healed else "remediation",
                f"{word} after {took_s:g} s: {run.get('runbook')} ({run.get('target')})",
                incident=incident.id,
                seconds_to_heal=took_s,
                state=run.get("state"),
            )
