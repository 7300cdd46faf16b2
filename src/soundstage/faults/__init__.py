"""The shelf of faults: one file each, named as the fault."""
