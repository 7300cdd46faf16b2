"""Is someone abusing us? Intrusion, behaviour, floods and injection."""
