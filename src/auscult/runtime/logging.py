"""JSON lines on stderr: timestamp, level, event, logger, and what is bound around them.

structlog is loaded with the first line that is written, not with the module.
"""

import logging
import sys
import threading
from collections.abc import Callable, MutableMapping
from contextlib import AbstractContextManager
from typing import Any, Literal, TextIO

Level = Literal["debug", "info", "warning", "error"]
Fields = MutableMapping[str, Any]
Redact = Callable[[dict[str, Any]], dict[str, Any]]

VALUE_CHARS_MAX = 4000
_FIRST = ("timestamp", "level", "event", "logger")
_RANKS = {"debug": 10, "info": 20, "warning": 30, "error": 40}
_configuring = threading.Lock()
_is_configured = False


class Log:
    """A named logger; an event is a sentence, what it speaks of are fields."""

    def __init__(self, name: str) -> None:
        """Take the name shown as `logger`."""
        self.name = name

    def debug(self, event: str, **fields: object) -> None:
        """Write what only its author wants to know."""
        self._write("debug", event, fields)

    def info(self, event: str, **fields: object) -> None:
        """Write what is as it should be."""
        self._write("info", event, fields)

    def warning(self, event: str, **fields: object) -> None:
        """Write what will need a person if it goes on."""
        self._write("warning", event, fields)

    def error(self, event: str, **fields: object) -> None:
        """Write what went wrong; `exc_info=error` adds its traceback."""
        self._write("error", event, fields)

    def _write(self, level: Level, event: str, fields: dict[str, object]) -> None:
        import structlog

        if not _is_configured:
            configure_logs()
        getattr(structlog.get_logger(), level)(event, **{**fields, "logger": self.name})


def logger(name: str) -> Log:
    """Return the logger of a room (`engine.courier`)."""
    return Log(name)


def bound(**fields: object) -> AbstractContextManager[None]:
    """Bind fields (`tenant`, `incident`, `trace_id`) to every line written inside."""
    import structlog

    return structlog.contextvars.bound_contextvars(**fields)


def configure_logs(
    *,
    redact: Redact = dict,
    level: Level = "info",
    console: bool = False,
    stream: TextIO | None = None,
) -> None:
    """Write lines of at least `level` to `stream` (stderr), for machines or for a person.

    `redact` comes from the vault and sees the whole line just before it is written. Lines of
    third parties take the same way, from `warning` on.
    """
    import structlog

    chain: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _in_order,
        _shorten,
        lambda _logger, _method, fields: redact(dict(fields)),
    ]
    renderer: Any = (
        structlog.dev.ConsoleRenderer(colors=False)
        if console
        else structlog.processors.JSONRenderer(default=str, ensure_ascii=False)
    )
    global _is_configured  # noqa: PLW0603 (logging is one per process)
    with _configuring:
        structlog.configure(
            processors=[*chain, renderer],
            wrapper_class=structlog.make_filtering_bound_logger(_RANKS[level]),
            logger_factory=lambda *_names: _Lines(stream),
            cache_logger_on_first_use=False,
        )
        _adopt_third_parties(chain, renderer, level=level, stream=stream)
        _is_configured = True


def _adopt_third_parties(
    chain: list[Any],
    renderer: Any,  # noqa: ANN401 (one of structlog's)
    *,
    level: Level,
    stream: TextIO | None,
) -> None:
    import structlog

    handler = _Handler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *chain,
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [old for old in root.handlers if not isinstance(old, _Handler)] + [handler]
    root.setLevel(max(_RANKS[level], logging.WARNING))
    logging.captureWarnings(capture=False)  # whoever put the hook back since is overruled
    logging.captureWarnings(capture=True)


class _Handler(logging.StreamHandler[TextIO]):
    """The handler of third parties' lines, known by its class when it is replaced."""


class _Lines:
    """Writes one line at a time; a reader that went away is no reason to stop working."""

    _lock = threading.Lock()

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream

    def msg(self, line: str) -> None:
        stream = self._stream or sys.stderr
        with self._lock:
            try:
                stream.write(line + "\n")
                stream.flush()
            except (OSError, ValueError):  # the pipe or file is closed: there is no one to tell
                return

    debug = info = warning = error = msg


def _in_order(_logger: object, _method: str, fields: Fields) -> Fields:
    first = {key: fields.pop(key) for key in _FIRST if key in fields}
    return {**first, **fields}


def _shorten(_logger: object, _method: str, fields: Fields) -> Fields:
    for key, value in fields.items():
        if isinstance(value, str) and len(value) > VALUE_CHARS_MAX:
            fields[key] = f"{value[:VALUE_CHARS_MAX]}… ({len(value)} characters)"
    return fields
