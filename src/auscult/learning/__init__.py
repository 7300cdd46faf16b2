"""Were we right? Feedback becomes training data, and new versions prove themselves before use.

This room is empty so far: it will hold the registry of model versions, shadow and A/B runs, and
promotion and rollback by paired evidence. Training itself is a pure function that engine/ runs.
"""
