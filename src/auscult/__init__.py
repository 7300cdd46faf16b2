"""Auscult listens to a multi-tenant audio-streaming platform, says what is wrong, and heals."""

__version__ = "0.1.0"
