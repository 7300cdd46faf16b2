"""What is listened for: one class per fault, each taking block after block."""
