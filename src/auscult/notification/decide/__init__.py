"""Who must know: routes, silences, inhibition and grouping, decided purely."""
