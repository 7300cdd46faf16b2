"""Can the listener hear it? What odd figures mean for sound, latency and the audio pipeline.

`monitors/` is the shelf; the sub-rooms hold the mathematics that its plugs stand on.
"""
