"""Drives a running sandbox with boto3: every operation of AWS IoT, and its refusals.

    pip install boto3
    cargo run -p fleet-sandbox --example serve -- --port 4567 &
    python3 crates/fleet-sandbox/tests/boto3/iot.py http://127.0.0.1:4567

Needs `openssl`. Fails at the first answer that is not as expected.
"""
import datetime
import json
import pathlib
import subprocess
import tempfile

from driver import ACCOUNT, CALLED, REGION, advance, client, control, pages, refused, without

IOT = client("iot")
INVALID, MISSING, EXISTS = "InvalidRequestException", "ResourceNotFoundException", "ResourceAlreadyExistsException"
CONFLICT, LIMIT = "VersionConflictException", "LimitExceededException"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/iot"


def arn(resource):
    return f"arn:aws:iot:{REGION}:{ACCOUNT}:{resource}"


def tag(**tags):
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def thing_types():
    make = {"thingTypeName": "sensor", "thingTypeProperties": {"thingTypeDescription": "d", "searchableAttributes": ["a", "b"]}}
    made = IOT.create_thing_type(**make, tags=tag(k="v"))
    again = dict(make, thingTypeProperties={"thingTypeDescription": "d", "searchableAttributes": ["b", "a"]})
    assert without(IOT.create_thing_type(**again)) == without(made), "the same again succeeds, in any order of attributes"
    found = refused(EXISTS, IOT.create_thing_type, "sensor", thingTypeName="sensor")
    assert found["resourceId"] == "sensor" and found["resourceArn"] == arn("thingtype/sensor"), found
    refused(INVALID, IOT.create_thing_type, "3 searchable", thingTypeName="t", thingTypeProperties={"searchableAttributes": list("abcd")})
    refused(INVALID, IOT.create_thing_type, "regular expression", thingTypeName="white space")
    IOT.update_thing_type(thingTypeName="sensor", thingTypeProperties={"thingTypeDescription": "e"})
    shown = IOT.describe_thing_type(thingTypeName="sensor")
    assert shown["thingTypeProperties"] == {"thingTypeDescription": "e", "searchableAttributes": ["a", "b"]}, shown
    assert shown["thingTypeMetadata"]["deprecated"] is False
    refused(MISSING, IOT.describe_thing_type, thingTypeName="none")
    refused(MISSING, IOT.update_thing_type, thingTypeName="none")
    refused(MISSING, IOT.deprecate_thing_type, thingTypeName="none")
    refused(MISSING, IOT.delete_thing_type, thingTypeName="none")
    for name in "xyz":
        IOT.create_thing_type(thingTypeName=name)
    listed, count = pages(IOT.list_thing_types, "thingTypes", maxResults=3)
    assert [t["thingTypeName"] for t in listed] == ["sensor", "x", "y", "z"] and count == 2
    assert [t["thingTypeName"] for t in IOT.list_thing_types(thingTypeName="y")["thingTypes"]] == ["y"]
    refused(INVALID, IOT.list_thing_types, nextToken="wrong")


def things():
    make = {"thingName": "t1", "thingTypeName": "sensor", "attributePayload": {"attributes": {"a": "1", "b": "2"}}}
    made = IOT.create_thing(**make)
    assert without(IOT.create_thing(**make)) == without(made) and made["thingArn"] == arn("thing/t1")
    refused(EXISTS, IOT.create_thing, thingName="t1")
    refused(EXISTS, IOT.create_thing, **dict(make, attributePayload={"attributes": {"a": "1"}}))
    refused(MISSING, IOT.create_thing, thingName="t2", thingTypeName="none")
    four = {"attributes": {name: "1" for name in "abcd"}}
    refused(INVALID, IOT.create_thing, "at most 3", thingName="t2", attributePayload=four)
    refused(INVALID, IOT.create_thing, thingName="t2", attributePayload={"attributes": {"white space": "1"}})
    IOT.create_thing(thingName="t2", thingTypeName="sensor", attributePayload=four)
    refused(INVALID, IOT.update_thing, "at most 3", thingName="t2", removeThingType=True)
    IOT.update_thing(thingName="t1", expectedVersion=1, attributePayload={"attributes": {"a": "", "c": "3"}, "merge": True})
    shown = IOT.describe_thing(thingName="t1")
    assert shown["attributes"] == {"b": "2", "c": "3"} and shown["version"] == 2 and shown["defaultClientId"] == "t1", shown
    refused(CONFLICT, IOT.update_thing, thingName="t1", expectedVersion=1)
    refused(INVALID, IOT.update_thing, thingName="t1", removeThingType=True, thingTypeName="sensor")
    IOT.update_thing(thingName="t1", attributePayload={"attributes": {}}, removeThingType=True)
    shown = IOT.describe_thing(thingName="t1")
    assert shown["attributes"] == {} and "thingTypeName" not in shown and shown["version"] == 3, shown
    refused(MISSING, IOT.describe_thing, thingName="none")
    refused(MISSING, IOT.update_thing, thingName="none")
    refused(CONFLICT, IOT.delete_thing, thingName="t1", expectedVersion=9)
    for number in range(30):
        IOT.create_thing(thingName=f"n{number:02}", attributePayload={"attributes": {"fleetctl.fleet": "f" if number % 2 else "fg"}})
    listed, count = pages(IOT.list_things, "things", maxResults=7)
    assert len(listed) == 32 and count == 5 and len(IOT.list_things()["things"]) == 25
    names = [t["thingName"] for t in pages(IOT.list_things, "things", attributeName="fleetctl.fleet", attributeValue="f")[0]]
    assert names == [f"n{number:02}" for number in range(1, 30, 2)], names
    prefixed = {"attributeName": "fleetctl.fleet", "attributeValue": "f", "usePrefixAttributeValue": True}
    assert len(pages(IOT.list_things, "things", **prefixed)[0]) == 30
    assert [t["thingName"] for t in IOT.list_things(thingTypeName="sensor")["things"]] == ["t2"]
    refused(INVALID, IOT.list_things, attributeValue="f")
    for number in range(30):
        IOT.delete_thing(thingName=f"n{number:02}")
    IOT.delete_thing(thingName="n00")


def deprecation():
    IOT.create_thing_type(thingTypeName="old")
    IOT.create_thing(thingName="old-thing", thingTypeName="old")
    refused(INVALID, IOT.delete_thing_type, "deprecated", thingTypeName="old")
    IOT.deprecate_thing_type(thingTypeName="old")
    refused(INVALID, IOT.create_thing, "deprecated", thingName="t9", thingTypeName="old")
    IOT.deprecate_thing_type(thingTypeName="old", undoDeprecate=True)
    IOT.deprecate_thing_type(thingTypeName="old")
    refused(INVALID, IOT.delete_thing_type, "Please wait for 5 minutes after deprecation and then retry", thingTypeName="old")
    advance(299)
    refused(INVALID, IOT.delete_thing_type, "Please wait for 5 minutes", thingTypeName="old")
    advance(2)
    refused(INVALID, IOT.delete_thing_type, "associated", thingTypeName="old")
    IOT.delete_thing(thingName="old-thing")
    IOT.delete_thing_type(thingTypeName="old")
    refused(MISSING, IOT.describe_thing_type, thingTypeName="old")


