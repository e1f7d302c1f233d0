"""Valid exchanges for the checker's own tests, one or two for each protocol.

Requests are written by botocore's serializers. botocore has none for responses, so
those are written here and read back with botocore's parsers, which have to find in
them exactly what was put in: a sample that is wrong itself cannot pass as valid.
"""

import base64
import datetime
import json
import xml.etree.ElementTree as ElementTree
import urllib.parse

import botocore.awsrequest
import botocore.loaders
import botocore.model
import botocore.parsers
import botocore.serialize
import cbor2

CBOR = "smithy-rpc-v2-cbor"
NOW = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc)

_TRUST = '{"Version":"2012-10-17","Statement":[]}'
_PROFILE = {
    "securityProfileName": "baseline",
    "securityProfileDescription": "normal for a sensor",
    "behaviors": [
        {
            "name": "AuthorizationFailures",
            "metric": "aws:num-authorization-failures",
            "criteria": {"comparisonOperator": "less-than-equals", "value": {"count": 5}, "durationSeconds": 300},
        }
    ],
}
_ROLE = {
    "Path": "/fleetctl/factory/",
    "RoleName": "device-defender",
    "MaxSessionDuration": 3600,
    "AssumeRolePolicyDocument": _TRUST,
    "Tags": [{"Key": "fleetctl:fleet", "Value": "factory"}, {"Key": "team", "Value": ""}],
}
_ALARM = {
    "AlarmName": "high-violations",
    "Namespace": "Fleet/Monitoring",
    "MetricName": "SecurityViolations",
    "Dimensions": [{"Name": "FleetName", "Value": "factory"}],
    "Statistic": "Sum",
    "Period": 300,
    "EvaluationPeriods": 2,
    "Threshold": 5.0,
    "ComparisonOperator": "GreaterThanThreshold",
}
_GROUP = {"logGroupName": "/fleet/remediation", "logGroupClass": "STANDARD"}

# (service, operation) -> (protocol, input, output)
SAMPLES = {
    ("iot", "UpdateSecurityProfile"): (
        "rest-json",
        {**_PROFILE, "expectedVersion": 3, "deleteBehaviors": False},
        {**_PROFILE, "version": 4, "creationDate": NOW, "lastModifiedDate": NOW},
    ),
    ("iot", "AttachThingPrincipal"): (
        "rest-json",
        {"thingName": "line-1", "principal": "arn:aws:iot:us-east-1:123456789012:cert/" + "ab" * 32},
        {},
    ),
    ("lambda", "Invoke"): (
        "rest-json",
        {"FunctionName": "remediation", "InvocationType": "RequestResponse", "Payload": b'{"a":1}'},
        {"StatusCode": 200, "ExecutedVersion": "$LATEST", "Payload": b"null"},
    ),
    ("logs", "CreateLogGroup"): ("json", {**_GROUP, "tags": {"fleetctl:fleet": "factory"}}, None),
    ("logs", "DescribeLogGroups"): (
        "json",
        {"logGroupNamePrefix": "/fleet/", "limit": 50},
        {"logGroups": [{**_GROUP, "creationTime": 1767322000000, "storedBytes": 0}]},
    ),
    ("resourcegroupstaggingapi", "GetResources"): (
        "json",
        {"TagFilters": [{"Key": "fleetctl:fleet", "Values": ["factory"]}], "ResourcesPerPage": 100},
        {
            "PaginationToken": "",
            "ResourceTagMappingList": [
                {"ResourceARN": "arn:aws:sns:us-east-1:123456789012:alerts", "Tags": [{"Key": "a", "Value": "b"}]}
            ],
        },
    ),
    ("iam", "CreateRole"): (
        "query",
        {**_ROLE, "PermissionsBoundary": "arn:aws:iam::123456789012:policy/boundary"},
        {
            "Role": {
                **{name: value for name, value in _ROLE.items() if name != "AssumeRolePolicyDocument"},
                "RoleId": "AROAEXAMPLEEXAMPLE12",
                "Arn": "arn:aws:iam::123456789012:role/fleetctl/factory/device-defender",
                "CreateDate": NOW,
                "PermissionsBoundary": {
                    "PermissionsBoundaryType": "PermissionsBoundaryPolicy",
                    "PermissionsBoundaryArn": "arn:aws:iam::123456789012:policy/boundary",
                },
            }
        },
    ),
    ("iam", "ListPolicies"): (
        "query",
        {"Scope": "Local", "PathPrefix": "/fleetctl/"},
        {"Policies": [], "IsTruncated": False},
    ),
    ("sns", "CreateTopic"): (
        "query",
        {"Name": "alerts", "Attributes": {"DisplayName": "Alerts", "KmsMasterKeyId": "alias/fleet"}},
        {"TopicArn": "arn:aws:sns:us-east-1:123456789012:alerts"},
    ),
    ("sns", "GetTopicAttributes"): (
        "query",
        {"TopicArn": "arn:aws:sns:us-east-1:123456789012:alerts"},
        {"Attributes": {"Owner": "123456789012", "DisplayName": ""}},
    ),
    ("sts", "GetCallerIdentity"): (
        "query",
        {},
        {"UserId": "AIDAEXAMPLE", "Account": "123456789012", "Arn": "arn:aws:iam::123456789012:user/ci"},
    ),
    ("cloudwatch", "PutMetricAlarm"): (CBOR, _ALARM, None),
    ("cloudwatch", "DescribeAlarms"): (
        CBOR,
        {"AlarmNames": ["high-violations"], "AlarmTypes": ["MetricAlarm"], "MaxRecords": 100},
        {
            "MetricAlarms": [
                {
                    **_ALARM,
                    "StateValue": "OK",
                    "StateUpdatedTimestamp": NOW,
                    "Metrics": [
                        {
                            "Id": "m1",
                            "MetricStat": {"Metric": {"Namespace": "Fleet"}, "Period": 60, "Stat": "Sum"},
                        }
                    ],
                }
            ]
        },
    ),
}


