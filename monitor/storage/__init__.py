"""Every table, every query, one migration history."""
