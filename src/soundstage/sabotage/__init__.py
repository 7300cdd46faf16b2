"""How faults are described, switched on, withdrawn and recorded; the faults lie on a shelf."""