def groups():
    properties = {"thingGroupDescription": "d", "attributePayload": {"attributes": {"a": "1"}}}
    made = IOT.create_thing_group(thingGroupName="top", thingGroupProperties=properties, tags=tag(k="v"))
    assert without(IOT.create_thing_group(thingGroupName="top", thingGroupProperties=properties)) == without(made)
    refused(EXISTS, IOT.create_thing_group, thingGroupName="top")
    IOT.create_thing_group(thingGroupName="plain")
    IOT.create_thing_group(thingGroupName="plain", thingGroupProperties={"attributePayload": {"attributes": {}}})
    IOT.delete_thing_group(thingGroupName="plain")
    refused(INVALID, IOT.create_thing_group, "parent", thingGroupName="g", parentGroupName="none")
    above = "top"
    for depth in range(2, 8):
        IOT.create_thing_group(thingGroupName=f"level{depth}", parentGroupName=above)
        above = f"level{depth}"
    refused(INVALID, IOT.create_thing_group, "7 levels", thingGroupName="g", parentGroupName=above)
    refused(EXISTS, IOT.create_thing_group, thingGroupName="level3", parentGroupName="top")
    metadata = IOT.describe_thing_group(thingGroupName="level3")["thingGroupMetadata"]
    assert [g["groupName"] for g in metadata["rootToParentThingGroups"]] == ["top", "level2"], metadata
    assert metadata["parentGroupName"] == "level2"
    change = {"attributePayload": {"attributes": {"b": "2"}, "merge": True}}
    assert IOT.update_thing_group(thingGroupName="top", thingGroupProperties=change, expectedVersion=1)["version"] == 2
    shown = IOT.describe_thing_group(thingGroupName="top")["thingGroupProperties"]
    assert shown == {"thingGroupDescription": "d", "attributePayload": {"attributes": {"a": "1", "b": "2"}}}, shown
    refused(CONFLICT, IOT.update_thing_group, thingGroupName="top", thingGroupProperties={}, expectedVersion=1)
    refused(INVALID, IOT.update_thing_group, "must not be null", thingGroupName="top")
    refused(MISSING, IOT.update_thing_group, thingGroupName="none", thingGroupProperties={})
    refused(MISSING, IOT.describe_thing_group, thingGroupName="none")
    names = lambda **filters: [g["groupName"] for g in pages(IOT.list_thing_groups, "thingGroups", **filters)[0]]
    assert len(names()) == 7 and names(recursive=False) == ["top"] and names(parentGroup="top") == ["level2"]
    assert len(names(parentGroup="top", recursive=True)) == 6 and names(namePrefixFilter="level7") == ["level7"]
    assert pages(IOT.list_thing_groups, "thingGroups", maxResults=2)[1] == 4
    refused(MISSING, IOT.list_thing_groups, parentGroup="none")
    refused(INVALID, IOT.delete_thing_group, "when there are still child groups attached to it", thingGroupName="level6")
    refused(CONFLICT, IOT.delete_thing_group, thingGroupName="level7", expectedVersion=5)
    memberships()
    for depth in range(7, 1, -1):
        IOT.delete_thing_group(thingGroupName=f"level{depth}")
    IOT.delete_thing_group(thingGroupName="level2")


def memberships():
    IOT.add_thing_to_thing_group(thingGroupName="level2", thingName="t1")
    IOT.add_thing_to_thing_group(thingGroupArn=arn("thinggroup/level2"), thingArn=arn("thing/t1"))
    refused(INVALID, IOT.add_thing_to_thing_group, "same hierarchy", thingGroupName="level4", thingName="t1")
    refused(MISSING, IOT.add_thing_to_thing_group, thingGroupName="none", thingName="t1")
    refused(MISSING, IOT.add_thing_to_thing_group, thingGroupName="top", thingName="none")
    refused(INVALID, IOT.add_thing_to_thing_group, "required", thingGroupName="top")
    refused(INVALID, IOT.add_thing_to_thing_group, thingGroupName="top", thingName="t1", thingArn=arn("thing/t2"))
    refused(INVALID, IOT.add_thing_to_thing_group, thingGroupName="top", thingArn="arn:aws:iot:us-east-1:1:thing/t1")
    assert IOT.list_things_in_thing_group(thingGroupName="top")["things"] == []
    assert IOT.list_things_in_thing_group(thingGroupName="top", recursive=True)["things"] == ["t1"]
    refused(MISSING, IOT.list_things_in_thing_group, thingGroupName="none")
    for number in range(10):
        IOT.create_thing_group(thingGroupName=f"g{number}")
    IOT.update_thing_groups_for_thing(thingName="t1", thingGroupsToAdd=[f"g{number}" for number in range(9)])
    refused(INVALID, IOT.add_thing_to_thing_group, "10 thing groups", thingGroupName="g9", thingName="t1")
    refused(INVALID, IOT.update_thing_groups_for_thing, thingName="t1", thingGroupsToRemove=["g0"], thingGroupsToAdd=["level4"])
    refused(MISSING, IOT.update_thing_groups_for_thing, thingName="t1", thingGroupsToRemove=["none"])
    refused(MISSING, IOT.update_thing_groups_for_thing, thingName="none")
    listed, count = pages(IOT.list_thing_groups_for_thing, "thingGroups", thingName="t1", maxResults=4)
    assert len(listed) == 11 and count == 3, "the refused update removed nothing"
    refused(MISSING, IOT.list_thing_groups_for_thing, thingName="none")
    IOT.remove_thing_from_thing_group(thingGroupName="g0", thingName="t1")
    IOT.remove_thing_from_thing_group(thingGroupName="g0", thingName="t1")
    refused(MISSING, IOT.remove_thing_from_thing_group, thingGroupName="none", thingName="t1")
    for number in range(10):
        IOT.delete_thing_group(thingGroupName=f"g{number}")
    lineage = [g["groupName"] for g in IOT.list_thing_groups_for_thing(thingName="t1")["thingGroups"]]
    assert lineage == ["level2", "top"], "the group and those above it"


def behavior(name="b", metric="aws:num-messages-sent", operator="less-than", value=None, **more):
    criteria = {"comparisonOperator": operator, "value": value or {"count": 5}, "durationSeconds": 300}
    return {"name": name, "metric": metric, "criteria": {k: v for k, v in (criteria | more).items() if v is not None}}


def security_profiles():
    targets = {"SNS": {"alertTargetArn": f"arn:aws:sns:{REGION}:{ACCOUNT}:alerts", "roleArn": ROLE}}
    IOT.create_custom_metric(metricName="battery", metricType="number", displayName="Battery", clientRequestToken="m1")
    IOT.create_dimension(name="topics", type="TOPIC_FILTER", stringValues=["a/#"], clientRequestToken="d1")
    scoped = behavior("scoped") | {"metricDimension": {"dimensionName": "topics", "operator": "NOT_IN"}}
    own = behavior("own", "battery", "greater-than", {"number": 2.5}, durationSeconds=None)
    nets = behavior("nets", "aws:destination-ip-addresses", "in-cidr-set", {"cidrs": ["10.0.0.0/8"]}, durationSeconds=None)
    percentile = behavior("p", value=None, statisticalThreshold={"statistic": "p99.9"})
    del percentile["criteria"]["value"]
    learned = {"name": "ml", "metric": "aws:num-disconnects", "criteria": {"mlDetectionConfig": {"confidenceLevel": "HIGH"}}}
    whole = {"securityProfileDescription": "d", "behaviors": [behavior(), scoped, own, nets, percentile, learned],
             "alertTargets": targets, "additionalMetricsToRetainV2": [{"metric": "aws:all-bytes-in"}]}
    made = IOT.create_security_profile(securityProfileName="base", **whole, tags=tag(k="v"))
    assert made["securityProfileArn"] == arn("securityprofile/base")
    refused(EXISTS, IOT.create_security_profile, securityProfileName="base", **whole)
    shown = IOT.describe_security_profile(securityProfileName="base")
    assert {k: shown[k] for k in whole} == whole and shown["version"] == 1, shown
    changed = IOT.update_security_profile(securityProfileName="base", behaviors=[behavior("only")], expectedVersion=1)
    assert changed["version"] == 2 and [b["name"] for b in changed["behaviors"]] == ["only"] and changed["alertTargets"] == targets
    refused(CONFLICT, IOT.update_security_profile, securityProfileName="base", expectedVersion=1)
    for flag, setting, value in [("deleteBehaviors", "behaviors", [behavior()]), ("deleteAlertTargets", "alertTargets", targets),
                                 ("deleteAdditionalMetricsToRetain", "additionalMetricsToRetainV2", [{"metric": "aws:all-bytes-in"}])]:
        refused(INVALID, IOT.update_security_profile, flag, securityProfileName="base", **{flag: True, setting: value})
        changed = IOT.update_security_profile(securityProfileName="base", **{setting: type(value)()})
        assert setting in changed, "an empty list empties nothing"
        changed = IOT.update_security_profile(securityProfileName="base", **{flag: True})
        assert setting not in changed, changed
    export = {"mqttTopic": "export", "roleArn": ROLE}
    exported = [behavior() | {"exportMetric": True}]
    refused(INVALID, IOT.update_security_profile, "metricsExportConfig", securityProfileName="base", behaviors=exported)
    IOT.update_security_profile(securityProfileName="base", behaviors=exported, metricsExportConfig=export)
    refused(INVALID, IOT.update_security_profile, securityProfileName="base", deleteMetricsExportConfig=True)
    IOT.update_security_profile(securityProfileName="base", deleteMetricsExportConfig=True, deleteBehaviors=True)
    IOT.update_security_profile(securityProfileName="base", behaviors=[scoped, own])
    refused(MISSING, IOT.update_security_profile, securityProfileName="none")
    refused(MISSING, IOT.describe_security_profile, securityProfileName="none")
    names = lambda **filters: [p["name"] for p in IOT.list_security_profiles(**filters)["securityProfileIdentifiers"]]
    IOT.create_security_profile(securityProfileName="other", behaviors=[behavior()])
    assert names() == ["base", "other"] and names(metricName="battery") == ["base"] and names(dimensionName="topics") == ["base"]
    assert pages(IOT.list_security_profiles, "securityProfileIdentifiers", maxResults=1)[1] == 2
    refused(INVALID, IOT.delete_custom_metric, "base", metricName="battery")
    refused(INVALID, IOT.delete_dimension, "base", name="topics")
    behaviors_refused()
    profile_targets()
    refused(CONFLICT, IOT.delete_security_profile, securityProfileName="base", expectedVersion=1)
    for name in ("base", "other", "none"):
        IOT.delete_security_profile(securityProfileName=name)


