"""Spans, metrics, log records and player events: taken, kept for a while, and told as series."""
