"""What may be done: runbooks, guards and the run as a pure state machine."""