def behaviors_refused():
    ml = {"mlDetectionConfig": {"confidenceLevel": "LOW"}}
    for wrong, reason in [
        (behavior(metric="aws:none"), "neither"),
        (behavior(durationSeconds=301), "durationSeconds"),
        (behavior(durationSeconds=None), "needs durationSeconds"),
        (behavior(operator="in-cidr-set"), "less-than"),
        (behavior(operator=None), "comparisonOperator"),
        (behavior(value={"number": 1.0}), "value.count"),
        (behavior(value={"count": 1, "ports": [1]}), "value.count"),
        (behavior(statisticalThreshold={"statistic": "p1"}), "exactly one"),
        ({"name": "b", "metric": "aws:num-messages-sent", "criteria": ml | {"durationSeconds": 300}}, "mlDetectionConfig"),
        ({"name": "b", "metric": "aws:source-ip-address", "criteria": ml}, "mlDetectionConfig"),
        (behavior("b", "aws:source-ip-address", "in-cidr-set", {"cidrs": ["10.0.0.0/8"]}), "durationSeconds"),
        ({"name": "b", "criteria": behavior()["criteria"]}, "metric"),
        (behavior() | {"metricDimension": {"dimensionName": "none"}}, "does not exist"),
        (behavior(metric="aws:num-disconnects") | {"metricDimension": {"dimensionName": "topics"}}, "dimension"),
        (behavior("b", "battery", value={"count": 1}, durationSeconds=None), "value.number"),
    ]:
        refused(INVALID, IOT.create_security_profile, reason, securityProfileName="wrong", behaviors=[wrong])
        answer = IOT.validate_security_profile_behaviors(behaviors=[wrong])
        assert not answer["valid"] and reason in answer["validationErrors"][0]["errorMessage"], answer
    refused(INVALID, IOT.create_security_profile, "unique", securityProfileName="wrong", behaviors=[behavior(), behavior()])
    many = behavior("b", "aws:destination-ip-addresses", "in-cidr-set", {"cidrs": ["10.0.0.0/8"] * 1001}, durationSeconds=None)
    refused(INVALID, IOT.create_security_profile, "1000", securityProfileName="wrong", behaviors=[many])
    refused(INVALID, IOT.create_security_profile, "enum", securityProfileName="wrong", behaviors=[behavior(operator="less")])
    assert IOT.validate_security_profile_behaviors(behaviors=[behavior(), {"name": "retain", "metric": "battery"}])["valid"]


def profile_targets():
    top, everything = arn("thinggroup/top"), arn("all/things")
    IOT.create_thing_group(thingGroupName="sub", parentGroupName="top")
    for target in (top, top, everything, arn("all/registered-things"), arn("all/unregistered-things")):
        IOT.attach_security_profile(securityProfileName="base", securityProfileTargetArn=target)
    IOT.attach_security_profile(securityProfileName="other", securityProfileTargetArn=arn("thinggroup/sub"))
    attach = lambda code, profile, target: refused(code, IOT.attach_security_profile, securityProfileName=profile, securityProfileTargetArn=target)
    attach(MISSING, "none", top)
    attach(MISSING, "base", arn("thinggroup/none"))
    attach(INVALID, "base", arn("thing/t1"))
    attach(INVALID, "base", "arn:aws:iot:eu-west-1:123456789012:all/things")
    listed, count = pages(IOT.list_targets_for_security_profile, "securityProfileTargets", securityProfileName="base", maxResults=3)
    assert len(listed) == 4 and count == 2
    refused(MISSING, IOT.list_targets_for_security_profile, securityProfileName="none")
    of = lambda **more: [(m["securityProfileIdentifier"]["name"], m["target"]["arn"]) for m in
                         IOT.list_security_profiles_for_target(**more)["securityProfileTargetMappings"]]
    assert of(securityProfileTargetArn=top) == [("base", top)] and of(securityProfileTargetArn=everything) == [("base", everything)]
    assert of(securityProfileTargetArn=top, recursive=True) == [("base", top), ("other", arn("thinggroup/sub"))]
    refused(MISSING, IOT.list_security_profiles_for_target, securityProfileTargetArn=arn("thinggroup/none"))
    for number in range(5):
        IOT.create_security_profile(securityProfileName=f"p{number}")
        attach_to = {"securityProfileName": f"p{number}", "securityProfileTargetArn": top}
        IOT.attach_security_profile(**attach_to) if number < 4 else refused(LIMIT, IOT.attach_security_profile, **attach_to)
    for number in range(5):
        IOT.delete_security_profile(securityProfileName=f"p{number}")
    assert of(securityProfileTargetArn=top) == [("base", top)], "deleting a profile ends its attachments"
    IOT.detach_security_profile(securityProfileName="base", securityProfileTargetArn=top)
    IOT.detach_security_profile(securityProfileName="base", securityProfileTargetArn=top)
    refused(MISSING, IOT.detach_security_profile, securityProfileName="none", securityProfileTargetArn=top)
    IOT.delete_thing_group(thingGroupName="sub")
    assert IOT.list_targets_for_security_profile(securityProfileName="other")["securityProfileTargets"] == []


