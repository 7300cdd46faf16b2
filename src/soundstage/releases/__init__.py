"""Releases of the enhance step that can be rolled out and back; one module each."""
