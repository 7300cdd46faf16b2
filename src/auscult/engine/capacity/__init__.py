"""Advice on pools and caches, from what a Prometheus and access logs know, and its effect."""
