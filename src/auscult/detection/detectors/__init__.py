"""The shelf of detectors: one file is one plug, and its name is the name in the settings."""
