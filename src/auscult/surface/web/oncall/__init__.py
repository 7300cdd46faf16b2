"""The page of who is on call, its strips of shifts, and what an incident's page says of calls."""
