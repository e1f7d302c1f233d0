"""Decodes RPC v2 CBOR bodies. The tree is JSON's; the leaves have CBOR types."""

import cbor2

import decode_json
from problems import BROKEN

# A time is tag 1 (epoch seconds); nothing else of RFC 8949 section 3.4 is in use.
_EPOCH_TAG = 1


class _Epoch:
    """What stood under tag 1, kept apart from a plain number."""

    def __init__(self, seconds):
        self.seconds = seconds

    def __repr__(self):
        return f"{_EPOCH_TAG}({self.seconds!r})"


class CborLeaves:
    """How CBOR writes the leaves."""

    def blob(self, wire):
        """A byte string."""
        if not isinstance(wire, bytes):
            raise ValueError("is not a byte string")
        return wire

    def timestamp(self, wire, _traits):
        """Tag 1 around a number."""
        if not isinstance(wire, _Epoch):
            raise ValueError("is not a time (tag 1)")
        return decode_json.finite(wire.seconds)

    def float(self, wire):
        """A float of any width, or a whole number, which encoders may choose instead."""
        if isinstance(wire, bool) or not isinstance(wire, (int, float)):
            raise ValueError("is not a number")
        return float(wire)


def parse(body, path, problems):
    """The CBOR value of a body, or BROKEN. Refuses duplicate keys and bytes left over."""
    try:
        return cbor2.loads(
            body,
            allow_duplicate_keys=False,
            semantic_decoders={_EPOCH_TAG: lambda seconds, *_: _Epoch(seconds)},
        )
    except Exception as cause:  # cbor2 raises its own and builtin errors alike
        return problems.broken(path, "cbor", f"is not CBOR: {cause}")


def decode_request(operation, exchange, problems):
    """The input of a request. An operation without input has an empty body."""
    return _body(operation.input, exchange.request_body, "request", problems)


def decode_response(operation, exchange, problems):
    """The output of a response."""
    return _body(operation.output, exchange.response_body, "response", problems)


def _body(shape, body, path, problems):
    if body == b"" and (shape is None or not shape.members()):
        return None if shape is None else {}
    wire = parse(body, path, problems)
    if wire is BROKEN or (shape is None and wire == {}):
        return None if shape is None else BROKEN
    if shape is None:
        return problems.broken(path, "unknown", "has a body, but the operation has none here")
    return decode_json.decode(shape, wire, path, problems, CborLeaves())
