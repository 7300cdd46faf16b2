"""The show: this platform and the product that watches it, side by side, with scripted faults."""
