"""Whole faults in whole programmes, heard alone and beside the source."""
