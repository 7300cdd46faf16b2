"""Each fault really changes behaviour, honest metrics show it, and it is undone."""

import signal
import subprocess
import time

from soundstage.sabotage.injection import aim
from soundstage.supervision.rpc import Supervisor
from soundstage.truth import read_truths
from tests.integration.soundstage.platform import COMMAND, Living, environment, run, until

PLAYLIST = "/live/acme/charts/playlist.m3u8"


def took_s(living: Living, process: str, path: str) -> float:
    began = time.monotonic()
    assert living.get(process, path, timeout_s=5)[0] == 200
    return time.monotonic() - began


def healthy(living: Living, process: str) -> None:
    until(lambda: living.get(process, "/healthz")[0] == 200, within_s=20, what=f"{process} up")


def test_kill(living: Living) -> None:
    supervisor = Supervisor(living.plan.supervisor_socket)
    pid = supervisor.states()["encode"][1]
    with aim(living.state, "kill", seconds=5):
        until(lambda: supervisor.states()["encode"][0] == "EXITED", within_s=20)
        assert living.get("encode", "/healthz")[0] == 0
        until(
            lambda: living.value(
                "package", "soundstage_upstream_requests_total", outcome="unreachable"
            ),
            within_s=20,
            what="the next stage notices",
        )
    healthy(living, "encode")
    assert supervisor.states()["encode"][1] not in {0, pid}


def test_hang(living: Living) -> None:
    with aim(living.state, "hang", target="enhance", seconds=5) as injection:
        assert living.get("enhance", "/healthz", timeout_s=0.5)[0] == 0
        assert injection.handle.still_stopped()
    healthy(living, "enhance")


def test_hang_leaves_a_restarted_process_alone(living: Living) -> None:
    with aim(living.state, "hang", target="listeners-birch", seconds=5):
        supervisor = Supervisor(living.plan.supervisor_socket)
        supervisor.stop("listeners-birch")
        supervisor.start("listeners-birch")
        restarted = supervisor.states()["listeners-birch"]
    healthy(living, "listeners-birch")
    assert supervisor.states()["listeners-birch"][1] == restarted[1]


def test_cpu(living: Living) -> None:
    healthy(living, "package")
    before = living.plain("package", "process_cpu_seconds_total")
    with aim(living.state, "cpu", target="package", seconds=10):
        time.sleep(0.3)
        slow_s = max(took_s(living, "package", "/healthz") for _ in range(3))
        burnt = living.plain("package", "process_cpu_seconds_total") - before
    assert slow_s > 0.25
    assert burnt > 0.1
    until(lambda: took_s(living, "package", "/healthz") < 0.2, within_s=20, what="quick again")


def test_delay(living: Living) -> None:
    healthy(living, "package")
    with aim(living.state, "delay", seconds=10, parameters={"delay_ms": 700}):
        assert took_s(living, "package", PLAYLIST) > 0.7
        # The health check does not notice, as health checks often do not.
        until(lambda: took_s(living, "package", "/healthz") < 0.5, within_s=20)
    until(lambda: took_s(living, "package", PLAYLIST) < 0.5, within_s=20, what="quick again")


def test_error_burst(living: Living) -> None:
    counted = living.value("edge", "soundstage_requests_total", code="503")
    with aim(living.state, "error_burst", seconds=10):
        codes = [living.get("edge", PLAYLIST)[0] for _ in range(10)]
    assert 3 <= codes.count(503) <= 7
    assert living.value("edge", "soundstage_requests_total", code="503") >= counted + 3
    until(lambda: living.get("edge", PLAYLIST)[0] == 200, within_s=20)
    assert all(living.get("edge", PLAYLIST)[0] == 200 for _ in range(5))


def test_leak(living: Living) -> None:
    def rss_mb() -> float:
        return living.plain("enhance", "process_resident_memory_bytes") / 1e6

    before = rss_mb()
    parameters = {"mb_per_second": 200, "up_to_mb": 80}
    with aim(living.state, "leak", seconds=10, parameters=parameters):
        until(lambda: rss_mb() > before + 60, within_s=20, what="memory grows")
        time.sleep(0.3)
        assert rss_mb() < before + 120
    until(lambda: rss_mb() < before + 30, within_s=20, what="memory is given back")


def test_bad_release(living: Living) -> None:
    def mean_step_s() -> float:
        worked = living.value("enhance", "soundstage_step_seconds_count")
        return living.value("enhance", "soundstage_step_seconds_sum") / worked if worked else 0.0

    with aim(living.state, "bad_release", seconds=90):
        until(lambda: living.release("enhance") == "v2", within_s=20)
        until(  # it refuses loud passages, which come as the programmes have them
            lambda: living.value("enhance", "soundstage_chunks_total", outcome="failed") >= 2,
            within_s=45,
            what="chunks fail",
        )
        until(lambda: mean_step_s() > 0.05, within_s=20, what="steps of the new release are slow")
    until(lambda: living.release("enhance") == "v1", within_s=20)
    assert living.get("enhance", "/healthz")[0] == 200


def test_a_fault_ends_by_itself_when_its_injector_is_gone(living: Living) -> None:
    injection = aim(living.state, "delay", target="edge", seconds=1.0)
    injection.begin()
    assert b"delay" in living.get("edge", "/control/fault")[1]
    until(
        lambda: b"delay" not in living.get("edge", "/control/fault")[1], within_s=20, what="timeout"
    )


def test_interrupting_the_command_withdraws_the_fault_and_records_it(living: Living) -> None:
    words = ["fault", "error_burst", "--state", str(living.state), "--seconds", "60"]
    with subprocess.Popen(
        [*COMMAND, *words, "--set", "share=1.0"],
        env=environment(),
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        until(lambda: living.get("edge", PLAYLIST)[0] == 503, within_s=20, what="the fault")
        child.send_signal(signal.SIGINT)
        out, _ = child.communicate(timeout=5)
    assert "withdrawn" in out
    assert living.get("edge", PLAYLIST)[0] == 200
    last = read_truths(living.state)[-1]
    assert (last.name, last.target, last.parameters) == ("error_burst", "edge", {"share": 1.0})
    assert 0 < last.ended_ms - last.started_ms < 10_000


def test_wrong_faults_are_refused_in_one_line(living: Living) -> None:
    for words in (["nope"], ["kill", "--target", "moon"], ["delay", "--set", "delay_ms=x"]):
        refused = run("fault", *words, "--state", str(living.state))
        assert refused.returncode == 1
        assert refused.stderr.startswith("soundstage: ")
        assert refused.stderr.count("\n") == 1
