"""Subjects of installed packages: the entry points of the group `backproof.subjects`.

    [project.entry-points."backproof.subjects"]
    my-net = "my_package.training:my_net"

They are found by name and loaded only when they are asked for: a broken one disturbs nobody else.
"""

from __future__ import annotations

from dataclasses import replace
from importlib.metadata import EntryPoint, entry_points

from backproof.door import Subject, as_subject
from backproof.errors import SubjectError, UsageError

GROUP = "backproof.subjects"


def installed_subjects() -> dict[str, list[EntryPoint]]:
    """Return the entry points of the group by name, in the order of their names; none of them is loaded."""
    found: dict[str, list[EntryPoint]] = {}
    for point in sorted(entry_points(group=GROUP), key=lambda point: (point.name, origin(point), point.value)):
        same = found.setdefault(point.name, [])
        if (origin(point), point.value) not in [(origin(other), other.value) for other in same]:
            same.append(point)
    return found


def origin(point: EntryPoint) -> str:
    """Return the distribution of an entry point, with its version."""
    return "an unknown distribution" if point.dist is None else f"{point.dist.name} {point.dist.version}"


def load_installed(name: str, points: list[EntryPoint]) -> Subject:
    """Return the subject of an installed package; without a version of its own it takes that of the distribution.

    Raises UsageError where two distributions have the name, SubjectError when the entry point cannot be loaded.
    """
    if len(points) > 1:
        places = " and ".join(f"{origin(point)} ({point.value})" for point in points)
        msg = f"subject {name!r} is registered twice, by {places}: name it as module:NAME"
        raise UsageError(msg)
    point = points[0]
    try:
        target = point.load()
    except (Exception, SystemExit) as error:
        msg = (
            f"subject {name!r} of {origin(point)} cannot be loaded: its entry point {point.value!r} raises "
            f"{type(error).__name__}: {error}"
        )
        raise SubjectError(msg) from error
    made = as_subject(target, name)
    return made if made.version or point.dist is None else replace(made, version=point.dist.version)
