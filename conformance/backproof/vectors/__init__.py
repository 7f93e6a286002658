"""Vectors: cases with their exact expected values, for programs that never run our Python. Made, verified, judged."""
