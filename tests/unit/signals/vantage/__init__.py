"""Reports from elsewhere: packed, unpacked, sent."""
