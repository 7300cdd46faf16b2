"""`python -m auscult` is `auscult`."""

from auscult.surface.cli import main

if __name__ == "__main__":
    main()
