"""Who is on call: schedules and escalation levels, as pure calendars."""
