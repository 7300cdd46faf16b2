"""Findings become one story: dedupe, group, cause, impact and lifecycle."""
