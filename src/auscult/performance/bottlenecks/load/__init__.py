"""What metrics say of load: queues, processors, event loops."""
