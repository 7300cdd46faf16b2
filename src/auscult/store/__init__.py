"""Rows on SQLite or PostgreSQL: transactions, claims, timers, audit chain and migrations."""
