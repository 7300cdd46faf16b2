"""Messages in the outbox by a person's word: sent again, or sent as a test."""
