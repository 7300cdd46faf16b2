"""What is said: an incident turned into the text and fields of a message."""
