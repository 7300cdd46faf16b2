"""Who must know, when and how: routes, messages and channels."""
