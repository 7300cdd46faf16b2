"""The sample path: columns in memory, scored in one pass, with no row and no object per sample."""
