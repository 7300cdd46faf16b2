"""The house rules, each one a function that reads a source file and names what breaks it."""