def metrics_and_dimensions():
    refused(EXISTS, IOT.create_custom_metric, metricName="battery", metricType="number", clientRequestToken="m2")
    refused(INVALID, IOT.create_custom_metric, "aws:", metricName="aws:battery", metricType="number", clientRequestToken="m3")
    refused(INVALID, IOT.create_custom_metric, "enum", metricName="m", metricType="text", clientRequestToken="m3")
    assert IOT.update_custom_metric(metricName="battery", displayName="B")["displayName"] == "B"
    shown = IOT.describe_custom_metric(metricName="battery")
    assert shown["metricType"] == "number" and shown["metricArn"] == arn("custommetric/battery")
    refused(MISSING, IOT.describe_custom_metric, metricName="none")
    refused(MISSING, IOT.update_custom_metric, metricName="none", displayName="B")
    for number in range(99):
        IOT.create_custom_metric(metricName=f"m{number:02}", metricType="string-list", clientRequestToken=f"n{number}")
    refused(LIMIT, IOT.create_custom_metric, metricName="more", metricType="number", clientRequestToken="m4")
    listed, count = pages(IOT.list_custom_metrics, "metricNames", maxResults=60)
    assert len(listed) == 100 and count == 2
    for name in [*listed, "none"]:
        IOT.delete_custom_metric(metricName=name)
    refused(EXISTS, IOT.create_dimension, name="topics", type="TOPIC_FILTER", stringValues=["b"], clientRequestToken="d2")
    assert IOT.update_dimension(name="topics", stringValues=["b/+"])["stringValues"] == ["b/+"]
    assert IOT.describe_dimension(name="topics")["stringValues"] == ["b/+"]
    refused(INVALID, IOT.update_dimension, name="topics", stringValues=[])
    refused(MISSING, IOT.describe_dimension, name="none")
    refused(MISSING, IOT.update_dimension, name="none", stringValues=["b"])
    for number in range(9):
        IOT.create_dimension(name=f"d{number}", type="TOPIC_FILTER", stringValues=["b"], clientRequestToken=f"e{number}")
    refused(LIMIT, IOT.create_dimension, name="more", type="TOPIC_FILTER", stringValues=["b"], clientRequestToken="d3")
    listed, count = pages(IOT.list_dimensions, "dimensionNames", maxResults=4)
    assert len(listed) == 10 and count == 3
    for name in [*listed, "none"]:
        IOT.delete_dimension(name=name)


def audits():
    shown = IOT.describe_account_audit_configuration()
    assert len(shown["auditCheckConfigurations"]) == 17 and "roleArn" not in shown
    assert not any(check["enabled"] for check in shown["auditCheckConfigurations"].values())
    refused(MISSING, IOT.delete_account_audit_configuration)
    logging, expiring, age = "LOGGING_DISABLED_CHECK", "DEVICE_CERTIFICATE_EXPIRING_CHECK", "DEVICE_CERTIFICATE_AGE_CHECK"
    update = IOT.update_account_audit_configuration
    on, off = {"enabled": True}, {"enabled": False}
    refused(INVALID, update, "roleArn", auditCheckConfigurations={logging: on})
    refused(INVALID, update, "at least one", roleArn=ROLE)
    refused(INVALID, update, "at least one", roleArn=ROLE, auditCheckConfigurations={logging: off})
    refused(INVALID, update, "Request contains an invalid Audit Check Name", roleArn=ROLE, auditCheckConfigurations={"X_CHECK": on})
    days = lambda key, value: {"enabled": True, "configuration": {key: value}}
    expiry_key, age_key = "CERT_EXPIRATION_THRESHOLD_IN_DAYS", "CERT_AGE_THRESHOLD_IN_DAYS"
    update(roleArn=ROLE, auditCheckConfigurations={logging: on, expiring: days(expiry_key, "60")})
    for check, key, value in [(expiring, expiry_key, "29"), (expiring, expiry_key, "3653"), (expiring, expiry_key, "x"), (expiring, age_key, "60"), (logging, expiry_key, "60")]:
        refused(INVALID, update, check, auditCheckConfigurations={check: days(key, value)})
    update(auditCheckConfigurations={age: days(age_key, "365")})
    refused(INVALID, update, "targetArn", auditNotificationTargetConfigurations={"SNS": on})
    topic = {"targetArn": f"arn:aws:sns:{REGION}:{ACCOUNT}:alerts", "roleArn": ROLE, "enabled": True}
    update(auditNotificationTargetConfigurations={"SNS": topic})
    shown = IOT.describe_account_audit_configuration()
    checks = shown["auditCheckConfigurations"]
    assert checks[logging] == on and checks[expiring] == days(expiry_key, "60") and checks[age] == days(age_key, "365")
    assert shown["auditNotificationTargetConfigurations"] == {"SNS": topic} and shown["roleArn"] == ROLE
    scheduled_audits(logging, expiring, update, off)
    IOT.delete_account_audit_configuration(deleteScheduledAudits=True)
    assert IOT.list_scheduled_audits()["scheduledAudits"] == []
    assert not any(check["enabled"] for check in IOT.describe_account_audit_configuration()["auditCheckConfigurations"].values())


def scheduled_audits(logging, expiring, update, off):
    create = IOT.create_scheduled_audit
    daily = {"frequency": "DAILY", "targetCheckNames": [logging]}
    assert create(scheduledAuditName="daily", **daily, tags=tag(k="v"))["scheduledAuditArn"] == arn("scheduledaudit/daily")
    refused(EXISTS, create, scheduledAuditName="daily", **daily)
    for wrong, reason in [({"frequency": "WEEKLY"}, "dayOfWeek"), ({"frequency": "MONTHLY"}, "dayOfMonth"),
                          ({"dayOfWeek": "MON"}, "dayOfWeek"), ({"targetCheckNames": []}, "at least one"),
                          ({"targetCheckNames": ["X_CHECK"]}, "invalid Audit Check Name"),
                          ({"targetCheckNames": ["CONFLICTING_CLIENT_IDS_CHECK"]}, "not enabled"),
                          ({"frequency": "MONTHLY", "dayOfMonth": "32"}, "regular expression")]:
        refused(INVALID, create, reason, scheduledAuditName="wrong", **(daily | wrong))
    create(scheduledAuditName="weekly", frequency="WEEKLY", dayOfWeek="MON", targetCheckNames=[logging, expiring])
    IOT.update_scheduled_audit(scheduledAuditName="weekly", frequency="MONTHLY", dayOfMonth="LAST")
    shown = without(IOT.describe_scheduled_audit(scheduledAuditName="weekly"))
    assert shown == {"scheduledAuditName": "weekly", "scheduledAuditArn": arn("scheduledaudit/weekly"), "frequency": "MONTHLY",
                     "dayOfMonth": "LAST", "targetCheckNames": [logging, expiring]}, shown
    refused(MISSING, IOT.describe_scheduled_audit, scheduledAuditName="none")
    refused(MISSING, IOT.update_scheduled_audit, scheduledAuditName="none")
    refused(MISSING, IOT.delete_scheduled_audit, scheduledAuditName="none")
    refused(INVALID, update, "uses it", auditCheckConfigurations={expiring: off})
    IOT.update_scheduled_audit(scheduledAuditName="weekly", targetCheckNames=[logging])
    update(auditCheckConfigurations={expiring: off})
    for number in range(3):
        create(scheduledAuditName=f"a{number}", **daily)
    refused(LIMIT, create, scheduledAuditName="sixth", **daily)
    listed, count = pages(IOT.list_scheduled_audits, "scheduledAudits", maxResults=2)
    assert len(listed) == 5 and count == 3
    IOT.delete_scheduled_audit(scheduledAuditName="a0")
    refused(INVALID, IOT.delete_account_audit_configuration, "deleteScheduledAudits")


def tags():
    group = arn("thinggroup/top")
    assert IOT.list_tags_for_resource(resourceArn=group)["tags"] == tag(k="v")
    IOT.tag_resource(resourceArn=group, tags=tag(k="w", l=""))
    IOT.untag_resource(resourceArn=group, tagKeys=["k", "absent"])
    assert IOT.list_tags_for_resource(resourceArn=group)["tags"] == tag(l="")
    IOT.tag_resource(resourceArn=group, tags=tag(**{f"k{number}": "v" for number in range(49)}))
    refused(LIMIT, IOT.tag_resource, resourceArn=group, tags=tag(more="v"))
    assert len(IOT.list_tags_for_resource(resourceArn=group)["tags"]) == 50
    refused(INVALID, IOT.tag_resource, resourceArn=group, tags=tag(**{"aws:x": "v"}))
    refused(INVALID, IOT.tag_resource, "Duplicate", resourceArn=group, tags=tag(a="1") + tag(a="2"))
    for call in (IOT.list_tags_for_resource, lambda **a: IOT.tag_resource(**a, tags=[]), lambda **a: IOT.untag_resource(**a, tagKeys=[])):
        refused(MISSING, call, resourceArn=arn("thinggroup/none"))
        refused(INVALID, call, "cannot be tagged", resourceArn=arn("thing/t1"))
        refused(INVALID, call, resourceArn="arn:aws:sns:us-east-1:123456789012:t")
    assert IOT.list_tags_for_resource(resourceArn=arn("thingtype/sensor"))["tags"] == tag(k="v")


