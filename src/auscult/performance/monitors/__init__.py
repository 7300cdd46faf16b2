"""The shelf of monitors: one file is one plug, and its name is the name in the settings."""
