"""The pace of the platform: how much sound is handed on at a time."""

CHUNK_MS = 1_000
"""Length of a chunk, the unit in which stages hand audio on."""

CHUNKS_PER_SEGMENT = 2
"""Chunks in a segment, the unit listeners fetch."""

SEGMENT_S = CHUNKS_PER_SEGMENT * CHUNK_MS / 1_000
