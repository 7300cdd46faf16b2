"""Campaigns: seeded random faults with quiet stretches between them, and the truth about both."""
