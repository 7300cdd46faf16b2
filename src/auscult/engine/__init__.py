"""The impure loop: facts, decisions, one commit, effects, timers and jobs."""
