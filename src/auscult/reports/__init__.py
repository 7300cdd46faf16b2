"""What happened: indicators, service levels, weekly and monthly reports, evidence."""
