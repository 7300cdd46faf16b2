"""Can the listener hear it? Audio quality, latency, bottlenecks and advice."""
