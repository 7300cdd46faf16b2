"""Were we right? Feedback, versions of models, shadow runs, promotion and rollback."""
