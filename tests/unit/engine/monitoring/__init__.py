"""The monitors at work, on a fake clock."""
