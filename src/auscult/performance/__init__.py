"""Can the listener hear it? What odd figures mean for sound, latency and the audio pipeline.

This room is empty so far: it will hold the monitors of audio quality, streaming latency, pipeline
bottlenecks, and the advice on codec and resources that follows from them.
"""
