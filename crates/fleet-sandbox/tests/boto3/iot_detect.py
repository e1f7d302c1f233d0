"""Security profiles, their targets, custom metrics, dimensions."""
from driver import ACCOUNT, REGION, control, pages, refused
from iot_terms import CONFLICT, EXISTS, INVALID, IOT, LIMIT, MISSING, ROLE, arn, tag


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


def violations():
    IOT.create_security_profile(securityProfileName="quiet", behaviors=[{"name": "Sent", "metric": "aws:num-messages-sent", "criteria": {
        "comparisonOperator": "less-than", "value": {"count": 1}, "durationSeconds": 300}}])
    now = control("GET", "clock")["epochMilliseconds"]
    event = {"timestamp": now - 900_000, "type": "publish", "clientId": "line-1", "topic": "t", "bytes": 12}
    assert control("POST", f"traffic/{ACCOUNT}/{REGION}", event) == {"violationEvents": 1}
    (active,) = IOT.list_active_violations(thingName="line-1", maxResults=1)["activeViolations"]
    assert active["verificationState"] == "UNKNOWN" and active["lastViolationValue"] == {"count": 1}, active
    verify = IOT.put_verification_state_on_violation
    refused(INVALID, verify, "none", violationId="none", verificationState="UNKNOWN")
    refused(INVALID, verify, violationId=active["violationId"], verificationState="MAYBE")
    verify(violationId=active["violationId"], verificationState="TRUE_POSITIVE", verificationStateDescription="d")
    (event,) = IOT.list_violation_events(startTime=0, endTime=now / 1000 + 60, verificationState="TRUE_POSITIVE")["violationEvents"]
    assert event["violationEventType"] == "in-alarm" and event["verificationStateDescription"] == "d", event
    IOT.delete_security_profile(securityProfileName="quiet")
