"""Checks error answers: is the code one the operation may give, is the form the protocol's.

A code has to be declared by the operation, or be one of COMMON: errors that AWS's
front end gives before, or instead of, the operation, which no model lists.
"""

import re

import decode_cbor
import decode_json
import decode_query
import decode_rest
import validate
from problems import BROKEN, brief, member

_TYPED = ("rest-json", "json", "smithy-rpc-v2-cbor")
_QUERY = ("query",)

# Code -> (protocols that write it so, HTTP statuses, why no operation declares it).
COMMON = {
    # Identity is checked before the operation is known. Names and statuses: IAM User
    # Guide and each service's "Common Errors" page.
    "UnrecognizedClientException": (_TYPED, (400, 403), "the access key does not exist"),
    "InvalidClientTokenId": (_QUERY, (403,), "the access key does not exist"),
    "ExpiredTokenException": (_TYPED, (400, 403), "the session token has expired"),
    "ExpiredToken": (_QUERY, (403,), "the session token has expired"),
    "MissingAuthenticationTokenException": (_TYPED, (400, 403), "the request is not signed"),
    "MissingAuthenticationToken": (_QUERY, (403,), "the request is not signed"),
    "AccessDeniedException": (_TYPED, (400, 403), "the policies of the caller do not allow the action"),
    "AccessDenied": (_QUERY, (403,), "the policies of the caller do not allow the action"),
    # Load and faults are answered by the fleet in front of every operation.
    "ThrottlingException": (_TYPED, (400, 429), "more requests than the rate allows"),
    "Throttling": (_QUERY, (400,), "more requests than the rate allows"),
    "InternalFailure": (_TYPED + _QUERY, (500,), "the service failed"),
    "InternalServerError": (_TYPED, (500,), "the service failed"),
    "ServiceUnavailable": (_TYPED + _QUERY, (503,), "the service is overloaded or down"),
    "ServiceUnavailableException": (_TYPED, (503,), "the service is overloaded or down"),
    # The request cannot be read, or names no operation, so none is there to declare it.
    "UnknownOperationException": (_TYPED, (400, 403, 404), "there is no such operation"),
    "InvalidAction": (_QUERY, (400,), "there is no such operation"),
    "SerializationException": (_TYPED, (400,), "the body is malformed, or a member has the wrong type"),
    "MalformedQueryString": (_QUERY, (400, 404), "the form is malformed"),
    # Constraints of the model are checked in front of the operation in these services
    # (Logs and Lambda in awsJson and rest-json; IAM, STS, SNS in query).
    "ValidationException": (_TYPED, (400,), "the input breaks a constraint of the model"),
    "ValidationError": (_QUERY, (400,), "the input breaks a constraint of the model"),
}


def check(service, operation, protocol, exchange, problems):
    """Checks an answer with a status of 300 and more. `operation` is None if unknown."""
    if protocol == "query":
        code, fields = _query(service, exchange, problems)
    else:
        code, fields = _typed(protocol, exchange, problems)
    if code is None:
        problems.add("response", "error", "names no error code")
        return
    shape = service.error(operation, code) if operation else None
    if shape is not None:
        wanted = shape.raw.get("error", {}).get("httpStatusCode")
        # Services without a status in the model (Logs) answer 400 and 500.
        if exchange.status not in ((wanted,) if wanted else (400, 500, 503)):
            expected = wanted or "400, 500 or 503"
            problems.add("response", "status", f"{code} comes with {expected}, not {exchange.status}")
        _code_form(service, protocol, shape, code, exchange, problems)
    elif code in COMMON and protocol in COMMON[code][0]:
        if exchange.status not in COMMON[code][1]:
            problems.add("response", "status", f"{code} comes with {COMMON[code][1]}, not {exchange.status}")
    else:
        name = operation.name if operation else "an unknown operation"
        problems.add("response", "error", f"{code} is neither declared by {name} nor a common error")
    _fields(shape, protocol, fields, exchange, problems)


