"""How long each place usually takes, what it took lately, and whether that is a change."""
