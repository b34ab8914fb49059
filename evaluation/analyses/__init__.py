"""The analyses of the paper, a folder each: analysis → figures → section. They know of no database."""
