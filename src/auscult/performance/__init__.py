"""Can the listener hear it? What odd figures mean for sound, latency and the audio pipeline.

`hearing` hears faults of decoded sound. The monitors of audio quality, streaming latency, pipeline
bottlenecks, and the advice on codec and resources that follows from them are still to come.
"""
