"""Alerts that are sent to auscult: taken in, grouped, and told when a group's time has come."""
