"""Checks decoded values against the constraints of their shapes.

The decoders have settled types and unknown members; left here are required, enum,
pattern, length and range. An enum binds only where the model lists its values:
AWS keeps some strings open (the audit check names), and those have none.
"""

import pattern
from problems import BROKEN, brief, entry, item, member


def check(shape, value, path, problems):
    """Adds a problem for every constraint of `shape` that `value` breaks."""
    if value is BROKEN:
        return
    if shape.type == "structure":
        _structure(shape, value, path, problems)
    elif shape.type == "list":
        _size(shape, len(value), "items", path, problems)
        inner, _ = shape.part("member")
        for index, element in enumerate(value):
            check(inner, element, item(path, index), problems)
    elif shape.type == "map":
        _size(shape, len(value), "entries", path, problems)
        keys, _ = shape.part("key")
        values, _ = shape.part("value")
        for key, element in value.items():
            check(keys, key, entry(path, key) + " (key)", problems)
            check(values, element, entry(path, key), problems)
    elif shape.type == "string":
        _string(shape, value, path, problems)
    elif shape.type == "blob":
        _size(shape, len(value), "bytes", path, problems)
    elif shape.type in ("integer", "long", "float", "double"):
        _range(shape, value, path, problems)


def _structure(shape, value, path, problems):
    for name in shape.raw.get("required", []):
        if name not in value:
            problems.add(member(path, name), "required", "is missing")
    if shape.raw.get("union") and len(value) != 1:
        problems.add(path, "union", f"has {len(value)} members set, not exactly one")
    for name, (inner, _) in shape.members().items():
        if name in value:
            check(inner, value[name], member(path, name), problems)


def _string(shape, value, path, problems):
    # Length counts Unicode code points, as Smithy's length trait does.
    _size(shape, len(value), "characters", path, problems)
    allowed = shape.raw.get("enum")
    if allowed is not None and value not in allowed:
        problems.add(path, "enum", f"{brief(value)} is not one of {', '.join(allowed[:12])}")
    wanted = shape.raw.get("pattern")
    if wanted is None:
        return
    try:
        if not pattern.compiled(wanted).fullmatch(value):
            problems.add(path, "pattern", f"{brief(value)} does not match {wanted}")
    except pattern.Untranslatable as cause:
        problems.add(path, "pattern-untranslatable", f"{wanted} holds {cause}")


def _size(shape, size, unit, path, problems):
    low, high = shape.raw.get("min"), shape.raw.get("max")
    if low is not None and size < low:
        problems.add(path, "length", f"has {size} {unit}, fewer than {low}")
    if high is not None and size > high:
        problems.add(path, "length", f"has {size} {unit}, more than {high}")


def _range(shape, value, path, problems):
    low, high = shape.raw.get("min"), shape.raw.get("max")
    if low is not None and value < low:
        problems.add(path, "range", f"{value} is less than {low}")
    if high is not None and value > high:
        problems.add(path, "range", f"{value} is greater than {high}")
