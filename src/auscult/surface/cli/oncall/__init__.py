"""`auscult oncall`: who is on call, what is wrong with the schedules, and a schedule as iCal."""
