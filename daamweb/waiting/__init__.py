"""What pages show of leased work while somebody waits for it: one progress, with one address that it asks."""