def rules():
    iam = client("iam")
    trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "iot.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
    unable = "AWS IoT (iot.amazonaws.com) is unable to assume role (sts:AssumeRole) on resource: " + ROLE
    rule = {"sql": "SELECT * FROM 'fleet/+/telemetry' WHERE t > 5", "description": "d",
            "actions": [{"sns": {"targetArn": f"arn:aws:sns:{REGION}:{ACCOUNT}:t", "roleArn": ROLE, "messageFormat": "RAW"}}],
            "errorAction": {"cloudwatchLogs": {"logGroupName": "g", "roleArn": ROLE}}}
    refused(INVALID, IOT.create_topic_rule, unable, ruleName="r", topicRulePayload=rule)
    iam.create_role(RoleName="iot", AssumeRolePolicyDocument=json.dumps(trust))
    disabled = rule | {"ruleDisabled": True}
    refused(INVALID, IOT.create_topic_rule, unable, "try again in a few seconds", ruleName="r", topicRulePayload=disabled)
    advance(6)
    IOT.create_topic_rule(ruleName="r", topicRulePayload=rule, tags="a=1&b=x%20y")
    assert IOT.list_tags_for_resource(resourceArn=arn("rule/r"))["tags"] == tag(a="1", b="x y")
    refused(EXISTS, IOT.create_topic_rule, ruleName="r", topicRulePayload=rule)
    shown = IOT.get_topic_rule(ruleName="r")
    assert shown["ruleArn"] == arn("rule/r") and {k: shown["rule"][k] for k in rule} == rule
    assert shown["rule"]["ruleDisabled"] is False and shown["rule"]["awsIotSqlVersion"] == "2015-10-08"
    create = lambda code, *contains, name="x", **change: refused(code, IOT.create_topic_rule, *contains, ruleName=name, topicRulePayload=rule | change)
    create(INVALID, "regular expression", name="with-dash")
    create("SqlParseException", "SELECT", sql="")
    create("SqlParseException", "FROM", sql="SELECT *")
    create(INVALID, "one type", actions=[{"lambda": {"functionArn": "f"}, "sqs": {"roleArn": ROLE, "queueUrl": "q"}}])
    create(INVALID, "name its type", actions=[{}])
    create(INVALID, "must not be null", actions=[{"sqs": {"roleArn": ROLE}}])
    create(INVALID, "length", actions=rule["actions"] * 11)
    create(INVALID, "awsIotSqlVersion", awsIotSqlVersion="2017")
    create(INVALID, "role/none", sql="SELECT * FROM 't' WHERE get_dynamodb('T','k','v','arn:aws:iam::123456789012:role/none').a")
    nested = {"timestream": {"roleArn": ROLE + "2", "databaseName": "d", "tableName": "t", "dimensions": [{"name": "n", "value": "v"}]}}
    create(INVALID, "role/iot2", errorAction=nested)
    replaced = {"sql": "SELECT a FROM 'b'", "actions": [{"lambda": {"functionArn": "f"}}], "awsIotSqlVersion": "2016-03-23"}
    IOT.replace_topic_rule(ruleName="r", topicRulePayload=replaced)
    after = IOT.get_topic_rule(ruleName="r")["rule"]
    assert {k: after[k] for k in replaced} == replaced and "errorAction" not in after and "description" not in after, after
    assert after["createdAt"] == shown["rule"]["createdAt"]
    assert IOT.list_tags_for_resource(resourceArn=arn("rule/r"))["tags"] == tag(a="1", b="x y")
    IOT.disable_topic_rule(ruleName="r")
    assert IOT.get_topic_rule(ruleName="r")["rule"]["ruleDisabled"] is True
    IOT.create_topic_rule(ruleName="s", topicRulePayload=rule)
    names = lambda **filters: [r["ruleName"] for r in pages(IOT.list_topic_rules, "rules", **filters)[0]]
    assert names(maxResults=1) == ["r", "s"] and names(ruleDisabled=True) == ["r"] and names(topic="fleet/x/telemetry") == ["s"]
    IOT.enable_topic_rule(ruleName="r")
    assert names(ruleDisabled=True) == []
    denied = "Access to topic rule 'none' was denied"
    for call in (IOT.get_topic_rule, IOT.delete_topic_rule, IOT.enable_topic_rule, IOT.disable_topic_rule):
        refused("UnauthorizedException", call, denied, ruleName="none")
    refused("UnauthorizedException", IOT.replace_topic_rule, denied, ruleName="none", topicRulePayload=rule)
    for name in "rs":
        IOT.delete_topic_rule(ruleName=name)


DOCUMENT = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "iot:Connect", "Resource": "*"}]})


def policies():
    make = {"policyName": "p", "policyDocument": DOCUMENT}
    made = IOT.create_policy(**make, tags=tag(k="v"))
    assert made["policyVersionId"] == "1" and made["policyArn"] == arn("policy/p") and made["policyDocument"] == DOCUMENT
    refused(EXISTS, IOT.create_policy, **make)
    refused("MalformedPolicyException", IOT.create_policy, policyName="q", policyDocument="{}")
    other = DOCUMENT.replace("Connect", "Publish")
    second = IOT.create_policy_version(policyName="p", policyDocument=other, setAsDefault=True)
    assert second["policyVersionId"] == "2" and second["isDefaultVersion"] is True
    assert IOT.get_policy(policyName="p")["policyDocument"] == other
    for _ in range(3):
        assert IOT.create_policy_version(policyName="p", policyDocument=DOCUMENT)["isDefaultVersion"] is False
    refused("VersionsLimitExceededException", IOT.create_policy_version, "The policy p already has the maximum number of versions (5)",
            policyName="p", policyDocument=DOCUMENT)
    refused("MalformedPolicyException", IOT.create_policy_version, policyName="p", policyDocument="x")
    refused("DeleteConflictException", IOT.delete_policy_version, policyName="p", policyVersionId="2")
    refused("DeleteConflictException", IOT.delete_policy, "versions", policyName="p")
    IOT.delete_policy_version(policyName="p", policyVersionId="5")
    assert IOT.create_policy_version(policyName="p", policyDocument=DOCUMENT)["policyVersionId"] == "6", "numbers are not used again"
    IOT.set_default_policy_version(policyName="p", policyVersionId="1")
    versions = IOT.list_policy_versions(policyName="p")["policyVersions"]
    assert [(v["versionId"], v["isDefaultVersion"]) for v in versions] == [("1", True), ("2", False), ("3", False), ("4", False), ("6", False)]
    shown = IOT.get_policy_version(policyName="p", policyVersionId="2")
    assert shown["policyDocument"] == other and shown["isDefaultVersion"] is False
    for call in (IOT.get_policy_version, IOT.delete_policy_version, IOT.set_default_policy_version):
        refused(MISSING, call, policyName="p", policyVersionId="9")
        refused(MISSING, call, policyName="none", policyVersionId="1")
    for call in (IOT.get_policy, IOT.delete_policy, IOT.list_policy_versions, IOT.list_targets_for_policy, IOT.list_policy_principals):
        refused(MISSING, call, policyName="none")
    refused(MISSING, IOT.create_policy_version, policyName="none", policyDocument=DOCUMENT)
    for version in "2346":
        IOT.delete_policy_version(policyName="p", policyVersionId=version)
    for name in "abc":
        advance(1)
        IOT.create_policy(policyName=name, policyDocument=DOCUMENT)
    names = lambda **order: [p["policyName"] for p in pages(IOT.list_policies, "policies", "marker", "nextMarker", pageSize=3, **order)[0]]
    assert names(ascendingOrder=True) == ["p", "a", "b", "c"] and names() == ["c", "b", "a", "p"]


