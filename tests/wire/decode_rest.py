"""Decodes rest-json: members bound to the path, the query, headers, or the body."""

import base64
import json

import decode_json
from decode_query import text_leaf
from problems import BROKEN, brief, item, member

_BOUND = ("uri", "querystring", "header", "headers", "statusCode")
# Added by signing a URL; no operation binds them.
_SIGNATURE = "x-amz-"


def decode_request(operation, exchange, problems):
    """The input, gathered from all four places. Every query field has to be bound."""
    shape = operation.input
    labels = operation.labels(exchange.path, exchange.query) or {}
    bound = dict(operation.constants)
    value = {}
    for name, (inner, traits) in shape.members().items() if shape else ():
        place, key = member("request", name), traits.get("locationName", name)
        location = traits.get("location")
        if location == "uri" and key in labels:
            value[name] = text_leaf(inner, traits, labels[key], place, problems)
        elif location == "querystring":
            found = _query(inner, traits, key, exchange.query, bound, place, problems)
            if found is not None:
                value[name] = found
    for key, text in exchange.query:
        if key not in bound and not key.lower().startswith(_SIGNATURE):
            problems.add(member("request", key), "unknown", f"={brief(text)} is bound to no member")
    _headers(shape, exchange.request_headers, "request", value, problems)
    return _body(shape, exchange.request_body, "request", value, problems)


def decode_response(operation, exchange, problems):
    """The output from status, headers and body."""
    shape = operation.output
    value = {}
    for name, (_, traits) in shape.members().items() if shape else ():
        if traits.get("location") == "statusCode":
            value[name] = exchange.status
    _headers(shape, exchange.response_headers, "response", value, problems)
    return _body(shape, exchange.response_body, "response", value, problems)


def _query(shape, traits, key, query, bound, path, problems):
    """A member from the query string: a list repeats its key, a map gives the keys left over."""
    if shape.type == "map":
        inner, own = shape.part("value")
        left = {name: text for name, text in query if name not in bound}
        bound.update(left)
        return {name: text_leaf(inner, own, text, path, problems) for name, text in left.items()} or None
    texts = [text for name, text in query if name == key]
    if not texts:
        return None
    bound[key] = True
    if shape.type == "list":
        inner, own = shape.part("member")
        return [text_leaf(inner, own, text, item(path, index), problems) for index, text in enumerate(texts)]
    if len(texts) > 1:
        problems.add(path, "binding", f"is given {len(texts)} times in the query")
    return text_leaf(shape, traits, texts[0], path, problems)


def _headers(shape, headers, path, value, problems):
    """Members bound to one header, or (`headers`) to all that start with a prefix."""
    for name, (inner, traits) in shape.members().items() if shape else ():
        key = traits.get("locationName", name).lower()
        place = member(path, name)
        if traits.get("location") == "header" and key in headers:
            value[name] = _header(inner, traits, headers[key], place, problems)
        elif traits.get("location") == "headers":
            text, own = inner.part("value")
            found = {header[len(key) :]: given for header, given in headers.items() if header.startswith(key)}
            if found:
                value[name] = {
                    suffix: text_leaf(text, own, given, place, problems) for suffix, given in found.items()
                }


def _header(shape, traits, text, path, problems):
    if traits.get("jsonvalue"):
        try:
            json.loads(base64.b64decode(text, validate=True))
        except ValueError as cause:
            return problems.broken(path, "type", f"{brief(text)} is not JSON in base64: {cause}")
        return text
    if shape.type == "list":
        inner, own = shape.part("member")
        return [text_leaf(inner, own, part.strip(), path, problems) for part in text.split(",")]
    return text_leaf(shape, traits, text, path, problems, timestamp="rfc822")


def body_members(shape):
    """The members that travel in the body of this structure."""
    payload = shape.raw.get("payload")
    members = shape.members()
    if payload:
        return {payload: members[payload]}
    return {name: pair for name, pair in members.items() if pair[1].get("location") not in _BOUND}


def has_json_body(shape):
    """Whether the body of this structure is JSON rather than raw bytes or nothing."""
    if shape is None or not body_members(shape):
        return False
    payload = shape.raw.get("payload")
    return not payload or shape.members()[payload][0].type not in ("blob", "string")


def _body(shape, body, path, value, problems):
    if shape is None:
        if body not in (b"", b"{}"):
            problems.add(path, "unknown", "has a body, but the operation has none here")
        return None
    payload = shape.raw.get("payload")
    if payload:
        inner, _ = shape.members()[payload]
        if body:
            value[payload] = _payload(inner, body, member(path, payload), problems)
        return value
    if body == b"":
        return value
    wire = decode_json.parse(body, path, problems)
    if wire is BROKEN:
        return BROKEN
    found = decode_json.structure(shape, body_members(shape), wire, path, problems, decode_json.JsonLeaves())
    return BROKEN if found is BROKEN else {**value, **found}


def _payload(shape, body, path, problems):
    if shape.raw.get("eventstream"):
        return problems.broken(path, "unchecked", "event streams are not known to this checker")
    if shape.type == "blob":
        return body
    if shape.type == "string":
        return body.decode("utf-8", "replace")
    wire = decode_json.parse(body, path, problems)
    return wire if wire is BROKEN else decode_json.decode(shape, wire, path, problems, decode_json.JsonLeaves())
