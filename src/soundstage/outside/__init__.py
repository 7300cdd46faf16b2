"""The world around the platform: the network between its stages, and strangers at its edge."""
