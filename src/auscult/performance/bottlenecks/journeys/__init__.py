"""Spans as journeys: kept until they are whole, joined, and told as visits of places."""
