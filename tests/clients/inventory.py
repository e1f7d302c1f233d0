"""Every object a fleet can hold: how to list it, read it whole, and find its owner.

One row of KINDS is one kind of object. Subscriptions, attachments, permissions and
memberships belong to their parent and are read with it.
"""

from dataclasses import dataclass, field

import botocore
import botocore.exceptions
import jmespath

from endpoint import plain

FLEET_TAG = "fleetctl:fleet"
FLEET_ATTRIBUTE = "fleetctl.fleet"
FLEET_PATH = "/fleetctl/{fleet}/"

# Answers that mean "this object has none", not "this failed".
_NONE = (
    "NoSuchEntity",
    "ResourceNotFound",
    "ResourceNotFoundException",
)


@dataclass(frozen=True)
class Read:
    """One further call for an object.

    `params` names the item's member behind each parameter, `found` is JMESPath over the
    answer. `each` is a call for every text found: its operation, the parameter that
    takes the text, and JMESPath over its answer; the item's parameters go along.
    """

    operation: str
    params: dict
    found: str = "@"
    each: tuple = ()


@dataclass(frozen=True)
class Kind:
    """`items` is JMESPath over a page of the listing, `id` the member that names an item."""

    name: str
    service: str
    listing: str
    items: str
    id: str
    params: dict = field(default_factory=dict)
    reads: dict = field(default_factory=dict)


def _iot(name, listing, items, identifier, arn=None, **reads):
    tags = {"tags": Read("ListTagsForResource", {"resourceArn": arn}, "tags")} if arn else {}
    return Kind(name, "iot", listing, items, identifier, reads={**reads, **tags})


def _alarm(name, items):
    tags = Read("ListTagsForResource", {"ResourceARN": "AlarmArn"}, "Tags")
    listed = {"AlarmTypes": ["MetricAlarm", "CompositeAlarm"]}
    return Kind(name, "cloudwatch", "DescribeAlarms", items, "AlarmName", params=listed, reads={"tags": tags})


_ROLE = {"RoleName": "RoleName"}
_POLICY = {"PolicyArn": "Arn"}
_VERSION = {"PolicyArn": "Arn", "VersionId": "DefaultVersionId"}
_FUNCTION = {"FunctionName": "FunctionName"}
_THING = {"thingName": "thingName"}
_GROUP = {"thingGroupName": "groupName"}
_PROFILE = {"securityProfileName": "name"}
_IOT_POLICY = {"policyName": "policyName"}

