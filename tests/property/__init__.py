"""Properties, searched for counter-examples."""
