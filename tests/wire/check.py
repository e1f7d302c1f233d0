"""Checks recorded exchanges against botocore's service models.

    python tests/wire/check.py [--allow-refused] [FILE...]

Each FILE (or standard input) holds JSON lines, one exchange each:
service, operation, method, uri, request_headers, request_body (base64), status,
response_headers, response_body (base64).

Prints one line per violation: exchange number, service and operation, JSON path,
rule, and what is wrong. Exit code 0: all is well; 1: violations; 2: no exchange,
or a file that cannot be read.
"""

import argparse
import collections
import contextlib
import sys

import decode_cbor
import decode_json
import decode_query
import decode_rest
import errors
import exchange as exchanges
import model
import validate
from problems import BROKEN, Problems

_DECODERS = {
    "rest-json": decode_rest,
    "json": decode_json,
    "query": decode_query,
    "smithy-rpc-v2-cbor": decode_cbor,
}


def check(exchange, problems, allow_refused=False):
    """Adds the violations of one exchange to `problems`.

    With `allow_refused` a request may break its shape if the answer is a client
    error (400-499): tests of the server's own validation send such requests.
    """
    refused = allow_refused and 400 <= exchange.status < 500
    service = model.service(exchange.service)
    if service is None:
        # An unsigned request names no service; refusing it is all there is to see.
        if not (refused and exchange.service == ""):
            problems.add("service", "unknown", f"{exchange.service!r} has no model here")
        return
    protocol = service.protocol_of(exchange)
    if protocol is None:
        problems.add("request", "protocol", f"is none of {', '.join(service.protocols)}")
        return
    operation = service.operation_of(exchange, protocol)
    wrong = Problems()
    if operation is None:
        wrong.add("request", "operation", f"{exchange.method} {exchange.path} names no operation")
    else:
        if exchange.operation != operation.name:
            problems.add("operation", "operation", f"is recorded so, but the request says {operation.name}")
        _request(operation, protocol, exchange, service, wrong)
    if not refused:
        problems.found += wrong.found
    if exchange.status == 0:
        return
    if exchange.status >= 300:
        _content_type(protocol, exchange, problems, failed=True)
        errors.check(service, operation, protocol, exchange, problems)
    elif operation is not None:
        _response(operation, protocol, exchange, service, problems)


def _request(operation, protocol, exchange, service, problems):
    headers = exchange.request_headers
    if protocol != "rest-json" and exchange.method != "POST" and (protocol, exchange.method) != ("query", "GET"):
        problems.add("request", "method", f"is {exchange.method}, not POST")
    if protocol == "query":
        version = dict(exchange.form()).get("Version")
        if version is not None and version != service.metadata["apiVersion"]:
            problems.add("request.Version", "query", f"is {version}, not {service.metadata['apiVersion']}")
    if protocol == "smithy-rpc-v2-cbor" and headers.get("smithy-protocol") != "rpc-v2-cbor":
        problems.add("request", "protocol", "has no header smithy-protocol: rpc-v2-cbor")
    wanted = _content_types(protocol, service, operation.input)
    if wanted and exchange.request_body and _media(headers) != wanted:
        problems.add("request", "content-type", f"is {_media(headers)!r}, not {wanted!r}")
    value = _DECODERS[protocol].decode_request(operation, exchange, problems)
    if operation.input is not None and value is not None and value is not BROKEN:
        validate.check(operation.input, value, "request", problems)


def _response(operation, protocol, exchange, service, problems):
    variable = operation.output is not None and any(
        traits.get("location") == "statusCode" for _, traits in operation.output.members().values()
    )
    if exchange.status != operation.status and not (variable and 200 <= exchange.status < 300):
        problems.add("response", "status", f"is {exchange.status}, not {operation.status}")
    _content_type(protocol, exchange, problems, failed=False, shape=operation.output)
    if protocol == "query":
        namespace = service.metadata["xmlNamespace"]
        value = decode_query.decode_response(operation, exchange, problems, namespace)
    else:
        value = _DECODERS[protocol].decode_response(operation, exchange, problems)
    if operation.output is not None and value is not None and value is not BROKEN:
        validate.check(operation.output, value, "response", problems)


def _content_types(protocol, service, shape):
    """The media type of a body, or None where the model leaves it to the caller."""
    if protocol == "rest-json":
        return "application/json" if decode_rest.has_json_body(shape) else None
    return {
        "query": "application/x-www-form-urlencoded",
        "smithy-rpc-v2-cbor": "application/cbor",
        "json": f"application/x-amz-json-{service.metadata.get('jsonVersion', '1.0')}",
    }[protocol]


def _content_type(protocol, exchange, problems, failed, shape=None):
    headers = exchange.response_headers
    if protocol == "smithy-rpc-v2-cbor" and headers.get("smithy-protocol") != "rpc-v2-cbor":
        problems.add("response", "protocol", "has no header smithy-protocol: rpc-v2-cbor")
    if not exchange.response_body:
        return
    if protocol == "query":
        wanted = "text/xml"
    elif protocol == "rest-json" and failed:
        wanted = "application/json"
    else:
        wanted = _content_types(protocol, model.service(exchange.service), shape)
    if wanted and _media(headers) != wanted:
        problems.add("response", "content-type", f"is {_media(headers)!r}, not {wanted!r}")


def _media(headers):
    return headers.get("content-type", "").partition(";")[0].strip().lower()


def run(streams, out, allow_refused=False):
    """Checks every line of every stream; returns the exit code."""
    operations = collections.Counter()
    violations = 0
    number = 0
    for stream in streams:
        for line, exchange in exchanges.read(stream):
            number += 1
            problems = Problems()
            if isinstance(exchange, exchanges.BadRecord):
                label = f"line {line}"
                problems.add("", "record", str(exchange))
            else:
                label = f"{exchange.service}:{exchange.operation}"
                operations[label] += 1
                check(exchange, problems, allow_refused)
            for path, rule, detail in problems.found:
                print(f"#{number} {label} {path or '-'} {rule}: {detail}", file=out)
            violations += len(problems.found)
    print(f"{number} exchanges of {len(operations)} operations checked, {violations} violations", file=out)
    if number == 0:
        return 2
    return 1 if violations else 0


def main(arguments):
    parser = argparse.ArgumentParser(description="Checks recorded exchanges against botocore's service models.")
    parser.add_argument("--allow-refused", action="store_true", help="let a request answered with 4xx be invalid")
    parser.add_argument("files", nargs="*", metavar="FILE", help="JSON lines; standard input if none is given")
    options = parser.parse_args(arguments)
    with contextlib.ExitStack() as stack:
        try:
            streams = [stack.enter_context(open(name, encoding="utf-8")) for name in options.files] or [sys.stdin]
        except OSError as cause:
            print(f"check: {cause}", file=sys.stderr)
            return 2
        return run(streams, sys.stdout, options.allow_refused)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
