"""What people and machines see: API, pages and command line, without a decision."""
