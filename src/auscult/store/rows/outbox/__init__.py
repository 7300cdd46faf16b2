"""The effects of one incident or group of alerts, asked about together."""
