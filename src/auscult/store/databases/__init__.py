"""How each database is addressed and opened: pragmas and pools, sessions and roles."""
