"""The show and the real product: everything it can hear really comes in."""

import json
import signal
import subprocess
import sys
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.integration.soundstage.platform import COMMAND, environment, processes_of, until
from tests.product import BIN

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


@contextmanager
def start_show(state: Path) -> Iterator[str]:
    """The show without faults; yields where the product answers."""
    words = ["show", "--no-faults", "--json", "--state", str(state)]
    with subprocess.Popen(
        [*COMMAND, *words],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as child:
        try:
            assert child.stdout
            said = []
            for line in child.stdout:
                said.append(line)
                event = json.loads(line) if line.startswith("{") else {}
                if event.get("event") == "page":
                    break
            else:
                raise AssertionError(f"no page: {said}")
            yield str(event["url"]).rstrip("/")
        finally:
            child.send_signal(signal.SIGINT)
            child.communicate(timeout=30)


def make_key(state: Path) -> str:
    words = [str(BIN / "auscult"), "tenant", "add", "platform", "-c", str(state / "auscult.yaml")]
    done = subprocess.run(
        [*words, "--print-key"],
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout.split()[-1]


def ask(url: str, key: str) -> Any:
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {key}"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def taken(url: str, protocol: str) -> float:
    with urllib.request.urlopen(f"{url}/metrics", timeout=10) as answer:
        lines = answer.read().decode().splitlines()
    name = f'auscult_bodies_total{{protocol="{protocol}",result="taken"}}'
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(name))


@pytest.mark.skipif(sys.platform != "linux", reason="processes are looked up in /proc")
def test_probes_log_spans_and_plays_reach_the_product(state: Path) -> None:
    with start_show(state) as url:
        key = make_key(state)

        def sources() -> Counter[str]:
            told = ask(f"{url}/api/v1/coverage", key)["sources"]
            heard = [one for one in told if one["healthy"] and one["last_sample_ms"]]
            return Counter(one["use"] for one in heard)

        wanted = {"probe": 10, "access_log": 1, "scrape": 8}
        until(lambda: sources() == wanted, within_s=120, what=f"every source is healthy: {wanted}")

        def services() -> set[str]:
            traces = ask(f"{url}/api/v1/traces?limit=50", key)["traces"]
            return {service for trace in traces for service in trace["services"]}

        way = {"ingest", "enhance", "encode", "package", "edge", "listeners"}
        until(lambda: services() >= way, within_s=60, what="spans of every stage")
        until(lambda: taken(url, "players"), within_s=30, what="events of players")
        assert taken(url, "otlp_traces") > 0
    until(lambda: not processes_of(state), within_s=10, what="nothing is left")
