"""What convinced an observer, as a page shows it: curves drawn here, sounds and pictures."""
