"""Reads objects back with boto3 and compares them with what a test expects.

    python tests/clients/readback.py URL EXPECTATIONS.json

The file is a list of reads, written down apart from any fleet spec:

    [{"service": "iot", "operation": "DescribeThing", "params": {"thingName": "line-1"},
      "expect": {"attributes.site": "berlin", "version": 1}},
     {"service": "iam", "operation": "GetRole", "params": {"RoleName": "gone"},
      "error": "NoSuchEntity"}]

Names in `expect` are JMESPath expressions over the answer; two functions are added:
`parse_json(text)` for policies and dashboards that are JSON inside a string, and
`sorted_json(value)`, a list in an order of its own for lists that are sets.
`error` instead of `expect` wants that error code. Times compare as ISO 8601 in UTC.

Prints one line per mismatch. Exit code 0: all as expected; 1: mismatches;
2: the file cannot be used, or expects nothing.
"""

import argparse
import json
import sys

import botocore
import botocore.exceptions
import jmespath
import jmespath.exceptions
import jmespath.functions

from endpoint import Endpoints, add_arguments, plain


class _Functions(jmespath.functions.Functions):
    """What JMESPath lacks for reading AWS answers."""

    @jmespath.functions.signature({"types": ["string"]})
    def _func_parse_json(self, text):
        return json.loads(text)

    @jmespath.functions.signature({"types": ["array"]})
    def _func_sorted_json(self, values):
        return sorted(values, key=_canonical)


_OPTIONS = jmespath.Options(custom_functions=_Functions())


class BadFile(Exception):
    """The expectations cannot be used; the message says where and why."""


def _canonical(value):
    return json.dumps(value, sort_keys=True)


def _brief(value, limit=400):
    text = _canonical(value)
    return text if len(text) <= limit else text[: limit - 3] + "..."


def _same(expected, found):
    """Equality as JSON has it: true is not 1, but 5 is 5.0."""
    if isinstance(expected, bool) or isinstance(found, bool):
        return expected is found
    if isinstance(expected, dict) and isinstance(found, dict):
        return expected.keys() == found.keys() and all(_same(expected[name], found[name]) for name in expected)
    if isinstance(expected, list) and isinstance(found, list):
        return len(expected) == len(found) and all(map(_same, expected, found))
    return expected == found


def load(path):
    """The list of reads in a file, checked for its form."""
    try:
        with open(path, encoding="utf-8") as file:
            reads = json.load(file)
    except (OSError, ValueError) as cause:
        raise BadFile(f"{path}: {cause}") from None
    if not isinstance(reads, list) or not reads:
        raise BadFile(f"{path}: is not a list with at least one read")
    for number, read in enumerate(reads, start=1):
        where = f"{path}: read {number}"
        if not isinstance(read, dict) or not {"service", "operation"} <= read.keys():
            raise BadFile(f"{where} has no service or no operation")
        unknown = read.keys() - {"service", "operation", "params", "expect", "error"}
        if unknown:
            raise BadFile(f"{where} has the unknown member {min(unknown)!r}")
        if bool(read.get("expect")) == bool(read.get("error")):
            raise BadFile(f"{where} needs either expect, with something in it, or error")
    return reads


def compare(endpoints, read):
    """The mismatches of one read as (expression, expected, found); also the number of values compared."""
    client = endpoints.client(read["service"])
    method = botocore.xform_name(read["operation"])
    if not hasattr(client, method):
        raise BadFile(f"{read['service']} has no operation {read['operation']}")
    wanted_error = read.get("error")
    try:
        answer = plain(getattr(client, method)(**read.get("params", {})))
    except botocore.exceptions.ClientError as cause:
        code = cause.response["Error"]["Code"]
        if wanted_error is None:
            return [("(the call)", "an answer", str(cause))], 1
        return ([] if code == wanted_error else [("(error)", wanted_error, code)]), 1
    except botocore.exceptions.ParamValidationError as cause:
        raise BadFile(f"{read['service']}:{read['operation']}: {cause}") from None
    if wanted_error is not None:
        return [("(error)", wanted_error, answer)], 1
    mismatches = []
    for expression, expected in read["expect"].items():
        try:
            found = jmespath.search(expression, answer, options=_OPTIONS)
        except jmespath.exceptions.ParseError as cause:
            raise BadFile(f"{read['operation']}: {expression!r} is no JMESPath: {cause}") from None
        except (jmespath.exceptions.JMESPathError, ValueError) as cause:
            found = f"(error) {cause}"
        if not _same(expected, found):
            mismatches.append((expression, expected, found))
    return mismatches, len(read["expect"])


def main(arguments):
    parser = argparse.ArgumentParser(description="Reads objects back with boto3 and compares them.")
    add_arguments(parser)
    parser.add_argument("expectations", metavar="EXPECTATIONS", help="JSON file, see the head of this script")
    options = parser.parse_args(arguments)
    endpoints = Endpoints(options)
    wrong = values = 0
    try:
        reads = load(options.expectations)
        for number, read in enumerate(reads, start=1):
            mismatches, compared = compare(endpoints, read)
            values += compared
            wrong += len(mismatches)
            params = json.dumps(read.get("params", {}))
            for expression, expected, found in mismatches:
                print(
                    f"#{number} {read['service']}:{read['operation']} {params} {expression}:"
                    f" expected {_brief(expected)}, found {_brief(found)}"
                )
    except BadFile as cause:
        print(f"readback: {cause}", file=sys.stderr)
        return 2
    except botocore.exceptions.EndpointConnectionError as cause:
        print(f"readback: {cause}", file=sys.stderr)
        return 1
    print(f"{len(reads)} reads, {values} values compared, {wrong} mismatches")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
