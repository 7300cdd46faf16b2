"""What one tenant may see of the sample path, and nothing of another's."""

from pathlib import Path
from typing import Any

import pytest

from auscult.kernel.errors import ObjectMissing
from auscult.kernel.words import TenantId
from auscult.signals import Kind
from tests.unit.engine.bench import ACME
from tests.unit.engine.samples.stream import Stream

BOLT = TenantId("bolt")


def test_a_window_is_its_owners_alone(tmp_path: Path) -> None:
    stream = Stream(tmp_path)
    stream.pour("load", 7.0, service="edge")
    stream.scoring.score()
    window = stream.path.reading.window(ACME, 0)
    assert (dict(window.labels)["service"], window.value) == ("edge", [7.0])
    for tenant, slot in ((BOLT, 0), (ACME, 1), (ACME, -1)):
        with pytest.raises(ObjectMissing):
            stream.path.reading.window(tenant, slot)


def test_a_slot_that_changes_hands_while_it_is_read_shows_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = Stream(tmp_path)
    stream.pour("load", 7.0, service="edge")
    rings, real = stream.scoring.intake.rings, stream.scoring.intake.rings.window

    def window(slot: int) -> Any:
        stream.scoring.registry.retire([slot])
        stream.scoring.slot(BOLT, (("__name__", "secret"),), Kind.GAUGE)
        return real(slot)

    monkeypatch.setattr(rings, "window", window)
    with pytest.raises(ObjectMissing):
        stream.path.reading.window(ACME, 0)
    assert stream.scoring.registry.tenant_of(0) == BOLT
