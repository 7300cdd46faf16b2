"""How many threads linear algebra takes: one, because what runs here is many small products."""

import ctypes


def keep_to_one_thread() -> None:
    """Let OpenBLAS work in the calling thread; call it before NumPy is imported for the first time.

    Its threads wait by spinning: beside a busy machine the ear of one stream took three times the
    processor time with two of them. Whoever sets `OPENBLAS_NUM_THREADS` is not overruled. Does
    nothing where the C library cannot.
    """
    set_variable = getattr(ctypes.CDLL(None), "setenv", None)
    if set_variable is not None:
        set_variable(b"OPENBLAS_NUM_THREADS", b"1", 0)
