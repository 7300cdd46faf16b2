"""A ladder that was advised, tried and kept, as the engine leaves it in the store."""

import json
from typing import Any

import numpy as np

from auscult.engine.codec.advising import Report
from auscult.engine.codec.papers import write_paper
from auscult.kernel.words import TenantId
from auscult.performance.codec import Quality, Rung
from auscult.performance.codec.advice import Title, Wishes, advise
from auscult.store import LadderRow, Work

SCORES = {24: 3.6, 48: 4.4, 64: 4.6, 96: 4.8, 128: 4.9}
HEARD = {"stream": "acme/charts", "measure": "bands", "worst_channel": 4.5, "width_loss_db": 0.0}


def a_paper(*names: str) -> dict[str, Any]:
    """The advice on titles of these names, as `auscult codec advise --json` writes it."""
    titles = [
        Title(name, 60.0, ({
            Rung("opus", rate): (rate * 1.1, Quality("bands", score - at * 0.02, score - 0.1, 0.0))
            for rate, score in SCORES.items()
        },))
        for at, name in enumerate(names)
    ]  # fmt: skip
    listeners = np.array([60.0, 300.0, 900.0])
    wishes = Wishes(listeners, needed=4.5, steps=2)
    return write_paper(Report(advise(titles, wishes), {}, {}), listeners)


def put_ladder(work: Work, tenant: TenantId, name: str, **told: Any) -> None:
    """Keep a ladder that was kept; `name` is its title, and stands in its reason."""
    body = {
        "why": f"28.1% fewer bytes, as good as promised: {name}",
        "deeds": [[1_000, "codec.applying", "opus 64k on trial"], [9_000, "codec.kept", name]],
        "ladder": ["opus:128"],
        "advised": ["opus:64"],
        "audience": "3 throughputs of the settings",
        "measure": "bands",
        "worst_score": 4.6,
        "expected_share": 0.3,
        "saved_share": 0.281,
        "before": [HEARD | {"kbps": 141.0, "score": 4.9, "why": ""}],
        "after": [HEARD | {"kbps": 72.0, "score": None, "why": "nothing was heard"}],
    } | told
    rows = work.of(tenant).ladders
    rows.put(LadderRow("01LADDER", "kept", 1_000, 9_000, body))
    rows.set_advice("01LADDER", json.dumps(a_paper(name, "another")))
