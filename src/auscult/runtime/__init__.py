"""What the process stands on: settings, clock, ids, JSON logs, own metrics and traces."""
