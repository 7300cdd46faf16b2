"""The event path: a fact comes in, is decided on purely, and is durable before anyone is told."""
