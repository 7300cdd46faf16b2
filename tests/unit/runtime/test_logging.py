"""Lines are JSON in a fixed order, carry what is bound, and pass the redactor before they leave."""

import io
import json
import logging as stdlib_logging
import subprocess
import sys
import threading
import warnings
from typing import Any

from auscult.runtime.logging import VALUE_CHARS_MAX, bound, configure_logs, logger
from auscult.vault.redaction import redact_fields

log = logger("engine.desk")


def written(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_has_its_fields_in_order_and_what_is_bound() -> None:
    stream = io.StringIO()
    configure_logs(stream=stream)
    with bound(tenant="acme", incident="i1"):
        log.info("an incident opened", n=3)
    log.warning("over")
    first, second = written(stream)
    assert list(first)[:4] == ["timestamp", "level", "event", "logger"]
    assert first["timestamp"].endswith("Z")
    assert {**first, "timestamp": 0} == {
        "timestamp": 0,
        "level": "info",
        "event": "an incident opened",
        "logger": "engine.desk",
        "tenant": "acme",
        "incident": "i1",
        "n": 3,
    }
    assert "tenant" not in second


def test_lines_below_the_level_are_not_written() -> None:
    stream = io.StringIO()
    configure_logs(stream=stream, level="warning")
    log.info("no")
    log.debug("no")
    log.error("yes")
    assert [line["event"] for line in written(stream)] == ["yes"]


def test_the_redactor_sees_fields_bound_values_and_tracebacks() -> None:
    stream = io.StringIO()
    configure_logs(stream=stream, redact=redact_fields)
    error = ValueError("Authorization: Bearer hunter2hunter2")
    with bound(url="https://u:hunter2@h/"):
        log.error("broke with ak_hunter2hunter2", exc_info=error, password="hunter2")
    assert "hunter2" not in stream.getvalue()
    assert "ValueError" in written(stream)[0]["exception"]


def test_a_line_stays_a_line_and_is_bounded() -> None:
    stream = io.StringIO()
    configure_logs(stream=stream)
    log.info("one\ntwo", body="x" * 100_000, odd=object())
    (line,) = written(stream)
    assert line["event"] == "one\ntwo"
    assert len(line["body"]) < VALUE_CHARS_MAX + 100


def test_third_parties_and_warnings_take_the_same_way() -> None:
    stream = io.StringIO()
    configure_logs(stream=stream, redact=redact_fields)
    stdlib_logging.getLogger("uvicorn.error").warning("token=%s", "hunter2hunter2")
    stdlib_logging.getLogger("uvicorn.access").info("GET /")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("old", DeprecationWarning, stacklevel=1)
    lines = written(stream)
    assert [line["logger"] for line in lines] == ["uvicorn.error", "py.warnings"]
    assert lines[0]["event"] == "token=***"
    assert lines[0]["level"] == "warning"


def test_for_a_person_lines_are_plain_text() -> None:
    stream = io.StringIO()
    configure_logs(stream=stream, console=True)
    log.info("ready", page="http://x")
    assert "ready" in stream.getvalue()
    assert not stream.getvalue().startswith("{")


def test_a_reader_that_went_away_stops_nothing() -> None:
    stream = io.StringIO()
    configure_logs(stream=stream)
    stream.close()
    log.info("nobody hears this")
    heard = io.StringIO()
    configure_logs(stream=heard)
    log.info("somebody hears this")
    assert [line["event"] for line in written(heard)] == ["somebody hears this"]


def test_threads_do_not_mix_their_lines() -> None:
    stream = io.StringIO()
    configure_logs(stream=stream)

    def write() -> None:
        for n in range(200):
            log.info("x", n=n)

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(written(stream)) == 800


def test_without_configuration_lines_go_to_stderr_as_json() -> None:
    code = "from auscult.runtime.logging import logger; logger('x').info('hello')"
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert ended.stdout == ""
    assert json.loads(ended.stderr)["event"] == "hello"
