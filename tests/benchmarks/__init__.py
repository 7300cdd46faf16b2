"""Benchmarks: one file each with a `main()`; figures against a floor, a peer or a limit."""
