"""Leased work: rows that say what has to be done, taken by workers for a while, found again by one sweep."""
