"""Is this odd? Scores, calibration and the alert layer, as pure mathematics."""
