"""The monitors at work: what came in is shown to them, and what they say becomes findings."""
