"""Pages for people: the report, the matrix and the badge, each one self-contained file that needs no network."""
