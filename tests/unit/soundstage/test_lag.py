"""How far behind live a stage says it is."""

import pytest

from soundstage.plan import Programme
from soundstage.stages.lag import Lag


def test_lag_is_the_delay_of_the_newest_and_grows_when_none_comes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    live_s = [100.0]
    monkeypatch.setattr(Programme, "live_s", lambda _self: live_s[0])
    lag = Lag(Programme("acme", "x", "pop", seed=1, epoch_ms=0), period_s=1.0)
    assert lag.seconds() == 0.0  # a stage that has just begun has missed nothing
    live_s[0] = 103.25
    assert lag.seconds() == pytest.approx(2.0)
    lag.note(102)  # complete at 103.0
    assert lag.seconds() == pytest.approx(0.25)
    live_s[0] = 104.4  # between two chunks it stays as it is
    assert lag.seconds() == pytest.approx(0.25)
    lag.note(101)
    assert lag.seconds() == pytest.approx(0.25)
    live_s[0] = 113.5
    assert lag.seconds() == pytest.approx(0.25 + 9.0)
    lag.begin()
    assert lag.seconds() == 0.0
