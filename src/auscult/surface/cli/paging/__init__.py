"""Whether pages reach people: tested from the command line."""
