"""The shelf of reports: one file is one plug, and its name is the name in the settings."""
