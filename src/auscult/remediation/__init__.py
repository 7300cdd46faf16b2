"""What may be done, within a contract: plan, apply, verify, undo."""
