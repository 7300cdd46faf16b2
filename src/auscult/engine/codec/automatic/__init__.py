"""Ladders advised, tried and judged by auscult itself, as often as a tenant's settings say."""
