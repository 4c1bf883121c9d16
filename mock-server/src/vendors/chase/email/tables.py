"""Writes the tables in `unicode/` (all but mod.rs): what the e-mail rules ask of Unicode.

Two versions of Unicode meet there (CHS-EML-03): categories, names and directions are those of Python 3.11
(Unicode 14), mappings, label characters, joining types and scripts those of idna 3.20 (Unicode 18).

    python3.11 -m venv venv
    venv/bin/pip install idna==3.20
    venv/bin/python tables.py
"""

import bisect
import pathlib
import subprocess
import unicodedata

import idna
from idna import idnadata, uts46data

FOLDER = pathlib.Path(__file__).parent / "unicode"
WIDTH = 100

assert unicodedata.unidata_version == "14.0.0", "wants Python 3.11"
assert idna.__version__ == "3.20" and idnadata.__version__ == uts46data.__version__ == "18.0.0"


def category(code):
    name = unicodedata.category(chr(code))
    names = {"L": "W", "N": "W", "P": "S", "S": "S", "M": "M", "Zs": "B", "Zl": "O", "Zp": "O", "C": "O", "Cn": "U"}
    return names.get(name) or names[name[0]]


def members(ranges):
    """The code points of idna's ranges, each of which is `start << 32 | end`."""
    return {code for packed in ranges for code in range(packed >> 32, packed & 0xFFFFFFFF)}


LABEL = {code for ranges in idnadata.codepoint_classes.values() for code in members(ranges)}
JOINING = {code: name for name, ranges in idnadata.joining_types.items() for code in members(ranges)}
SCRIPTS = {code: name for name, ranges in idnadata.scripts.items() for code in members(ranges)}


def direction(code):
    if code not in LABEL:
        return "X"
    name = unicodedata.bidirectional(chr(code))
    return {"R": "R", "AL": "R", "ES": "O", "ON": "O", "BN": "O", "NSM": "M", "": "U"}.get(name, name)


def joining(code):
    return JOINING.get(code, "O").replace("C", "O")


def script(code):
    return {"Greek": "G", "Hebrew": "H", "Hiragana": "J", "Katakana": "J", "Han": "J"}.get(SCRIPTS.get(code), "O")


def mapping(code):
    """What UTS #46 makes of a character; None if a rule before the mapping refuses it (CHS-EML-51, CHS-EML-52)."""
    if category(code) not in "WSM":
        return None
    row = code if code < 256 else bisect.bisect_right(uts46data.uts46_starts, code) - 1
    status = chr(uts46data.uts46_statuses[row])
    if status != "M":
        return {"V": "K", "D": "K", "I": "D", "X": "X"}[status]
    target = uts46data.uts46_replacements[row]
    if len(target) == 1:
        return f"S({ord(target) - code:_})"
    return 'T("' + "".join(c if c.isascii() else f"\\u{{{ord(c):x}}}" for c in target) + '")'


def runs(value):
    """A start, and the value from there on. Where the value is None, the one before goes on."""
    rows = []
    for code in range(0x110000):
        now = value(code)
        if now is not None and (not rows or rows[-1][1] != now):
            rows.append((code if rows else 0, now))
    return rows


def names():
    """The names of characters that no message shows as they are (CHS-EML-02)."""
    for code in range(0x110000):
        if category(code) in "MBO" and (name := unicodedata.name(chr(code), None)):
            yield code, f'"{name}"'


def write(file, doc, table, kind, rows, imports=None):
    rows = list(rows)
    lines, line = [], "   "
    for start, value in rows:
        cell = f" (0x{start:_x}, {value}),"
        if len(line) + len(cell) > WIDTH:
            lines.append(line)
            line = "   "
        line += cell
    text = [f"//! {doc} Written by `tables.py`: do not edit.", ""]
    if imports:
        aliases = [f"{name} as {alias}" for name, alias in imports.items()]
        text += [f"use super::{kind}::{{self, {', '.join(aliases)}}};", ""]
    text += ["#[rustfmt::skip]", f"pub(super) static {table}: [(u32, {kind}); {len(rows)}] = [", *lines, line, "];", ""]
    (FOLDER / file).write_text("\n".join(text))


write(
    "categories.rs", "Categories of Unicode 14, in runs.", "CATEGORIES", "Category", runs(category),
    {"Blank": "B", "Mark": "M", "Other": "O", "Symbol": "S", "Unassigned": "U", "Word": "W"},
)
write(
    "directions.rs", "What a label may hold (IDNA 2008 on Unicode 18), and its direction (Unicode 14), in runs.",
    "DIRECTIONS", "Direction", runs(direction),
    {"ArabicNumber": "AN", "EuropeanNumber": "EN", "Forbidden": "X", "Left": "L", "Mark": "M", "Other": "O",
     "Right": "R", "Unknown": "U"},
)
write(
    "joining.rs", "Joining types of Unicode 18, in runs.", "JOINING", "Joining", runs(joining),
    {"Dual": "D", "Left": "L", "Other": "O", "Right": "R", "Transparent": "T"},
)
write(
    "mapping.rs", "The mapping of UTS #46 on Unicode 18, in runs.", "MAPPING", "Mapping", runs(mapping),
    {"Drop": "D", "Keep": "K", "Refuse": "X", "Shift": "S", "Text": "T"},
)
write(
    "names.rs", "Names of marks, blanks and format characters in Unicode 14.", "NAMES", "&str", names(),
)
write(
    "scripts.rs", "Scripts of Unicode 18, as far as a rule asks for them, in runs.", "SCRIPTS", "Script", runs(script),
    {"Greek": "G", "Hebrew": "H", "Japanese": "J", "Other": "O"},
)

subprocess.run(["rustfmt", "--edition", "2024", FOLDER / "mod.rs"], check=True)
