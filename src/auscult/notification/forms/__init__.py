"""How a message looks at each receiver: within its limits, and all of it no more than text."""
