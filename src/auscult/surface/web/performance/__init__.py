"""How the platform performs: its stages and programmes now, and the traces of its requests."""
