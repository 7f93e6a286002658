"""Regeneration: every vector and golden rebuilt aside, reviewed, and only then put in place, one tree at a time.

Interrupted at any moment, even killed, the tree is as it was: what is written aside stands in a folder that git
ignores, and a tree is exchanged for its new version in one step.
"""

from backproof.regen.regenerate import regenerate

__all__ = ["regenerate"]