def openssl(*arguments, text=None):
    return subprocess.run(["openssl", *arguments], input=text, capture_output=True, text=True, check=True).stdout


def make_certificate(folder, name, key="rsa:2048", issuer=None, days="365", ca=False):
    """A certificate by openssl: its PEM text; files NAME.key, NAME.csr and NAME.pem stay in the folder."""
    path = lambda ending: str(folder / f"{name}.{ending}")
    curve = ["-pkeyopt", "ec_paramgen_curve:" + key.split(":")[1]] if key.startswith("ec:") else []
    openssl("req", "-new", "-newkey", key.split(":")[0] if curve else key, *curve, "-nodes", "-keyout", path("key"), "-out", path("csr"), "-subj", f"/CN={name}")
    signer = ["-CA", str(folder / f"{issuer}.pem"), "-CAkey", str(folder / f"{issuer}.key"), "-CAcreateserial"] if issuer else ["-signkey", path("key")]
    (folder / "ext").write_text(f"basicConstraints=critical,CA:{'TRUE' if ca else 'FALSE'}\n")
    openssl("x509", "-req", "-in", path("csr"), *signer, "-days", days, "-out", path("pem"), "-extfile", str(folder / "ext"))
    return (folder / f"{name}.pem").read_text()


def certificates(folder):
    csr_of = lambda name: (folder / f"{name}.csr").read_text()
    plain = make_certificate(folder, "plain", "ec:prime256v1")
    small = make_certificate(folder, "small", "rsa:1024")
    expired = make_certificate(folder, "expired", days="0")
    register = IOT.register_certificate_without_ca
    made = register(certificatePem=plain, status="ACTIVE")
    identity, plain_arn = made["certificateId"], made["certificateArn"]
    digest = openssl("x509", "-fingerprint", "-sha256", "-noout", text=plain).split("=")[1].strip().replace(":", "").lower()
    assert identity == digest and plain_arn == arn(f"cert/{digest}")
    found = refused(EXISTS, register, certificatePem=plain)
    assert found["resourceId"] == identity and found["resourceArn"] == plain_arn
    for pem, reason in [(small, "1024"), (expired, "expired"), ("x", "PEM")]:
        refused("CertificateValidationException", register, reason, certificatePem=pem)
    refused(INVALID, register, "PENDING_TRANSFER", certificatePem=make_certificate(folder, "again"), status="PENDING_TRANSFER")
    shown = IOT.describe_certificate(certificateId=identity)["certificateDescription"]
    assert shown["certificatePem"] == plain and shown["status"] == "ACTIVE" and shown["certificateMode"] == "SNI_ONLY", shown
    assert shown["ownedBy"] == ACCOUNT and (shown["validity"]["notAfter"] - shown["validity"]["notBefore"]).days == 365
    issued = [IOT.create_certificate_from_csr(certificateSigningRequest=csr_of("plain"), setAsActive=True) for _ in range(2)]
    assert issued[0]["certificateId"] != issued[1]["certificateId"], "never idempotent"
    text = openssl("x509", "-text", "-noout", text=issued[0]["certificatePem"])
    assert "CN = plain" in text.replace("CN=", "CN = ") and "CA:FALSE" in text and "2049" in text, text
    for csr, reason in [(csr_of("small"), "1024"), ("x", "PEM"), (plain, "")]:
        refused(INVALID, IOT.create_certificate_from_csr, reason, certificateSigningRequest=csr)
    keys = IOT.create_keys_and_certificate()
    (folder / "made.key").write_text(keys["keyPair"]["PrivateKey"])
    assert openssl("pkey", "-in", str(folder / "made.key"), "-pubout") == openssl("x509", "-pubkey", "-noout", text=keys["certificatePem"])
    assert "2048 bit" in openssl("pkey", "-in", str(folder / "made.key"), "-text", "-noout")
    assert IOT.describe_certificate(certificateId=keys["certificateId"])["certificateDescription"]["status"] == "INACTIVE"
    ids = [c["certificateId"] for c in pages(IOT.list_certificates, "certificates", "marker", "nextMarker", pageSize=2)[0]]
    assert set(ids) == {identity, keys["certificateId"], *(i["certificateId"] for i in issued)}
    refused(INVALID, IOT.update_certificate, certificateId=identity, newStatus="PENDING_ACTIVATION")
    absent = "0" * 64
    refused(MISSING, IOT.describe_certificate, certificateId=absent)
    refused(MISSING, IOT.update_certificate, certificateId=absent, newStatus="ACTIVE")
    refused(MISSING, IOT.delete_certificate, certificateId=absent)
    refused(INVALID, IOT.describe_certificate, certificateId="xyz")
    attachments(identity, plain_arn, keys)
    authorities(folder)
    for made in [*issued, keys]:
        IOT.update_certificate(certificateId=made["certificateId"], newStatus="INACTIVE")
        IOT.delete_certificate(certificateId=made["certificateId"])


def attachments(identity, certificate, keys):
    """Policies and things on a certificate, and the order in which all can be deleted."""
    group, cognito = arn("thinggroup/top"), f"{REGION}:01234567-89ab-cdef-0123-456789abcdef"
    for target in (certificate, certificate, group, cognito):
        IOT.attach_policy(policyName="p", target=target)
    refused(MISSING, IOT.attach_policy, policyName="none", target=group)
    refused(MISSING, IOT.attach_policy, policyName="p", target=arn("thinggroup/none"))
    refused(MISSING, IOT.attach_policy, policyName="p", target=arn("cert/" + "0" * 64))
    refused(INVALID, IOT.attach_policy, policyName="p", target=arn("thing/t1"))
    IOT.attach_policy(policyName="a", target=group)
    refused(LIMIT, IOT.attach_policy, policyName="b", target=group)
    for number in range(9):
        IOT.create_policy(policyName=f"n{number}", policyDocument=DOCUMENT)
        IOT.attach_policy(policyName=f"n{number}", target=certificate)
    refused(LIMIT, IOT.attach_policy, policyName="b", target=certificate)
    attached, count = pages(IOT.list_attached_policies, "policies", "marker", "nextMarker", target=certificate, pageSize=4)
    assert len(attached) == 10 and count == 3
    IOT.create_thing_group(thingGroupName="sub", parentGroupName="top")
    sub = arn("thinggroup/sub")
    assert IOT.list_attached_policies(target=sub)["policies"] == []
    assert [p["policyName"] for p in IOT.list_attached_policies(target=sub, recursive=True)["policies"]] == ["a", "p"]
    refused(MISSING, IOT.list_attached_policies, target=arn("thinggroup/none"))
    IOT.delete_thing_group(thingGroupName="sub")
    assert set(pages(IOT.list_targets_for_policy, "targets", "marker", "nextMarker", policyName="p", pageSize=2)[0]) == {certificate, group, cognito}
    assert set(IOT.list_policy_principals(policyName="p")["principals"]) == {certificate, cognito}
    refused("DeleteConflictException", IOT.delete_policy, "the policy is attached to one or more principals (name=p)", policyName="p")
    things_on(certificate, keys)
    refused("CertificateStateException", IOT.delete_certificate, f"Certificate must be deactivated (not ACTIVE) before deletion. Id: {identity}", certificateId=identity)
    IOT.update_certificate(certificateId=identity, newStatus="INACTIVE")
    refused("DeleteConflictException", IOT.delete_certificate, "Things must be detached before deletion", certificateId=identity)
    refused("DeleteConflictException", IOT.delete_certificate, "Things", certificateId=identity, forceDelete=True)
    refused(INVALID, IOT.delete_thing, "Cannot delete. Thing t1 is still attached to one or more principals", thingName="t1")
    IOT.detach_thing_principal(thingName="t1", principal=certificate)
    refused("DeleteConflictException", IOT.delete_certificate, "policies must be detached before deletion", certificateId=identity)
    IOT.delete_certificate(certificateId=identity, forceDelete=True)
    for number in range(9):
        IOT.delete_policy(policyName=f"n{number}")
    for policy, target in (("p", group), ("p", cognito), ("p", cognito), ("a", group)):
        IOT.detach_policy(policyName=policy, target=target)
    refused(INVALID, IOT.detach_policy, policyName="none", target=group)
    for name in "pabc":
        IOT.delete_policy(policyName=name)


