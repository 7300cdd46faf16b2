"""Is someone abusing us? Intrusion, unusual behaviour, floods and injection, told from signals.

This room is empty so far: it will hold the monitors that read access logs, player logs and request
rates the way somebody who defends a platform reads them.
"""
