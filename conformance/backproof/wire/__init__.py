"""The any-language door: the protocol `backproof/1`, JSON lines on standard input and output (docs/wire.md)."""
