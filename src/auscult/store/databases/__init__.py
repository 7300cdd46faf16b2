"""How each database is opened: pragmas and pools, sessions and roles."""
