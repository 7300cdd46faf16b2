"""What happened: indicators, service levels, weekly and monthly reports, evidence for an auditor.

This room is empty so far. A report will be a pure function of rows and a span of time, so that the
same question asked twice has the same answer.
"""
