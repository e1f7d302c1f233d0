"""Reads recorded exchanges: JSON lines, one request with its answer each."""

import base64
import binascii
import json
import urllib.parse


class BadRecord(Exception):
    """A line that is not an exchange; the message says why."""


class Exchange:
    """One request and its answer. Header names are lower case."""

    def __init__(self, record):
        if not isinstance(record, dict):
            raise BadRecord("not a JSON object")
        # The sandbox's recorder writes members in camelCase.
        fields = {_snake(name): value for name, value in record.items()}
        try:
            self.service = fields["service"]
            self.operation = fields["operation"]
            self.method = fields["method"]
            self.uri = fields["uri"]
            # 0 is a connection that was closed without an answer.
            self.status = int(fields["status"])
            self.request_headers = _headers(fields["request_headers"])
            self.response_headers = _headers(fields["response_headers"])
            self.request_body = base64.b64decode(fields["request_body"], validate=True)
            self.response_body = base64.b64decode(fields["response_body"], validate=True)
        except KeyError as missing:
            raise BadRecord(f"has no member {missing}") from None
        except (TypeError, ValueError, binascii.Error) as cause:
            raise BadRecord(str(cause)) from None
        self.path, _, query = self.uri.partition("?")
        self.query = urllib.parse.parse_qsl(query, keep_blank_values=True)

    def form(self):
        """The (name, value) pairs of a form body; also of the query of a GET."""
        if self.method == "GET":
            return self.query
        return urllib.parse.parse_qsl(self.request_body.decode("utf-8", "replace"), keep_blank_values=True)


def _snake(name):
    return "".join("_" + letter.lower() if letter.isupper() else letter for letter in name)


def _headers(given):
    """Lower-case name -> value. Accepts an object or a list of pairs."""
    pairs = given.items() if isinstance(given, dict) else given
    headers = {}
    for name, value in pairs:
        name = name.lower()
        headers[name] = f"{headers[name]},{value}" if name in headers else value
    return headers


def read(lines):
    """Yields (line number, Exchange or BadRecord) for each line that is not blank."""
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            yield number, Exchange(json.loads(line))
        except (BadRecord, json.JSONDecodeError) as cause:
            yield number, cause if isinstance(cause, BadRecord) else BadRecord(f"is not JSON: {cause}")
