"""Messages in the outbox: in hand, held while muted, outdated, sent again or as a test."""
