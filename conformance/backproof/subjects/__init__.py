"""Bundled subjects: one module each, with `make_subject(device)`."""
