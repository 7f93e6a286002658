"""What is printed, without what rounding decides: it differs between processors, and nothing else does."""

import re


def _as_wide(found):
    return "…".ljust(len(found[0]))


def steady(text):
    """Write ratios of what passes and agreements to the last digit as `…`, and leave out spaces at ends of lines."""
    text = re.sub(r"(?<=  )(?:0\.\d+|\d\.\d+e-\d+)(?=  +|$)", _as_wide, text, flags=re.MULTILINE)
    text = re.sub(r"(conforms +(?:\d+  +)?)0(?=  +|$)", r"\1…", text, flags=re.MULTILINE)
    text = re.sub(r"to(\s+)0\.\d+ of(\s+)its", r"to\1… of\2its", text)
    text = re.sub(r"relative(\s+)\de[-+]\d+", r"relative\1…", text)
    text = re.sub(r"\(in (\w+), [^)]*kit_subjects\.py:\d+\)", r"(in \1)", text)
    return "".join(f"{line.rstrip()}\n" for line in text.splitlines())