def things_on(certificate, keys):
    attach = lambda thing, principal, **kind: IOT.attach_thing_principal(thingName=thing, principal=principal, **kind)
    attach("t1", certificate)
    attach("t1", certificate)
    attach("t2", certificate)
    refused(INVALID, IOT.attach_thing_principal, "exclusive", thingName="t1", principal=certificate, thingPrincipalType="EXCLUSIVE_THING")
    attach("t1", keys["certificateArn"], thingPrincipalType="EXCLUSIVE_THING")
    refused(INVALID, IOT.attach_thing_principal, "exclusive", thingName="t2", principal=keys["certificateArn"])
    refused(MISSING, IOT.attach_thing_principal, thingName="none", principal=certificate)
    refused(MISSING, IOT.attach_thing_principal, thingName="t1", principal=arn("cert/" + "0" * 64))
    assert pages(IOT.list_thing_principals, "principals", thingName="t1", maxResults=1)[1] == 2
    exclusive = IOT.list_thing_principals_v2(thingName="t1", thingPrincipalType="EXCLUSIVE_THING")["thingPrincipalObjects"]
    assert exclusive == [{"principal": keys["certificateArn"], "thingPrincipalType": "EXCLUSIVE_THING"}], exclusive
    assert len(IOT.list_thing_principals_v2(thingName="t1")["thingPrincipalObjects"]) == 2
    assert IOT.list_principal_things(principal=certificate)["things"] == ["t1", "t2"]
    refused(MISSING, IOT.list_thing_principals, thingName="none")
    refused(MISSING, IOT.list_thing_principals_v2, thingName="none")
    refused(MISSING, IOT.list_principal_things, principal=arn("cert/" + "0" * 64))
    for thing, principal in (("t2", certificate), ("t1", keys["certificateArn"])):
        IOT.detach_thing_principal(thingName=thing, principal=principal)
    refused(MISSING, IOT.detach_thing_principal, thingName="t2", principal=certificate)
    refused(MISSING, IOT.detach_thing_principal, thingName="none", principal=certificate)


def authorities(folder):
    code = IOT.get_registration_code()["registrationCode"]
    root, stranger = make_certificate(folder, "root", ca=True), make_certificate(folder, "stranger", ca=True)
    proof, wrong_name = make_certificate(folder, code, issuer="root"), make_certificate(folder, "wrong", issuer="root")
    register = IOT.register_ca_certificate
    refused(INVALID, register, "verificationCertificate", caCertificate=root)
    refused(INVALID, register, caCertificate=root, verificationCertificate=proof, certificateMode="SNI_ONLY")
    refused("RegistrationCodeValidationException", register, caCertificate=root, verificationCertificate=wrong_name)
    refused("CertificateValidationException", register, "did not sign", caCertificate=stranger, verificationCertificate=proof)
    refused("CertificateValidationException", register, "not a CA", caCertificate=wrong_name, verificationCertificate=proof)
    device = make_certificate(folder, "device", "ec:secp384r1", issuer="root")
    refused("CertificateValidationException", IOT.register_certificate, "not registered", certificatePem=device)
    config = {"roleArn": ROLE, "templateName": "tpl"}
    ca = register(caCertificate=root, verificationCertificate=proof, allowAutoRegistration=True, registrationConfig=config, tags=tag(k="v"))
    identity = ca["certificateId"]
    assert ca["certificateArn"] == arn(f"cacert/{identity}")
    assert IOT.list_tags_for_resource(resourceArn=ca["certificateArn"])["tags"] == tag(k="v")
    refused(EXISTS, register, caCertificate=root, verificationCertificate=proof)
    refused("CertificateStateException", IOT.register_certificate, certificatePem=device)
    IOT.update_ca_certificate(certificateId=identity, newStatus="ACTIVE")
    made = IOT.register_certificate(certificatePem=device, caCertificatePem=root, setAsActive=True)
    shown = IOT.describe_certificate(certificateId=made["certificateId"])["certificateDescription"]
    assert shown["caCertificateId"] == identity and shown["status"] == "ACTIVE" and shown["certificateMode"] == "DEFAULT"
    refused("CertificateValidationException", IOT.register_certificate, certificatePem=make_certificate(folder, "lone"))
    shown = IOT.describe_ca_certificate(certificateId=identity)
    assert shown["registrationConfig"] == config and shown["certificateDescription"]["autoRegistrationStatus"] == "ENABLE"
    refused(INVALID, IOT.update_ca_certificate, certificateId=identity, removeAutoRegistration=True, registrationConfig=config)
    IOT.update_ca_certificate(certificateId=identity, removeAutoRegistration=True)
    shown = IOT.describe_ca_certificate(certificateId=identity)
    assert "registrationConfig" not in shown and shown["certificateDescription"]["autoRegistrationStatus"] == "DISABLE"
    other = register(caCertificate=stranger, certificateMode="SNI_ONLY", setAsActive=True)
    assert pages(IOT.list_ca_certificates, "certificates", "marker", "nextMarker", pageSize=1)[1] == 2
    assert IOT.list_ca_certificates(templateName="tpl")["certificates"] == []
    refused("CertificateStateException", IOT.delete_ca_certificate, certificateId=identity)
    for one in (identity, other["certificateId"]):
        IOT.update_ca_certificate(certificateId=one, newStatus="INACTIVE")
        IOT.delete_ca_certificate(certificateId=one)
        for call in (IOT.describe_ca_certificate, IOT.update_ca_certificate, IOT.delete_ca_certificate):
            refused(MISSING, call, certificateId=one)


def account_settings():
    data = IOT.describe_endpoint()["endpointAddress"]
    assert data.endswith(f".iot.{REGION}.amazonaws.com") and IOT.describe_endpoint()["endpointAddress"] == data
    for kind, part in (("iot:Data-ATS", "-ats.iot."), ("iot:CredentialProvider", ".credentials.iot."), ("iot:Jobs", ".jobs.iot.")):
        assert part in IOT.describe_endpoint(endpointType=kind)["endpointAddress"]
    refused(INVALID, IOT.describe_endpoint, endpointType="iot:None")
    refused("NotConfiguredException", IOT.get_v2_logging_options)
    refused(INVALID, IOT.set_v2_logging_options, defaultLogLevel="INFO")
    IOT.set_v2_logging_options(roleArn=ROLE, defaultLogLevel="INFO", eventConfigurations=[{"eventType": "Connect", "logLevel": "DEBUG"}])
    IOT.set_v2_logging_options(disableAllLogs=True)
    shown = without(IOT.get_v2_logging_options())
    assert shown == {"roleArn": ROLE, "defaultLogLevel": "INFO", "disableAllLogs": True,
                     "eventConfigurations": [{"eventType": "Connect", "logLevel": "DEBUG"}]}, shown
    refused(INVALID, IOT.set_v2_logging_options, "enum", defaultLogLevel="LOUD")
    things, groups = "thingIndexingConfiguration", "thingGroupIndexingConfiguration"
    assert without(IOT.get_indexing_configuration()) == {things: {"thingIndexingMode": "OFF"}, groups: {"thingGroupIndexingMode": "OFF"}}
    for wrong in ({"thingIndexingMode": "OFF", "thingConnectivityIndexingMode": "STATUS"},
                  {"thingIndexingMode": "REGISTRY", "namedShadowIndexingMode": "ON"},
                  {"thingIndexingMode": "REGISTRY", "customFields": [{"name": f"f{n}", "type": "Number"} for n in range(6)]}):
        refused(INVALID, IOT.update_indexing_configuration, **{things: wrong})
    chosen = {"thingIndexingMode": "REGISTRY", "thingConnectivityIndexingMode": "STATUS", "deviceDefenderIndexingMode": "VIOLATIONS"}
    IOT.update_indexing_configuration(**{things: chosen})
    IOT.update_indexing_configuration(**{groups: {"thingGroupIndexingMode": "ON"}})
    assert without(IOT.get_indexing_configuration()) == {things: chosen, groups: {"thingGroupIndexingMode": "ON"}}