def _query(service, exchange, problems):
    """(code, elements beside it) of `<ErrorResponse><Error>`."""
    root, namespace = decode_query.parse(exchange, problems)
    if root is None:
        return None, None
    if namespace != service.metadata["xmlNamespace"]:
        problems.add("response", "xml", f"has the namespace {namespace!r}, not the service's")
    error = root.find("Error")
    if root.tag != "ErrorResponse" or error is None:
        problems.add("response", "xml", f"<{root.tag}> is not <ErrorResponse> with an <Error>")
        return None, None
    if not root.findtext("RequestId"):
        problems.add("response", "xml", "has no RequestId")
    blame = "Sender" if exchange.status < 500 else "Receiver"
    if error.findtext("Type") != blame:
        problems.add("response.Type", "error", f"is {error.findtext('Type')!r}, not {blame}")
    return error.findtext("Code"), [child for child in error if child.tag not in ("Type", "Code")]


def _typed(protocol, exchange, problems):
    """(code, other members) of a JSON or CBOR body and its headers."""
    decoder = decode_cbor if protocol == "smithy-rpc-v2-cbor" else decode_json
    body = {} if exchange.response_body == b"" else decoder.parse(exchange.response_body, "response", problems)
    if not isinstance(body, dict):
        if body is not BROKEN:
            problems.add("response", "type", f"{brief(body)} is not a structure")
        body = {}
    inside = body.pop("__type", None)
    header = exchange.response_headers.get("x-amzn-errortype")
    if protocol == "rest-json":
        if header is None:
            problems.add("response", "error", "has no x-amzn-errortype header")
        elif inside is not None and _bare(inside) != _bare(header):
            problems.add("response.__type", "error", f"is {inside!r}, but x-amzn-errortype is {header!r}")
        return _bare(header or inside), body
    if inside is None:
        problems.add("response.__type", "error", "is missing")
    elif protocol == "smithy-rpc-v2-cbor" and "#" not in str(inside):
        problems.add("response.__type", "error", f"{inside!r} is not an absolute shape ID (namespace#Name)")
    return _bare(inside), body


def _bare(code):
    """`aws.x#Name:http://...` without what surrounds the name."""
    return None if code is None else re.sub(r":.*", "", str(code)).rpartition("#")[2] or None


def _code_form(service, protocol, shape, code, exchange, problems):
    """Which of its two names an error has on the wire."""
    query_code = shape.raw.get("error", {}).get("code", shape.name)
    if protocol == "query":
        if code != query_code:
            problems.add("response.Code", "error", f"is {code!r}; the query protocol writes {query_code!r}")
        return
    if code != shape.name:
        problems.add("response.__type", "error", f"is {code!r}; {protocol} writes the shape's name {shape.name!r}")
    # A client that once spoke query reads the old code from this header.
    if service.query_compatible and exchange.request_headers.get("x-amzn-query-mode") == "true":
        given = exchange.response_headers.get("x-amzn-query-error", "")
        blame = "Sender" if exchange.status < 500 else "Receiver"
        if given != f"{query_code};{blame}":
            problems.add("response", "error", f"x-amzn-query-error is {given!r}, not '{query_code};{blame}'")


def _fields(shape, protocol, fields, exchange, problems):
    """The members of the error itself: the shape's, or just a message."""
    if fields is None:
        return
    members = decode_rest.body_members(shape) if shape else {}
    has_message = any(name.lower() == "message" for name in members)
    if protocol == "query":
        # Query writes Message whatever the case of the member in the model.
        fields = [child for child in fields if child.tag != "Message"]
        if shape:
            decode_query.xml_structure(shape, fields, "response", problems)
            return
        for child in fields:
            problems.add(member("response", child.tag), "unknown", "is no element of a common error")
        return
    if not has_message:
        fields = {name: value for name, value in fields.items() if name not in ("message", "Message")}
    if shape is None:
        for name in fields:
            problems.add(member("response", name), "unknown", "is no member of a common error")
        return
    leaves = decode_cbor.CborLeaves() if protocol == "smithy-rpc-v2-cbor" else decode_json.JsonLeaves()
    value = decode_json.structure(shape, members, fields, "response", problems, leaves)
    validate.check(shape, value, "response", problems)
