"""The command line `backproof`."""
