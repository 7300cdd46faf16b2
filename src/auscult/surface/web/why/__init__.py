"""The page that answers why somebody was told of an incident, or was not."""
