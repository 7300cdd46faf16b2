"""Settings: looked at, and made of those of others."""
