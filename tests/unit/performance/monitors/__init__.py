"""The monitors, by what they say of known signals."""