def mitigation_actions():
    publish = {"publishFindingToSnsParams": {"topicArn": f"arn:aws:sns:{REGION}:{ACCOUNT}:t"}}
    make = {"actionName": "publish", "roleArn": ROLE, "actionParams": publish}
    made = IOT.create_mitigation_action(**make, tags=tag(k="v"))
    assert made["actionArn"] == arn("mitigationaction/publish")
    refused(EXISTS, IOT.create_mitigation_action, **make)
    deactivate = {"updateDeviceCertificateParams": {"action": "DEACTIVATE"}}
    for params in ({}, publish | deactivate, {"enableIoTLoggingParams": {"roleArnForLogging": ROLE, "logLevel": "DISABLED"}},
                   {"addThingsToThingGroupParams": {"thingGroupNames": []}}):
        refused(INVALID, IOT.create_mitigation_action, actionName="wrong", roleArn=ROLE, actionParams=params)
    shown = IOT.describe_mitigation_action(actionName="publish")
    assert shown["actionType"] == "PUBLISH_FINDING_TO_SNS" and shown["actionParams"] == publish
    assert without(IOT.update_mitigation_action(actionName="publish", actionParams=deactivate)) == without(made)
    assert IOT.describe_mitigation_action(actionName="publish")["actionType"] == "UPDATE_DEVICE_CERTIFICATE"
    refused(MISSING, IOT.describe_mitigation_action, actionName="none")
    refused(MISSING, IOT.update_mitigation_action, actionName="none")
    IOT.create_mitigation_action(actionName="second", roleArn=ROLE, actionParams=publish)
    assert pages(IOT.list_mitigation_actions, "actionIdentifiers", maxResults=1)[1] == 2
    assert [a["actionName"] for a in IOT.list_mitigation_actions(actionType="PUBLISH_FINDING_TO_SNS")["actionIdentifiers"]] == ["second"]
    for name in ("publish", "second", "none"):
        IOT.delete_mitigation_action(actionName=name)


def suppressions():
    now = datetime.datetime.fromtimestamp(control("GET", "clock")["epochMilliseconds"] / 1000, datetime.timezone.utc).replace(microsecond=0)
    check, account = "LOGGING_DISABLED_CHECK", {"account": ACCOUNT}
    version = {"policyVersionIdentifier": {"policyName": "p", "policyVersionId": "1"}}
    soon, later = now + datetime.timedelta(days=1), now + datetime.timedelta(days=2)
    create = lambda **a: IOT.create_audit_suppression(**({"checkName": check, "resourceIdentifier": account, "clientRequestToken": "t"} | a))
    refused(INVALID, create, "Either")
    refused(INVALID, create, "exclude", expirationDate=later, suppressIndefinitely=True)
    refused(INVALID, create, "future", expirationDate=now - datetime.timedelta(days=1))
    refused(INVALID, create, "account", resourceIdentifier=version, suppressIndefinitely=True)
    refused(INVALID, create, "Audit Check Name", checkName="X", suppressIndefinitely=True)
    create(expirationDate=later, description="d")
    refused(EXISTS, create, expirationDate=later, clientRequestToken="u")
    policy = {"checkName": "IOT_POLICY_OVERLY_PERMISSIVE_CHECK", "resourceIdentifier": version}
    refused(EXISTS, create, "token", **policy, suppressIndefinitely=True)
    create(**policy, suppressIndefinitely=True, clientRequestToken="u")
    key = {"checkName": check, "resourceIdentifier": account}
    shown = without(IOT.describe_audit_suppression(**key))
    assert shown == key | {"expirationDate": later.astimezone(shown["expirationDate"].tzinfo), "suppressIndefinitely": False, "description": "d"}, shown
    checks = lambda **filters: [s["checkName"] for s in pages(IOT.list_audit_suppressions, "suppressions", maxResults=1, **filters)[0]]
    assert checks() == [check, policy["checkName"]] and checks(ascendingOrder=False) == [policy["checkName"], check]
    assert checks(checkName=check) == [check] and checks(resourceIdentifier=version) == [policy["checkName"]]
    IOT.update_audit_suppression(**key, suppressIndefinitely=True, description="e")
    shown = without(IOT.describe_audit_suppression(**key))
    assert shown == key | {"suppressIndefinitely": True, "description": "e"}, shown
    IOT.update_audit_suppression(**key, expirationDate=soon)
    refused(INVALID, IOT.update_audit_suppression, **key, expirationDate=now - datetime.timedelta(days=1))
    missing = {"checkName": check, "resourceIdentifier": {"account": "0" * 12}}
    refused(MISSING, IOT.describe_audit_suppression, **missing)
    refused(MISSING, IOT.update_audit_suppression, **missing)
    for one in (key, policy, missing):
        IOT.delete_audit_suppression(**one)
    assert checks() == []


def role_aliases():
    made = IOT.create_role_alias(roleAlias="alias", roleArn=ROLE, tags=tag(k="v"))
    assert made["roleAliasArn"] == arn("rolealias/alias")
    refused(EXISTS, IOT.create_role_alias, roleAlias="alias", roleArn=ROLE)
    refused(INVALID, IOT.create_role_alias, "maximum session", roleAlias="long", roleArn=ROLE, credentialDurationSeconds=7200)
    refused(INVALID, IOT.create_role_alias, "greater than", roleAlias="short", roleArn=ROLE, credentialDurationSeconds=899)
    assert IOT.describe_role_alias(roleAlias="alias")["roleAliasDescription"]["credentialDurationSeconds"] == 3600
    IOT.update_role_alias(roleAlias="alias", credentialDurationSeconds=900)
    refused(INVALID, IOT.update_role_alias, roleAlias="alias", credentialDurationSeconds=7200)
    shown = IOT.describe_role_alias(roleAlias="alias")["roleAliasDescription"]
    assert shown["credentialDurationSeconds"] == 900 and shown["roleArn"] == ROLE and shown["owner"] == ACCOUNT
    for number in range(99):
        IOT.create_role_alias(roleAlias=f"n{number:02}", roleArn=ROLE)
    refused(LIMIT, IOT.create_role_alias, roleAlias="more", roleArn=ROLE)
    listed, count = pages(IOT.list_role_aliases, "roleAliases", "marker", "nextMarker", pageSize=40)
    backwards, _ = pages(IOT.list_role_aliases, "roleAliases", "marker", "nextMarker", pageSize=40, ascendingOrder=False)
    assert len(listed) == 100 and count == 3 and backwards == listed[::-1]
    for name in listed:
        IOT.delete_role_alias(roleAlias=name)
    for call in (IOT.describe_role_alias, IOT.update_role_alias, IOT.delete_role_alias):
        refused(MISSING, call, roleAlias="none")


def main():
    control("POST", "reset", {})
    thing_types()
    things()
    deprecation()
    groups()
    security_profiles()
    metrics_and_dimensions()
    audits()
    tags()
    rules()
    policies()
    with tempfile.TemporaryDirectory() as folder:
        certificates(pathlib.Path(folder))
    account_settings()
    mitigation_actions()
    suppressions()
    role_aliases()
    called = sorted(name for name in CALLED if name.startswith("iot:"))
    print(len(called), "operations of AWS IoT:", ", ".join(name.removeprefix("iot:") for name in called))


main()