def _model(service, operation):
    raw = botocore.loaders.Loader().load_service_model(service, "service-2")
    return botocore.model.ServiceModel(raw, service).operation_model(operation)


def record(service, operation, given=None, output=..., status=None):
    """A record of the sample, its input or output replaced where given."""
    protocol, default_input, default_output = SAMPLES[service, operation]
    of = _model(service, operation)
    request = botocore.serialize.create_serializer(protocol, include_validation=False).serialize_to_request(
        default_input if given is None else given, of
    )
    uri = request["url_path"]
    if request["query_string"]:
        uri += "?" + urllib.parse.urlencode(request["query_string"], doseq=True)
    body = request["body"]
    if protocol == "query":
        body = urllib.parse.urlencode(body)
    headers, answer = response(of, protocol, default_output if output is ... else output)
    return {
        "service": service,
        "operation": operation,
        "method": request["method"],
        "uri": uri,
        "request_headers": {name: str(value) for name, value in request["headers"].items()},
        "request_body": encoded(body if isinstance(body, bytes) else body.encode()),
        "status": status or of.http.get("responseCode", 200),
        "response_headers": headers,
        "response_body": encoded(answer),
    }


def encoded(body):
    """A body as records hold it."""
    return base64.b64encode(body).decode()


def response(of, protocol, output):
    """(headers, body) of an answer."""
    if protocol == CBOR:
        headers = {"Content-Type": "application/cbor", "Smithy-Protocol": "rpc-v2-cbor"}
        return headers, b"" if output is None else cbor2.dumps(output, datetime_as_timestamp=True)
    if protocol == "query":
        return {"Content-Type": "text/xml"}, _xml(of, output)
    if protocol == "json":
        version = of.service_model.metadata["jsonVersion"]
        body = b"" if output is None else _json(output)
        return {"Content-Type": f"application/x-amz-json-{version}"}, body
    headers, left = {"Content-Type": "application/json"}, dict(output)
    for name, shape in of.output_shape.members.items():
        location = shape.serialization.get("location")
        if name in left and location == "header":
            headers[shape.serialization["name"]] = left.pop(name)
        elif name in left and location == "statusCode":
            left.pop(name)
    payload = of.output_shape.serialization.get("payload")
    return headers, left[payload] if payload else _json(left)


def _json(value):
    return json.dumps(value, default=lambda time: time.timestamp()).encode()


def _xml(of, output):
    root = ElementTree.Element(f"{of.name}Response", xmlns=of.service_model.metadata["xmlNamespace"])
    if output is not None:
        _element(root, f"{of.name}Result", output)
    _element(root, "ResponseMetadata", {"RequestId": "1"})
    return ElementTree.tostring(root)


def _element(parent, name, value):
    """Structures and lists nest; a map is marked by its members being under `Attributes`."""
    element = ElementTree.SubElement(parent, name)
    if name == "Attributes":
        for key, text in value.items():
            _element(element, "entry", {"key": key, "value": text})
    elif isinstance(value, dict):
        for key, inner in value.items():
            _element(element, key, inner)
    elif isinstance(value, list):
        for inner in value:
            _element(element, "member", inner)
    elif isinstance(value, datetime.datetime):
        element.text = value.strftime("%Y-%m-%dT%H:%M:%SZ")
    else:
        element.text = str(value).lower() if isinstance(value, bool) else str(value)


def parsed(given):
    """What botocore's parser finds in the answer of a record."""
    protocol = SAMPLES[given["service"], given["operation"]][0]
    raw = {
        "headers": botocore.awsrequest.HeadersDict(given["response_headers"]),
        "status_code": given["status"],
        "body": base64.b64decode(given["response_body"]),
        "context": {"operation_name": given["operation"]},
    }
    if protocol == "rest-json" and given["operation"] == "Invoke":
        raw["body"] = _Stream(raw["body"])
    shape = _model(given["service"], given["operation"]).output_shape
    found = botocore.parsers.create_parser(protocol).parse(raw, shape)
    found.pop("ResponseMetadata", None)
    return {name: value.read() if isinstance(value, _Stream) else value for name, value in found.items()}


class _Stream:
    """botocore hands out a blob payload unread."""

    def __init__(self, body):
        self._body = body

    def read(self):
        return self._body
