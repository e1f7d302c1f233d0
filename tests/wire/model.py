"""Reads botocore's service models: shapes, operations, and which one a request names.

The raw JSON is used instead of botocore's own classes, because those hide what is
checked here (patterns, ranges) and forgive what must not be forgiven.
"""

import re
import urllib.parse

import botocore.loaders

# Service of the model -> names under which a record may call it: the model's own
# name and the one in the credential scope, where that differs.
SERVICES = {
    "iot": "iot",
    "sns": "sns",
    "cloudwatch": "cloudwatch",
    "monitoring": "cloudwatch",
    "logs": "logs",
    "lambda": "lambda",
    "iam": "iam",
    "sts": "sts",
    "resourcegroupstaggingapi": "resourcegroupstaggingapi",
    "tagging": "resourcegroupstaggingapi",
}

_cache = {}


def service(name):
    """The model of a service by any of its names, or None."""
    canonical = SERVICES.get(name)
    if canonical is None:
        return None
    if canonical not in _cache:
        raw = botocore.loaders.Loader().load_service_model(canonical, "service-2")
        _cache[canonical] = Service(canonical, raw)
    return _cache[canonical]


class Shape:
    """One shape. `raw` is its JSON; the properties resolve references to others."""

    def __init__(self, owner, name, raw):
        self.owner = owner
        self.name = name
        self.raw = raw
        self.type = raw["type"]

    def members(self):
        """Member name -> (shape, traits such as location and locationName)."""
        return {
            name: (self.owner.shape(reference["shape"]), reference)
            for name, reference in self.raw.get("members", {}).items()
        }

    def part(self, name):
        """(shape, traits) of a list's `member` or a map's `key` or `value`."""
        reference = self.raw[name]
        return self.owner.shape(reference["shape"]), reference


class Operation:
    """One operation with its input, output and errors resolved."""

    def __init__(self, owner, raw):
        self.name = raw["name"]
        self.method = raw["http"]["method"]
        self.uri = raw["http"]["requestUri"]
        self.status = raw["http"].get("responseCode", 200)
        self.input = owner.shape(raw["input"]["shape"]) if "input" in raw else None
        self.output = owner.shape(raw["output"]["shape"]) if "output" in raw else None
        self.result_wrapper = raw.get("output", {}).get("resultWrapper")
        self.errors = [owner.shape(reference["shape"]) for reference in raw.get("errors", [])]
        path, _, query = self.uri.partition("?")
        self.segments = [part for part in path.split("/") if part]
        self.constants = urllib.parse.parse_qsl(query, keep_blank_values=True)

    def labels(self, path, query):
        """Label name -> decoded text if the path and query fit the template, else None.

        Segments are split before percent-decoding: a slash inside a name arrives as %2F.
        """
        given = path.split("/")[1:]
        # botocore's templates write a trailing slash (`/authorizers/`) that clients
        # send too; one empty last segment is the same resource.
        if given and given[-1] == "" and not self._greedy():
            given = given[:-1]
        labels = {}
        for index, template in enumerate(self.segments):
            if template.startswith("{") and template.endswith("+}"):
                if index >= len(given):
                    return None
                labels[template[1:-2]] = urllib.parse.unquote("/".join(given[index:]))
                given = given[: index + 1]
                break
            if index >= len(given):
                return None
            if template.startswith("{"):
                if given[index] == "":
                    return None
                labels[template[1:-1]] = urllib.parse.unquote(given[index])
            elif template != urllib.parse.unquote(given[index]):
                return None
        if len(given) != len(self.segments):
            return None
        return labels if all(pair in query for pair in self.constants) else None

    def _greedy(self):
        return bool(self.segments) and self.segments[-1].endswith("+}")

    def literal_weight(self):
        """More literal text wins when two templates fit, as in AWS's routing."""
        return [not part.startswith("{") for part in self.segments], len(self.constants)


class Service:
    """A service: its protocols, operations and shapes."""

    def __init__(self, name, raw):
        self.name = name
        self.metadata = raw["metadata"]
        self.protocols = self.metadata.get("protocols", [self.metadata["protocol"]])
        self.query_compatible = "awsQueryCompatible" in self.metadata
        self._raw_shapes = raw["shapes"]
        self._shapes = {}
        self.operations = {name: Operation(self, op) for name, op in raw["operations"].items()}

    def shape(self, name):
        """The shape of that name."""
        if name not in self._shapes:
            self._shapes[name] = Shape(self, name, self._raw_shapes[name])
        return self._shapes[name]

    def protocol_of(self, exchange):
        """The protocol a request speaks, judged by its headers; None if not this service's."""
        headers = exchange.request_headers
        if headers.get("smithy-protocol") == "rpc-v2-cbor" or "/operation/" in exchange.path:
            spoken = "smithy-rpc-v2-cbor"
        elif "x-amz-target" in headers:
            spoken = "json"
        elif "rest-json" in self.protocols:
            spoken = "rest-json"
        else:
            spoken = "query"
        return spoken if spoken in self.protocols else None

    def operation_of(self, exchange, protocol):
        """The operation the request itself names, or None."""
        if protocol == "rest-json":
            fitting = [
                operation
                for operation in self.operations.values()
                if operation.method == exchange.method
                and operation.labels(exchange.path, exchange.query) is not None
            ]
            return max(fitting, key=Operation.literal_weight, default=None)
        if protocol == "json":
            prefix, _, name = exchange.request_headers["x-amz-target"].rpartition(".")
            name = name if prefix == self.metadata["targetPrefix"] else None
        elif protocol == "smithy-rpc-v2-cbor":
            found = re.fullmatch(r"/service/(\w+)/operation/(\w+)", exchange.path)
            name = found[2] if found and found[1] == self.metadata["targetPrefix"] else None
        else:
            name = dict(exchange.form()).get("Action")
        return self.operations.get(name)

    def error(self, operation, code):
        """The declared error shape for a code on the wire, or None.

        Query services put `error.code` on the wire, the others the shape's name.
        """
        for shape in operation.errors:
            if code in (shape.name, shape.raw.get("error", {}).get("code")):
                return shape
        return None
