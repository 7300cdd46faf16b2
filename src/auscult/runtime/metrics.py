"""Auscult's own metrics, one registry, every name documented in docs/metrics.md.

No label takes a value from outside: `route` is a route's template, `plug` and `source` are file
names on a shelf, `reason` is a word of the code. No tenant is a label value: there may be
thousands of them.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

_FAST_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """Every metric as an attribute: `metrics.samples_refused.labels(reason="duplicate").inc()`."""

    def __init__(self, registry: "CollectorRegistry | None" = None) -> None:
        """Register in a registry of its own, or in the given one."""
        from prometheus_client import CollectorRegistry, GCCollector, ProcessCollector

        self.registry = registry or CollectorRegistry()
        ProcessCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        self._make_samples()
        self._make_events()
        self._make_process()

    def render(self, accept: str = "") -> tuple[bytes, str]:
        """Return the exposition and its content type, OpenMetrics where it is asked for."""
        from prometheus_client.exposition import choose_encoder

        encode, content_type = choose_encoder(accept)
        return encode(self.registry), content_type

    def _make_samples(self) -> None:
        from prometheus_client import Counter, Gauge, Histogram

        to = self.registry
        self.bodies = Counter(
            "auscult_bodies", "Bodies received.", ["protocol", "result"], registry=to
        )
        self.decode_seconds = Histogram(
            "auscult_decode_seconds",
            "Decoding one body.",
            ["protocol"],
            buckets=_FAST_S,
            registry=to,
        )
        self.samples_accepted = Counter(
            "auscult_samples_accepted", "Samples taken.", ["source"], registry=to
        )
        self.samples_refused = Counter(
            "auscult_samples_refused", "Samples not taken.", ["reason"], registry=to
        )
        self.spans_accepted = Counter("auscult_spans_accepted", "Spans taken.", registry=to)
        self.spans_refused = Counter(
            "auscult_spans_refused", "Spans not taken.", ["reason"], registry=to
        )
        self.samples_scored = Counter(
            "auscult_samples_scored", "Samples the scorer has seen.", registry=to
        )
        self.score_seconds = Histogram(
            "auscult_score_seconds", "One pass of the scorer.", buckets=_FAST_S, registry=to
        )
        self.score_failures = Counter(
            "auscult_score_failures", "Passes of the scorer that failed.", registry=to
        )
        self.look_seconds = Histogram(
            "auscult_look_seconds",
            "One look of a monitor.",
            ["monitor"],
            buckets=_FAST_S,
            registry=to,
        )
        self.look_failures = Counter(
            "auscult_look_failures", "Looks of a monitor that failed.", ["monitor"], registry=to
        )
        self.remarks_untold = Counter(
            "auscult_remarks_untold",
            "Remarks not told at a look, too many others of the tenant being open.",
            ["monitor"],
            registry=to,
        )
        self.sounds_dropped = Counter(
            "auscult_sounds_dropped", "Sound that nobody listened to.", ["reason"], registry=to
        )
        self.series = Gauge("auscult_series", "Series by state.", ["state"], registry=to)
        self.scrapes = Counter("auscult_scrapes", "Scrapes done.", ["result"], registry=to)
        self.snapshot_age_seconds = Gauge(
            "auscult_snapshot_age_seconds", "Age of the newest snapshot.", registry=to
        )

    def _make_events(self) -> None:
        from prometheus_client import Counter, Gauge, Histogram

        to = self.registry
        self.findings = Counter(
            "auscult_findings", "Findings reported.", ["seen_by", "phase"], registry=to
        )
        self.facts_accepted = Counter(
            "auscult_facts_accepted", "Facts made durable.", ["fact"], registry=to
        )
        self.facts_dropped = Counter(
            "auscult_facts_dropped", "Findings given up with the store away.", registry=to
        )
        self.facts_failed = Counter(
            "auscult_facts_failed", "Facts no decision could be made on.", registry=to
        )
        self.defects = Counter(
            "auscult_defects", "Unforeseen errors that a part went on over.", ["part"], registry=to
        )
        self.incidents_open = Gauge(
            "auscult_incidents_open", "Incidents not resolved.", ["status"], registry=to
        )
        self.effects_pending = Gauge(
            "auscult_effects_pending", "Effects not yet done.", registry=to
        )
        self.effects_overdue = Gauge(
            "auscult_effects_overdue", "Effects owed for 30 s; must be 0.", registry=to
        )
        self.timers_overdue = Gauge(
            "auscult_timers_overdue", "Timers 5 s late; must be 0.", registry=to
        )
        self.heartbeats = Counter(
            "auscult_heartbeats", "Heartbeats to the watchdog.", ["result"], registry=to
        )
        self.effect_attempts = Counter(
            "auscult_effect_attempts", "Attempts at effects.", ["plug", "result"], registry=to
        )
        self.calendar_reads = Counter(
            "auscult_calendar_reads", "Reads of on-call calendars.", ["result"], registry=to
        )
        self.commit_seconds = Histogram(
            "auscult_commit_seconds", "One commit of the store.", buckets=_FAST_S, registry=to
        )

    def _make_process(self) -> None:
        from prometheus_client import Counter, Gauge, Histogram

        to = self.registry
        self.http_requests = Counter(
            "auscult_http_requests", "Requests answered.", ["route", "method", "code"], registry=to
        )
        self.http_seconds = Histogram(
            "auscult_http_seconds", "Answering a request.", ["route"], buckets=_FAST_S, registry=to
        )
        self.live_clients = Gauge(
            "auscult_live_clients", "Pages that listen for events.", registry=to
        )
        self.loop_lag_seconds = Histogram(
            "auscult_loop_lag_seconds",
            "How late the event loop runs.",
            buckets=_FAST_S,
            registry=to,
        )
        self.settings_reloads = Counter(
            "auscult_settings_reloads", "Reloads of the settings.", ["result"], registry=to
        )
