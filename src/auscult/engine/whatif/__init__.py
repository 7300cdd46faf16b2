"""What if the settings were others: recorded incidents, led through the same steps in memory."""
