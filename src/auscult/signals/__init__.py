"""What comes in from the platform, turned into columns."""
