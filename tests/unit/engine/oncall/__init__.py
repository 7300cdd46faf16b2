"""Being on call while the engine runs."""
