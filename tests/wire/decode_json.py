"""Decodes the typed tree of a JSON body (rest-json, awsJson) into its shape.

`decode` also serves CBOR, whose bodies have the same tree: only blobs, timestamps
and numbers are written differently, which is what a `Leaves` object settles.
"""

import base64
import binascii
import datetime
import json
import math
import re

from problems import BROKEN, brief, entry, item, member

_BITS = {"integer": 32, "long": 64}


class JsonLeaves:
    """How JSON writes the leaves that have no JSON type of their own."""

    def blob(self, wire):
        """Base64 text."""
        return base64.b64decode(wire, validate=True)

    def timestamp(self, wire, traits):
        """Seconds since the epoch as a number, unless the model names a text format."""
        form = traits.get("timestampFormat", "unixTimestamp")
        if form != "unixTimestamp":
            return text_timestamp(wire, form)
        if isinstance(wire, bool) or not isinstance(wire, (int, float)):
            raise ValueError("is not a number of seconds")
        return finite(wire)

    def float(self, wire):
        """A number, or one of the three texts for values JSON has no number for."""
        if wire in ("NaN", "Infinity", "-Infinity"):
            return float(wire)
        if isinstance(wire, bool) or not isinstance(wire, (int, float)):
            raise ValueError("is not a number")
        return finite(wire)


def finite(number):
    """The number, which must not be infinite or NaN."""
    if not math.isfinite(number):
        raise ValueError("is not finite")
    return float(number)


def text_timestamp(text, form):
    """Seconds since the epoch of an `iso8601` or `rfc822` text."""
    if form == "iso8601":
        if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", text):
            raise ValueError("is not an ISO 8601 time in UTC")
        return datetime.datetime.fromisoformat(text).timestamp()
    if form == "rfc822":
        # strptime would take any case and spacing; HTTP dates have one form.
        time = datetime.datetime.strptime(text, "%a, %d %b %Y %H:%M:%S GMT")
        if time.strftime("%a, %d %b %Y %H:%M:%S GMT") != text:
            raise ValueError("is not an HTTP date")
        return time.replace(tzinfo=datetime.timezone.utc).timestamp()
    if form == "unixTimestamp":
        return finite(float(text))
    raise ValueError(f"has the unknown format {form}")


def parse(body, path, problems):
    """The JSON value of a body, or BROKEN. Refuses duplicate members and NaN."""

    def once(pairs):
        names = [name for name, _ in pairs]
        for name in {name for name in names if names.count(name) > 1}:
            problems.add(path, "json", f"has the member {name} twice")
        return dict(pairs)

    def refuse(constant):
        raise ValueError(f"{constant} is not JSON")

    try:
        return json.loads(body.decode("utf-8"), object_pairs_hook=once, parse_constant=refuse)
    except (UnicodeDecodeError, ValueError) as cause:
        return problems.broken(path, "json", f"is not JSON: {cause}")


def decode(shape, wire, path, problems, leaves, traits=None):
    """The value of `wire` as `shape`, or BROKEN with the problem recorded."""
    if shape.type == "structure":
        return structure(shape, shape.members(), wire, path, problems, leaves)
    if shape.type == "list":
        if not isinstance(wire, list):
            return problems.broken(path, "type", f"{brief(wire)} is not a list")
        inner, own = shape.part("member")
        return [
            _present(inner, element, item(path, index), problems, leaves, own) for index, element in enumerate(wire)
        ]
    if shape.type == "map":
        if not isinstance(wire, dict) or not all(isinstance(key, str) for key in wire):
            return problems.broken(path, "type", f"{brief(wire)} is not a map with string keys")
        inner, own = shape.part("value")
        return {
            key: _present(inner, element, entry(path, key), problems, leaves, own) for key, element in wire.items()
        }
    return _leaf(shape, wire, path, problems, leaves, {**shape.raw, **(traits or {})})


def structure(shape, members, wire, path, problems, leaves):
    """A structure from the given members; `members` leaves out those bound elsewhere."""
    if not isinstance(wire, dict):
        return problems.broken(path, "type", f"{brief(wire)} is not a structure ({shape.name})")
    names = {traits.get("locationName", name): name for name, (_, traits) in members.items()}
    value = {}
    for key, element in wire.items():
        name = names.get(key)
        if name is None:
            problems.add(member(path, key), "unknown", f"is no member of {shape.name} here")
            continue
        inner, traits = members[name]
        value[name] = _present(inner, element, member(path, name), problems, leaves, traits)
    return value


def _present(shape, wire, path, problems, leaves, traits):
    # Clients skip null and differ in what they make of it; neither side need send it.
    if wire is None:
        return problems.broken(path, "null", "is null, not absent")
    return decode(shape, wire, path, problems, leaves, traits)


def _leaf(shape, wire, path, problems, leaves, traits):
    kind = shape.type
    try:
        if kind == "string":
            if not isinstance(wire, str):
                raise ValueError("is not a string")
            return wire
        if kind == "boolean":
            if not isinstance(wire, bool):
                raise ValueError("is not a boolean")
            return wire
        if kind in _BITS:
            if isinstance(wire, bool) or not isinstance(wire, int):
                raise ValueError("is not a whole number")
            if not -(2 ** (_BITS[kind] - 1)) <= wire < 2 ** (_BITS[kind] - 1):
                raise ValueError(f"does not fit {_BITS[kind]} bits")
            return wire
        if kind in ("float", "double"):
            return leaves.float(wire)
        if kind == "blob":
            return leaves.blob(wire)
        if kind == "timestamp":
            return leaves.timestamp(wire, traits)
    except (ValueError, TypeError, OverflowError, binascii.Error) as cause:
        return problems.broken(path, "type", f"{brief(wire)} as {kind}: {cause}")
    return problems.broken(path, "unchecked", f"the type {kind} is not known to this checker")


def decode_request(operation, exchange, problems):
    """The input of an awsJson request; `{}` stands for no input."""
    return _body(operation.input, exchange.request_body, "request", problems)


def decode_response(operation, exchange, problems):
    """The output of an awsJson response; the body may be empty if there is no output."""
    return _body(operation.output, exchange.response_body, "response", problems)


def _body(shape, body, path, problems):
    if shape is None and body in (b"", b"{}"):
        return None
    wire = parse(body, path, problems)
    if wire is BROKEN:
        return BROKEN
    if shape is None:
        return problems.broken(path, "unknown", "has a body, but the operation has none here")
    return decode(shape, wire, path, problems, JsonLeaves())