KINDS = [
    Kind(
        "role", "iam", "ListRoles", "Roles", "RoleName",
        reads={
            "role": Read("GetRole", _ROLE, "Role"),
            "inline": Read("ListRolePolicies", _ROLE, "PolicyNames", ("GetRolePolicy", "PolicyName", "PolicyDocument")),
            "attached": Read("ListAttachedRolePolicies", _ROLE, "AttachedPolicies"),
            "tags": Read("ListRoleTags", _ROLE, "Tags"),
        },
    ),
    Kind(
        "managed_policy", "iam", "ListPolicies", "Policies", "Arn",
        params={"Scope": "Local"},
        reads={
            "document": Read("GetPolicyVersion", _VERSION, "PolicyVersion.Document"),
            "tags": Read("ListPolicyTags", _POLICY, "Tags"),
        },
    ),
    Kind(
        "topic", "sns", "ListTopics", "Topics", "TopicArn",
        reads={
            "attributes": Read("GetTopicAttributes", {"TopicArn": "TopicArn"}, "Attributes"),
            "subscriptions": Read("ListSubscriptionsByTopic", {"TopicArn": "TopicArn"}, "Subscriptions"),
            "tags": Read("ListTagsForResource", {"ResourceArn": "TopicArn"}, "Tags"),
        },
    ),
    Kind(
        "function", "lambda", "ListFunctions", "Functions", "FunctionName",
        reads={
            "policy": Read("GetPolicy", _FUNCTION, "Policy"),
            "tags": Read("ListTags", {"Resource": "FunctionArn"}, "Tags"),
        },
    ),
    Kind(
        "log_group", "logs", "DescribeLogGroups", "logGroups", "logGroupName",
        reads={"tags": Read("ListTagsForResource", {"resourceArn": "logGroupArn"}, "tags")},
    ),
    _alarm("alarm", "MetricAlarms"),
    _alarm("composite_alarm", "CompositeAlarms"),
    Kind(
        "dashboard", "cloudwatch", "ListDashboards", "DashboardEntries", "DashboardName",
        reads={
            "body": Read("GetDashboard", {"DashboardName": "DashboardName"}, "DashboardBody"),
            "tags": Read("ListTagsForResource", {"ResourceARN": "DashboardArn"}, "Tags"),
        },
    ),
    _iot(
        "thing", "ListThings", "things", "thingName",
        principals=Read("ListThingPrincipals", _THING, "principals"),
    ),
    _iot("thing_type", "ListThingTypes", "thingTypes", "thingTypeName", "thingTypeArn"),
    _iot(
        "thing_group", "ListThingGroups", "thingGroups", "groupName", "groupArn",
        group=Read("DescribeThingGroup", _GROUP),
        things=Read("ListThingsInThingGroup", _GROUP, "things"),
    ),
    _iot(
        "security_profile", "ListSecurityProfiles", "securityProfileIdentifiers", "name", "arn",
        profile=Read("DescribeSecurityProfile", _PROFILE),
        targets=Read("ListTargetsForSecurityProfile", _PROFILE, "securityProfileTargets"),
    ),
    _iot(
        "scheduled_audit", "ListScheduledAudits", "scheduledAudits", "scheduledAuditName", "scheduledAuditArn",
        audit=Read("DescribeScheduledAudit", {"scheduledAuditName": "scheduledAuditName"}),
    ),
    _iot(
        "topic_rule", "ListTopicRules", "rules", "ruleName", "ruleArn",
        rule=Read("GetTopicRule", {"ruleName": "ruleName"}, "rule"),
    ),
    _iot(
        "iot_policy", "ListPolicies", "policies", "policyName", "policyArn",
        policy=Read("GetPolicy", _IOT_POLICY),
        targets=Read("ListTargetsForPolicy", _IOT_POLICY, "targets"),
    ),
    # A certificate takes no tags, so no mark; it is dumped to see that it stays as it was.
    _iot(
        "certificate", "ListCertificates", "certificates", "certificateId",
        certificate=Read("DescribeCertificate", {"certificateId": "certificateId"}, "certificateDescription"),
        things=Read("ListPrincipalThings", {"principal": "certificateArn"}, "things"),
    ),
]  # fmt: skip


def objects(endpoints, kind):
    """Yields (id, everything known of it) for every live object of a kind."""
    client = endpoints.client(kind.service)
    for page in _pages(client, kind.listing, kind.params):
        for listed in jmespath.search(kind.items, page) or []:
            found = {"listed": listed}
            for label, read in kind.reads.items():
                found[label] = _each(client, read, listed, _read(client, read, listed))
            yield listed[kind.id], found


def _pages(client, operation, params):
    method = botocore.xform_name(operation)
    if client.can_paginate(method):
        return map(plain, client.get_paginator(method).paginate(**params))
    return [plain(getattr(client, method)(**params))]


def _each(client, read, listed, texts):
    if not read.each:
        return texts
    operation, parameter, found = read.each
    return {
        text: _read(client, Read(operation, {**read.params, parameter: parameter}, found), {**listed, parameter: text})
        for text in texts
    }


def _read(client, read, listed):
    params = {name: listed[source] for name, source in read.params.items()}
    method = botocore.xform_name(read.operation)
    try:
        if not client.can_paginate(method):
            return jmespath.search(read.found, plain(getattr(client, method)(**params)))
        gathered = []
        for page in _pages(client, read.operation, params):
            found = jmespath.search(read.found, page)
            if isinstance(found, dict):
                return found
            gathered += found or []
        return gathered
    except botocore.exceptions.ClientError as cause:
        if cause.response["Error"]["Code"] in _NONE:
            return None
        raise


def tags(found):
    """The tags of an object as a plain map, however its service writes them."""
    given = found.get("tags") or {}
    if isinstance(given, dict):
        return given
    return {tag["Key"]: tag.get("Value", "") for tag in given}


def owner(found, fleet):
    """How an object says that it belongs to the fleet, or None if it does not."""
    listed = found["listed"]
    if tags(found).get(FLEET_TAG) == fleet:
        return f"tag {FLEET_TAG}"
    if (listed.get("attributes") or {}).get(FLEET_ATTRIBUTE) == fleet:
        return f"attribute {FLEET_ATTRIBUTE}"
    path = FLEET_PATH.format(fleet=fleet)
    return f"path {path}" if listed.get("Path", "").startswith(path) else None
