"""Messages in the outbox: sent again or as a test by a person's word, and held while muted."""
