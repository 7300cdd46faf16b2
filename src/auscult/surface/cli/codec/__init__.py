"""`auscult codec`: advice on codecs and rates; a ladder applied, heard, kept or reverted."""
