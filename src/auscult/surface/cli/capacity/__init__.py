"""`auscult capacity`: how large pools and caches should be, and what a change of size brought."""
