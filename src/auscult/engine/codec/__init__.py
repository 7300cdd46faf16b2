"""Codec advice in practice: files tried in worker processes, ladders applied and listened to."""
