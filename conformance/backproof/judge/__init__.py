"""The judge: presence, then local, then end to end, then the own reported loss; pass only if error <= bound."""
