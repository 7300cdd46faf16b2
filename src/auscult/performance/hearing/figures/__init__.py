"""What is measured: blocks, loudness, peaks, spectra, and what is usual of a figure."""
