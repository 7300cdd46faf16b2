"""From samples to evidence: dense state, one vectorised pass over it, seasons and calibration."""
