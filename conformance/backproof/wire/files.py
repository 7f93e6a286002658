"""Large arrays as .npy files in the folder of a request, where a program declares the capability "npy".

On the wire such an array is {"npy": "NAME.npy"}: a name without a path, of a regular file in that folder. It is read by
NumPy's own reader of the header, never unpickled, and only when its size is what the header says and no larger than an
answer may be.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from errno import ELOOP
from itertools import count
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import Any, BinaryIO

import numpy as np

from backproof.wire.complaint import refuse, shown

Array = np.ndarray[Any, Any]

ABOVE = 10**6
LONGEST_HEADER = 10_000
NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}\.npy", re.ASCII)
KINDS = "fbiu"
MOST_DIMENSIONS = 8


@dataclass(frozen=True, slots=True)
class Files:
    """The files of one request.

    folder: where they lie, and nothing else; most: bytes that one may have, beside its header; above: arrays of more
    numbers than this are written as files.
    """

    folder: Path
    most: int
    above: int = ABOVE
    _numbers: Any = field(default_factory=lambda: count(1), repr=False, compare=False)

    def write(self, array: Array, author: str) -> dict[str, str]:
        """Write an array little-endian and row by row, and return what names it; author: begins the file's name."""
        name = f"{author}-{next(self._numbers)}.npy"
        small = array.astype(array.dtype.newbyteorder("<"), order="C", copy=False)
        with self.folder.joinpath(name).open("xb") as file:
            np.lib.format.write_array(file, small, allow_pickle=False)
        return {"npy": name}

    def read(self, value: dict[str, Any], where: str) -> Array:
        """Return the array of {"npy": name}; where: the field, for messages. Raises WireError for anything else."""
        name = value["npy"]
        if len(value) > 1 or not isinstance(name, str) or NAME.fullmatch(name) is None:
            came = shown(name) if len(value) == 1 else shown(value)
            advice = "write the file into the folder of the request, and give its name alone, as in weights-1.npy"
            refuse(f"{where}.npy", "the name of a file, without a path", came, advice)
        try:
            number = _open(self.folder, name)
        except OSError as error:
            came = "a link" if error.errno == ELOOP else f"{error.strerror}"
            advice = "write it there, and close it before you answer"
            refuse(f"{where}.npy", f"a regular file {name} in the folder of the request", came, advice)
        found = os.fstat(number)
        if not stat.S_ISREG(found.st_mode):
            os.close(number)
            refuse(f"{where}.npy", f"a regular file {name}", "another kind", "write the array with numpy.save")
        with os.fdopen(number, "rb") as file:
            return _read(file, found.st_size, self.most, f"{where}: {name}")


@contextmanager
def request_files(most: int, above: int = ABOVE) -> Iterator[Files]:
    """Give a request a fresh folder, and remove it with all that is in it; the arguments are those of Files."""
    folder = mkdtemp(prefix="backproof-")
    try:
        yield Files(Path(folder), most, above)
    finally:
        rmtree(folder, ignore_errors=True)


def _open(folder: Path, name: str) -> int:
    """Open a file for reading: no link is followed, and a pipe is not waited for."""
    within = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        return os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=within)
    finally:
        os.close(within)


def _read(file: BinaryIO, size: int, most: int, where: str) -> Array:
    try:
        version = np.lib.format.read_magic(file)
        readers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
        if version not in readers:
            refuse(where, "format 1.0 or 2.0 of .npy", f"{version[0]}.{version[1]}", "write it with numpy.save")
        shape, by_columns, kind = readers[version](file, max_header_size=LONGEST_HEADER)
    except ValueError as error:
        refuse(where, "a .npy file", f"{error}"[:120], "write it as numpy.save does")
    if kind.hasobject or kind.kind not in KINDS or kind.itemsize > np.dtype("f8").itemsize:
        refuse(where, "numbers of at most 64 bits", f"dtype {kind.str!r}", "convert the array; nothing is unpickled")
    if len(shape) > MOST_DIMENSIONS or any(length < 0 for length in shape):
        refuse(where, f"at most {MOST_DIMENSIONS} sizes", shown(list(shape)), "give the size of each axis")
    wanted = int(np.prod([1, *shape], dtype=object)) * kind.itemsize
    if wanted > most:
        refuse(where, f"at most {most} bytes of numbers", f"{wanted}", "show the quantities of this case")
    if size - file.tell() != wanted:
        expected = f"{wanted} bytes for {kind.name} of shape {list(shape)} behind the header"
        refuse(where, expected, f"{size - file.tell()}", "write every number, and close the file before you answer")
    read = file.read(wanted)
    if len(read) != wanted:
        refuse(where, f"{wanted} bytes", f"{len(read)}", "leave the file alone once you have answered")
    return np.frombuffer(read, kind).astype(kind.newbyteorder("=")).reshape(shape, order="F" if by_columns else "C")
