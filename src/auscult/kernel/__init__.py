"""The words of the product: what every other room speaks, and nothing that acts.

Everything here is a value. No clock, no randomness, no file, no network: time comes in
as milliseconds since the Unix epoch, identifiers come in ready made.
"""
