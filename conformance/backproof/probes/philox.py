"""The generator of large cases by array arithmetic, for a device: words of Philox 4x64-10, and their 16-bit windows.

Philox (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011) is a function of a counter and a key, so
that each block of four words is computed by itself. Words are int64 in two's complement: sums and products wrap, shifts
to the right are masked. NumPy's `Philox` gives the same words (its first block has the counter 1).
"""

from __future__ import annotations

from typing import Any

MULTIPLIERS = (0xD2E7470EE14C6C93, 0xCA5A826395121157)  # of the words 0 and 2, the paper's M
BUMPS = (0x9E3779B97F4A7C15, 0xBB67AE8584CAA73B)  # added to the key after each round, the paper's W
ROUNDS = 10
HALF = 32
LOW = (1 << HALF) - 1
BYTE, WINDOW = 8, 16


def words(xp: Any, counters: Any, key: tuple[int, int]) -> Any:
    """Return the words of the blocks with these counters, in order, int64 (4 len(counters),).

    xp: the arrays' namespace; counters: int64, each not negative.
    """
    none = xp.zeros_like(counters)
    a, b, c, d = counters, none, none, none
    for turn in range(ROUNDS):
        first, second = (signed(part + turn * bump) for part, bump in zip(key, BUMPS, strict=True))
        (high_a, low_a), (high_c, low_c) = _product(a, MULTIPLIERS[0]), _product(c, MULTIPLIERS[1])
        a, b, c, d = high_c ^ b ^ first, low_c, high_a ^ d ^ second, low_a
    return xp.reshape(xp.stack([a, b, c, d], axis=1), (-1,))


def windows(xp: Any, found: Any) -> Any:
    """Return the 16 bits from each byte of the words on, but for those of the last byte: int64 (8 len(found) - 1,)."""
    following = xp.concat([found[1:], xp.zeros_like(found[:1])])
    parts = [(found >> (BYTE * byte)) & 0xFFFF for byte in range(BYTE - 1)]
    parts.append(((found >> (BYTE * (BYTE - 1))) & 0xFF) | ((following & 0xFF) << BYTE))
    return xp.reshape(xp.stack(parts, axis=1), (-1,))[:-1]


def signed(word: int) -> int:
    """Return a word modulo 2^64 in two's complement."""
    word &= (1 << 64) - 1
    return word - (1 << 64) if word >> 63 else word


def _product(x: Any, factor: int) -> tuple[Any, Any]:
    """Return the high and the low word of x times a constant, both unsigned."""
    low, high = factor & LOW, factor >> HALF
    x_low, x_high = x & LOW, _shifted(x)
    middle = x_high * low + _shifted(x_low * low)
    other = (middle & LOW) + x_low * high
    return x_high * high + _shifted(middle) + _shifted(other), x * signed(factor)


def _shifted(x: Any) -> Any:
    """Return the high half of a word, unsigned."""
    return (x >> HALF) & LOW
