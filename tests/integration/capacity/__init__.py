"""Advice on capacity from real servers: what was asked, what came of it."""
