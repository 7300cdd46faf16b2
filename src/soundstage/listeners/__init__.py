"""Simulated listeners: they really fetch, buffer, and decode what they hear."""
