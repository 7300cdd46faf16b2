"""What one OTLP request may bring: every limit of the room in one place."""

UNPACKED_BYTES_MAX = 16 << 20
"""A body once unpacked: while it is read its messages take up to forty times as much."""

METRIC_BYTES_MAX = 4 << 20
"""One metric with all its points."""

JSON_BYTES_MAX = 4 << 20
"""JSON becomes plain values first, which take some ten times as much as its text."""

SPANS_MAX = 50_000
POINTS_MAX = 100_000
RECORDS_MAX = 100_000
RESOURCES_MAX = 2_000
"""Spans, data points, log records, and resources with scopes, of one request."""

SPAN_BYTES_MAX = 256 << 10
ATTRIBUTES_MAX = 128
"""OpenTelemetry's own default limit of attributes (specification, "Attribute Limits")."""

DEPTH_MAX = 64
BUCKETS_MAX = 160
"""Buckets of one histogram point that become series; of one with more, count and sum alone."""
