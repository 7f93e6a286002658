"""Arrays on the wire: nested lists, or base64 of little-endian IEEE numbers or files where both sides speak it.

A finite number is a JSON number with as many digits as it needs to come back unchanged; the others are the strings
"NaN", "Infinity" and "-Infinity". A float32 number is written as the float64 that equals it.
"""

from __future__ import annotations

import base64
import binascii
import math
from typing import Any

import numpy as np

from backproof.wire.complaint import refuse, shown
from backproof.wire.files import MOST_DIMENSIONS, Files

Array = np.ndarray[Any, Any]

NOT_FINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
DTYPES = (
    "float64",
    "float32",
    "float16",
    "bool",
    *(f"{kind}{bits}" for kind in ("int", "uint") for bits in (8, 16, 32, 64)),
)
PACKED = {"dtype", "shape", "base64"}


def write_array(values: Any, *, packed: bool, files: Files | None = None, author: str = "case") -> Any:
    """Return an array as JSON-ready data; packed: as base64; files: where a large one goes; author: of its file."""
    array = np.asarray(values)
    large = files is not None and array.size > files.above
    name = array.dtype.name
    if (packed or large) and name not in DTYPES:
        refuse("array", f"one of {', '.join(DTYPES)}", name, "convert it before you show it")
    if files is not None and large:
        return files.write(array, author)
    if packed:
        small = array.astype(array.dtype.newbyteorder("<"), copy=False)
        text = base64.b64encode(small.tobytes(order="C")).decode("ascii")
        return {"dtype": name, "shape": list(array.shape), "base64": text}
    plain = array.tolist()
    return plain if array.dtype.kind != "f" or np.isfinite(array).all() else _named(plain)


def _named(value: Any) -> Any:
    if isinstance(value, list):
        return [_named(item) for item in value]
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def read_array(value: Any, where: str, *, packed: bool, files: Files | None = None) -> Any:
    """Return numbers as nested lists of floats, or the array that base64 or a file holds.

    where: the field, for messages; packed: whether base64 was declared; files: those of the request, if npy was.
    The shape is not judged here. Raises WireError for anything that is neither a number nor a list of them.
    """
    if isinstance(value, dict) and "npy" in value:
        if files is None:
            advice = 'declare "capabilities": ["npy"] in the hello, or show lists'
            refuse(where, "a list of numbers", shown(value), advice)
        return files.read(value, where)
    if isinstance(value, dict):
        if not packed:
            advice = 'declare "capabilities": ["base64"] in the hello, or show lists'
            refuse(where, "a list of numbers", shown(value), advice)
        return _unpacked(value, where)
    return _numbers(value, where)


def _numbers(value: Any, where: str) -> Any:
    if isinstance(value, list):
        # One loop for a row of numbers: most of an answer is that.
        return [
            item if type(item) is float or type(item) is int else _numbers(item, f"{where}[{index}]")
            for index, item in enumerate(value)
        ]
    if isinstance(value, str) and value in NOT_FINITE:
        return NOT_FINITE[value]
    if isinstance(value, bool) or not isinstance(value, int | float):
        advice = 'show numbers as JSON numbers, and those that are not finite as "NaN", "Infinity" or "-Infinity"'
        refuse(where, "a number", shown(value), advice)
    return value


def _unpacked(value: dict[str, Any], where: str) -> Array:
    if set(value) != PACKED:
        refuse(where, f"an object with {', '.join(sorted(PACKED))}", shown(value), "give it those three fields")
    dtype, shape, text = value["dtype"], value["shape"], value["base64"]
    if dtype not in DTYPES:
        refuse(f"{where}.dtype", f"one of {', '.join(DTYPES)}", shown(dtype), "name the dtype of the bytes")
    sizes_are_right = isinstance(shape, list) and all(type(size) is int and size >= 0 for size in shape)
    if not sizes_are_right or len(shape) > MOST_DIMENSIONS:
        came = f"{shape}" if isinstance(shape, list) and len(shape) <= MOST_DIMENSIONS else shown(shape)
        refuse(f"{where}.shape", "a list of sizes", came, "give the size of each axis, as in [6, 3]")
    try:
        found = base64.b64decode(text, validate=True) if isinstance(text, str) else None
    except (binascii.Error, ValueError):
        found = None
    if found is None:
        refuse(f"{where}.base64", "base64", shown(text), "use the standard alphabet with padding")
    kind = np.dtype(dtype).newbyteorder("<")
    wanted = math.prod(shape) * kind.itemsize
    if len(found) != wanted:
        expected = f"{wanted} bytes for {dtype} of shape {shape}"
        refuse(f"{where}.base64", expected, f"{len(found)} bytes", "write every number, little-endian, row by row")
    return np.frombuffer(found, kind).astype(dtype).reshape(shape)
