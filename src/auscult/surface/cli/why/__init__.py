"""`auscult why` and `auscult whatif`: who was told and why, and who would have been."""
