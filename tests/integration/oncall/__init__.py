"""People who are called, by the running product."""
