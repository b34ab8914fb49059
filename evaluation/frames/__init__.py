"""The only gate from the database to data frames: plain values, in chunks, never ORM objects."""
