"""Drives a running sandbox with boto3: every operation of the services beside IoT, and their refusals.

    pip install boto3
    cargo run -p fleet-sandbox --example serve -- --port 4567 &
    python3 crates/fleet-sandbox/tests/boto3/operations.py http://127.0.0.1:4567

Ends with a list of the operations it called; fails at the first answer that is not as expected.
"""
import base64
import hashlib
import io
import json
import urllib.request
import zipfile

from driver import ACCOUNT, CALLED, advance, client, control, pages, refused

TRUST = {"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
ALLOW = {"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": ["sns:Publish"], "Resource": "arn:aws:sns:us-east-1:123456789012:a+b ü"}]}


def sts():
    assert client("sts").get_caller_identity()["Account"] == ACCOUNT
    assert client("sts", "AKIAEXAMPLE").get_caller_identity()["Account"] == "000000000000"
    refused("ExpiredToken", client("sts", "EXPIREDKEY").get_caller_identity)
    refused("InvalidClientTokenId", client("sts", "INVALIDKEY").get_caller_identity)
    refused("InvalidAction", client("sts").get_session_token, "GetSessionToken")


def iam_roles(iam):
    made = iam.create_role(RoleName="r1", Path="/fleetctl/f/", AssumeRolePolicyDocument=json.dumps(TRUST),
                           Description="d", Tags=[{"Key": "a", "Value": "1"}])["Role"]
    assert made["Arn"] == f"arn:aws:iam::{ACCOUNT}:role/fleetctl/f/r1" and made["AssumeRolePolicyDocument"] == TRUST
    refused("EntityAlreadyExists", iam.create_role, RoleName="R1", AssumeRolePolicyDocument=json.dumps(TRUST))
    refused("MalformedPolicyDocument", iam.create_role, RoleName="r2", AssumeRolePolicyDocument="{")
    refused("MalformedPolicyDocument", iam.create_role, "Resource", RoleName="r2",
            AssumeRolePolicyDocument=json.dumps(ALLOW))
    refused("ValidationError", iam.create_role, "2 validation errors", RoleName="r 2" + "x" * 64,
            AssumeRolePolicyDocument=json.dumps(TRUST))
    refused("ValidationError", iam.create_role, RoleName="r2", AssumeRolePolicyDocument=json.dumps(TRUST),
            MaxSessionDuration=10)
    refused("NoSuchEntity", iam.get_role, RoleName="nobody")
    iam.update_role(RoleName="r1", Description="e", MaxSessionDuration=7200)
    iam.update_role_description(RoleName="r1", Description="<&>\"ü")
    other = json.loads(json.dumps(TRUST).replace("lambda", "iot"))
    iam.update_assume_role_policy(RoleName="r1", PolicyDocument=json.dumps(other))
    iam.tag_role(RoleName="r1", Tags=[{"Key": "b", "Value": ""}, {"Key": "a", "Value": "2"}])
    iam.untag_role(RoleName="r1", TagKeys=["b", "absent"])
    role = iam.get_role(RoleName="r1")["Role"]
    assert role["Description"] == "<&>\"ü" and role["MaxSessionDuration"] == 7200, role
    assert role["AssumeRolePolicyDocument"] == other and role["Tags"] == [{"Key": "a", "Value": "2"}], role
    assert iam.list_role_tags(RoleName="r1")["Tags"] == role["Tags"]
    refused("InvalidInput", iam.tag_role, RoleName="r1", Tags=[{"Key": "aws:x", "Value": ""}])
    iam.put_role_policy(RoleName="r1", PolicyName="p", PolicyDocument=json.dumps(ALLOW))
    refused("MalformedPolicyDocument", iam.put_role_policy, "principal", RoleName="r1", PolicyName="q",
            PolicyDocument=json.dumps(TRUST))
    assert iam.get_role_policy(RoleName="r1", PolicyName="p")["PolicyDocument"] == ALLOW
    refused("NoSuchEntity", iam.get_role_policy, RoleName="r1", PolicyName="q")
    assert iam.list_role_policies(RoleName="r1")["PolicyNames"] == ["p"]
    audit = "arn:aws:iam::aws:policy/service-role/AWSIoTDeviceDefenderAudit"
    iam.attach_role_policy(RoleName="r1", PolicyArn=audit)
    iam.attach_role_policy(RoleName="r1", PolicyArn=audit)
    refused("NoSuchEntity", iam.attach_role_policy, RoleName="r1", PolicyArn=f"arn:aws:iam::{ACCOUNT}:policy/none")
    assert iam.list_attached_role_policies(RoleName="r1")["AttachedPolicies"] == [
        {"PolicyName": "AWSIoTDeviceDefenderAudit", "PolicyArn": audit}]
    iam.put_role_permissions_boundary(RoleName="r1", PermissionsBoundary=audit)
    assert iam.get_role(RoleName="r1")["Role"]["PermissionsBoundary"]["PermissionsBoundaryArn"] == audit
    iam.delete_role_permissions_boundary(RoleName="r1")
    refused("NoSuchEntity", iam.delete_role_permissions_boundary, RoleName="r1")
    assert iam.list_instance_profiles_for_role(RoleName="r1")["InstanceProfiles"] == []
    refused("DeleteConflict", iam.delete_role, "detach", RoleName="r1")
    iam.detach_role_policy(RoleName="r1", PolicyArn=audit)
    refused("NoSuchEntity", iam.detach_role_policy, RoleName="r1", PolicyArn=audit)
    refused("DeleteConflict", iam.delete_role, "delete policies", RoleName="r1")
    iam.delete_role_policy(RoleName="r1", PolicyName="p")
    iam.delete_role(RoleName="r1")
    refused("NoSuchEntity", iam.delete_role, RoleName="r1")


def iam_policies(iam):
    made = iam.create_policy(PolicyName="p", Path="/x/", PolicyDocument=json.dumps(ALLOW), Description="d",
                             Tags=[{"Key": "k", "Value": "v"}])["Policy"]
    arn = made["Arn"]
    assert arn == f"arn:aws:iam::{ACCOUNT}:policy/x/p" and made["DefaultVersionId"] == "v1", made
    refused("EntityAlreadyExists", iam.create_policy, PolicyName="p", PolicyDocument=json.dumps(ALLOW))
    two = iam.create_policy_version(PolicyArn=arn, PolicyDocument=json.dumps(ALLOW), SetAsDefault=True)["PolicyVersion"]
    assert two["VersionId"] == "v2" and two["IsDefaultVersion"]
    for _ in range(3):
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=json.dumps(ALLOW))
    refused("LimitExceeded", iam.create_policy_version, PolicyArn=arn, PolicyDocument=json.dumps(ALLOW))
    refused("DeleteConflict", iam.delete_policy_version, PolicyArn=arn, VersionId="v2")
    iam.set_default_policy_version(PolicyArn=arn, VersionId="v3")
    iam.delete_policy_version(PolicyArn=arn, VersionId="v1")
    refused("NoSuchEntity", iam.get_policy_version, PolicyArn=arn, VersionId="v1")
    assert iam.get_policy_version(PolicyArn=arn, VersionId="v3")["PolicyVersion"]["Document"] == ALLOW
    assert [v["VersionId"] for v in iam.list_policy_versions(PolicyArn=arn)["Versions"]] == ["v2", "v3", "v4", "v5"]
    iam.tag_policy(PolicyArn=arn, Tags=[{"Key": "l", "Value": "w"}])
    iam.untag_policy(PolicyArn=arn, TagKeys=["k"])
    assert iam.list_policy_tags(PolicyArn=arn)["Tags"] == [{"Key": "l", "Value": "w"}]
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=json.dumps(TRUST))
    iam.attach_role_policy(RoleName="r", PolicyArn=arn)
    assert iam.get_policy(PolicyArn=arn)["Policy"]["AttachmentCount"] == 1
    assert [r["RoleName"] for r in iam.list_entities_for_policy(PolicyArn=arn)["PolicyRoles"]] == ["r"]
    assert [p["Arn"] for p in iam.list_policies(Scope="Local")["Policies"]] == [arn]
    refused("DeleteConflict", iam.delete_policy, "attached", PolicyArn=arn)
    iam.detach_role_policy(RoleName="r", PolicyArn=arn)
    refused("DeleteConflict", iam.delete_policy, "more than one version", PolicyArn=arn)
    for version in ("v2", "v4", "v5"):
        iam.delete_policy_version(PolicyArn=arn, VersionId=version)
    iam.delete_policy(PolicyArn=arn)
    refused("NoSuchEntity", iam.get_policy, PolicyArn=arn)
    iam.delete_role(RoleName="r")
    for n in range(7):
        iam.create_role(RoleName=f"page{n}", Path="/pages/", AssumeRolePolicyDocument=json.dumps(TRUST))
    found, count = pages(iam.list_roles, "Roles", "Marker", "Marker", PathPrefix="/pages/", MaxItems=3)
    assert [r["RoleName"] for r in found] == [f"page{n}" for n in range(7)] and count == 3
    refused("ValidationError", iam.list_roles, Marker="bogus")
    for n in range(7):
        iam.delete_role(RoleName=f"page{n}")


def sns_topics(sns):
    arn = sns.create_topic(Name="t", Attributes={"DisplayName": "T & Co"}, Tags=[{"Key": "a", "Value": "1"}])["TopicArn"]
    assert arn == f"arn:aws:sns:us-east-1:{ACCOUNT}:t"
    assert sns.create_topic(Name="t")["TopicArn"] == arn
    refused("InvalidParameter", sns.create_topic, "different attributes", Name="t", Attributes={"DisplayName": "U"})
    refused("InvalidParameter", sns.create_topic, "different tags", Name="t", Tags=[{"Key": "a", "Value": "2"}])
    refused("InvalidParameter", sns.create_topic, "Topic Name", Name="t t")
    attributes = sns.get_topic_attributes(TopicArn=arn)["Attributes"]
    assert attributes["DisplayName"] == "T & Co" and attributes["Owner"] == ACCOUNT, attributes
    assert json.loads(attributes["Policy"])["Id"] == "__default_policy_ID"
    policy = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "iot.amazonaws.com"}, "Action": "sns:Publish", "Resource": arn}]}
    sns.set_topic_attributes(TopicArn=arn, AttributeName="Policy", AttributeValue=json.dumps(policy))
    assert json.loads(sns.get_topic_attributes(TopicArn=arn)["Attributes"]["Policy"]) == policy
    refused("InvalidParameter", sns.set_topic_attributes, TopicArn=arn, AttributeName="Policy", AttributeValue="{")
    refused("InvalidParameter", sns.set_topic_attributes, TopicArn=arn, AttributeName="Nope", AttributeValue="1")
    refused("NotFound", sns.get_topic_attributes, TopicArn=arn + "x")
    sns.tag_resource(ResourceArn=arn, Tags=[{"Key": "b", "Value": "2"}])
    sns.untag_resource(ResourceArn=arn, TagKeys=["a"])
    assert sns.list_tags_for_resource(ResourceArn=arn)["Tags"] == [{"Key": "b", "Value": "2"}]
    refused("ResourceNotFound", sns.list_tags_for_resource, ResourceArn=arn + "x")
    sns_subscriptions(sns, arn)
    sns.delete_topic(TopicArn=arn)
    sns.delete_topic(TopicArn=arn)
    assert sns.list_subscriptions()["Subscriptions"] == []
    for n in range(101):
        sns.create_topic(Name=f"p{n:03}")
    found, count = pages(sns.list_topics, "Topics", "NextToken", "NextToken")
    assert len(found) == 101 and count == 2
    for topic in found:
        sns.delete_topic(TopicArn=topic["TopicArn"])


def sns_subscriptions(sns, arn):
    mail = sns.subscribe(TopicArn=arn, Protocol="email", Endpoint="a@example.com")["SubscriptionArn"]
    assert mail == "pending confirmation", mail
    known = sns.subscribe(TopicArn=arn, Protocol="email", Endpoint="a@example.com", ReturnSubscriptionArn=True)["SubscriptionArn"]
    queue = sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=f"arn:aws:sqs:us-east-1:{ACCOUNT}:q",
                          Attributes={"RawMessageDelivery": "true"})["SubscriptionArn"]
    assert queue.startswith(arn + ":")
    refused("InvalidParameter", sns.subscribe, "different attributes", TopicArn=arn, Protocol="sqs",
            Endpoint=f"arn:aws:sqs:us-east-1:{ACCOUNT}:q", Attributes={"RawMessageDelivery": "false"})
    refused("InvalidParameter", sns.subscribe, TopicArn=arn, Protocol="pigeon", Endpoint="x")
    refused("InvalidParameter", sns.subscribe, TopicArn=arn, Protocol="https", Endpoint="http://x")
    refused("InvalidParameter", sns.subscribe, TopicArn=arn, Protocol="email", Endpoint="nobody")
    assert {s["SubscriptionArn"] for s in sns.list_subscriptions_by_topic(TopicArn=arn)["Subscriptions"]} == {"PendingConfirmation", queue}
    counts = sns.get_topic_attributes(TopicArn=arn)["Attributes"]
    assert (counts["SubscriptionsPending"], counts["SubscriptionsConfirmed"]) == ("1", "1")
    refused("InvalidParameter", sns.unsubscribe, "pending", SubscriptionArn=known)
    refused("InvalidParameter", sns.confirm_subscription, TopicArn=arn, Token="wrong")
    [token] = [entry["token"] for entry in control("GET", "outbox") if entry["kind"] == "confirmation"]
    assert sns.confirm_subscription(TopicArn=arn, Token=token)["SubscriptionArn"] == known
    sns.set_subscription_attributes(SubscriptionArn=known, AttributeName="FilterPolicy", AttributeValue='{"a":["b"]}')
    refused("InvalidParameter", sns.set_subscription_attributes, SubscriptionArn=known, AttributeName="FilterPolicy", AttributeValue="x")
    attributes = sns.get_subscription_attributes(SubscriptionArn=known)["Attributes"]
    assert attributes["PendingConfirmation"] == "false" and attributes["FilterPolicyScope"] == "MessageAttributes", attributes
    assert sns.publish(TopicArn=arn, Message="hello", Subject="s")["MessageId"]
    sent = [entry for entry in control("GET", "outbox") if entry["kind"] == "message"]
    assert {entry["protocol"] for entry in sent} == {"email", "sqs"} and sent[0]["message"] == "hello"
    refused("InvalidParameter", sns.publish, TopicArn=arn, Message="")
    sns.unsubscribe(SubscriptionArn=known)
    refused("NotFound", sns.get_subscription_attributes, SubscriptionArn=known)
    sns.subscribe(TopicArn=arn, Protocol="email", Endpoint="b@example.com")
    advance(2 * 86400 + 1)
    assert [s["SubscriptionArn"] for s in sns.list_subscriptions()["Subscriptions"]] == [queue], "pending for two days only"


def cloudwatch_alarms(cloudwatch):
    base = dict(AlarmName="a", MetricName="M", Namespace="N", Statistic="Sum", Period=300, EvaluationPeriods=2,
                Threshold=5.0, ComparisonOperator="GreaterThanThreshold")
    cloudwatch.put_metric_alarm(**base, Dimensions=[{"Name": "d", "Value": "v"}], AlarmActions=["arn:aws:sns:us-east-1:123456789012:t"],
                                DatapointsToAlarm=2, TreatMissingData="notBreaching", Tags=[{"Key": "a", "Value": "1"}])
    [alarm] = cloudwatch.describe_alarms(AlarmNames=["a"])["MetricAlarms"]
    arn = alarm["AlarmArn"]
    assert arn == f"arn:aws:cloudwatch:us-east-1:{ACCOUNT}:alarm:a" and alarm["StateValue"] == "INSUFFICIENT_DATA", alarm
    assert alarm["Threshold"] == 5.0 and alarm["ActionsEnabled"] and alarm["Dimensions"] == [{"Name": "d", "Value": "v"}]
    for wrong in (dict(Period=45), dict(DatapointsToAlarm=3), dict(ExtendedStatistic="p90"), dict(TreatMissingData="x"),
                  dict(EvaluationPeriods=1000), dict(AlarmActions=["sns"]), dict(ComparisonOperator="Greater"),
                  dict(AlarmName="x" * 256)):
        refused("ValidationError", cloudwatch.put_metric_alarm, **{**base, **wrong})
    cloudwatch.set_alarm_state(AlarmName="a", StateValue="ALARM", StateReason="test")
    refused("ResourceNotFound", cloudwatch.set_alarm_state, AlarmName="b", StateValue="ALARM", StateReason="test")
    refused("InvalidFormat", cloudwatch.set_alarm_state, AlarmName="a", StateValue="OK", StateReason="", StateReasonData="{")
    cloudwatch.put_metric_alarm(**{**base, "Threshold": 6})
    [alarm] = cloudwatch.describe_alarms(StateValue="ALARM")["MetricAlarms"]
    assert alarm["Threshold"] == 6 and alarm["AlarmActions"] == [] and "TreatMissingData" not in alarm, alarm
    cloudwatch.disable_alarm_actions(AlarmNames=["a", "b"])
    assert not cloudwatch.describe_alarms()["MetricAlarms"][0]["ActionsEnabled"]
    cloudwatch.enable_alarm_actions(AlarmNames=["a"])
    assert len(cloudwatch.describe_alarms_for_metric(MetricName="M", Namespace="N")["MetricAlarms"]) == 1
    assert cloudwatch.describe_alarms_for_metric(MetricName="X", Namespace="N")["MetricAlarms"] == []
    cloudwatch.tag_resource(ResourceARN=arn, Tags=[{"Key": "b", "Value": "2"}])
    cloudwatch.untag_resource(ResourceARN=arn, TagKeys=["a"])
    assert cloudwatch.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "b", "Value": "2"}]
    refused("ResourceNotFoundException", cloudwatch.list_tags_for_resource, ResourceARN=arn + "x")
    for n in range(5):
        cloudwatch.put_metric_alarm(**{**base, "AlarmName": f"p{n}"})
    found, count = pages(cloudwatch.describe_alarms, "MetricAlarms", "NextToken", "NextToken", AlarmNamePrefix="p", MaxRecords=2)
    assert len(found) == 5 and count == 3
    refused("InvalidNextToken", cloudwatch.describe_alarms, NextToken="bogus")
    cloudwatch.delete_alarms(AlarmNames=["a", "none"] + [f"p{n}" for n in range(5)])
    refused("ResourceNotFound", cloudwatch.delete_alarms, AlarmNames=["a"])


def cloudwatch_dashboards(cloudwatch):
    body = json.dumps({"widgets": [{"type": "text", "x": 0, "y": 0, "width": 6, "height": 3, "properties": {"markdown": "# ü"}}]})
    assert cloudwatch.put_dashboard(DashboardName="d", DashboardBody=body)["DashboardValidationMessages"] == []
    assert cloudwatch.get_dashboard(DashboardName="d")["DashboardBody"] == body
    refused("InvalidParameterInput", cloudwatch.put_dashboard, DashboardName="d d", DashboardBody=body)
    refused("InvalidParameterInput", cloudwatch.put_dashboard, DashboardName="d", DashboardBody="{")
    refused("InvalidParameterInput", cloudwatch.put_dashboard, "/widgets/0/type", DashboardName="d", DashboardBody='{"widgets":[{"properties":{}}]}')
    assert client("cloudwatch", region="eu-west-1").list_dashboards(DashboardNamePrefix="d")["DashboardEntries"][0]["Size"] == len(body.encode())
    arn = cloudwatch.get_dashboard(DashboardName="d")["DashboardArn"]
    cloudwatch.tag_resource(ResourceARN=arn, Tags=[{"Key": "b", "Value": "2"}])
    assert cloudwatch.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "b", "Value": "2"}]
    cloudwatch.delete_dashboards(DashboardNames=["d"])
    refused("ResourceNotFound", cloudwatch.get_dashboard, DashboardName="d")


def cloudwatch_metrics(cloudwatch):
    now = control("GET", "clock")["epochMilliseconds"] / 1000
    start = now - now % 300 - 300
    data = [{"MetricName": "M", "Dimensions": [{"Name": "b", "Value": "2"}, {"Name": "a", "Value": "1"}],
             "Timestamp": start + n, "Value": float(n), "Unit": "Count"} for n in range(4)]
    cloudwatch.put_metric_data(Namespace="Fleet", MetricData=data)
    cloudwatch.put_metric_data(Namespace="Fleet", MetricData=[{"MetricName": "M" + "x" * 200, "Values": [1.0, 2.0], "Counts": [1.0, 3.0]}] * 100)
    query = dict(Namespace="Fleet", MetricName="M", Dimensions=data[0]["Dimensions"][::-1], StartTime=start, EndTime=start + 300, Period=300)
    [point] = cloudwatch.get_metric_statistics(**query, Statistics=["Sum", "Average", "Minimum", "Maximum", "SampleCount"])["Datapoints"]
    assert (point["Sum"], point["Average"], point["Minimum"], point["Maximum"], point["SampleCount"]) == (6, 1.5, 0, 3, 4), point
    refused("InvalidParameterCombination", cloudwatch.get_metric_statistics, **query)
    refused("InvalidParameterValue", cloudwatch.get_metric_statistics, **{**query, "Period": 7}, Statistics=["Sum"])
    found = cloudwatch.list_metrics(Namespace="Fleet", Dimensions=[{"Name": "a", "Value": "1"}])["Metrics"]
    assert [m["MetricName"] for m in found] == ["M"]
    refused("InvalidParameterValue", cloudwatch.put_metric_data, Namespace="AWS/IoT", MetricData=data)
    refused("InvalidParameterValue", cloudwatch.put_metric_data, Namespace="Fleet", MetricData=[{**data[0], "Timestamp": 0}])
    refused("InvalidParameterCombination", cloudwatch.put_metric_data, Namespace="Fleet", MetricData=[{"MetricName": "M"}])


def logs_groups(logs):
    logs.create_log_group(logGroupName="/aws/lambda/f", tags={"a": "1"})
    refused("ResourceAlreadyExistsException", logs.create_log_group, logGroupName="/aws/lambda/f")
    refused("InvalidParameterException", logs.create_log_group, "1 validation error", logGroupName="a b")
    refused("InvalidParameterException", logs.put_retention_policy, logGroupName="/aws/lambda/f", retentionInDays=2)
    logs.put_retention_policy(logGroupName="/aws/lambda/f", retentionInDays=30)
    logs.associate_kms_key(logGroupName="/aws/lambda/f", kmsKeyId="arn:aws:kms:us-east-1:1:key/k")
    [group] = logs.describe_log_groups(logGroupNamePrefix="/aws/l")["logGroups"]
    assert group["retentionInDays"] == 30 and group["kmsKeyId"] and group["arn"] == group["logGroupArn"] + ":*", group
    logs.delete_retention_policy(logGroupName="/aws/lambda/f")
    logs.disassociate_kms_key(logGroupName="/aws/lambda/f")
    [group] = logs.describe_log_groups(logGroupNamePattern="LAMBDA")["logGroups"]
    assert "retentionInDays" not in group and "kmsKeyId" not in group
    arn = group["logGroupArn"]
    logs.tag_resource(resourceArn=arn, tags={"b": "2"})
    logs.untag_resource(resourceArn=arn, tagKeys=["a"])
    assert logs.list_tags_for_resource(resourceArn=arn)["tags"] == {"b": "2"}
    refused("ResourceNotFoundException", logs.list_tags_for_resource, resourceArn=arn + "x")
    logs.put_metric_filter(logGroupName="/aws/lambda/f", filterName="m", filterPattern="ERROR", metricTransformations=[
        {"metricName": "E", "metricNamespace": "N", "metricValue": "1"}])
    assert logs.describe_metric_filters(metricNamespace="N", metricName="E")["metricFilters"][0]["filterName"] == "m"
    assert logs.describe_log_groups()["logGroups"][0]["metricFilterCount"] == 1
    logs.delete_metric_filter(logGroupName="/aws/lambda/f", filterName="m")
    logs_events(logs, "/aws/lambda/f")
    logs.delete_log_group(logGroupName="/aws/lambda/f")
    refused("ResourceNotFoundException", logs.delete_log_group, logGroupName="/aws/lambda/f")
    for n in range(51):
        logs.create_log_group(logGroupName=f"g{n:02}")
    found, count = pages(logs.describe_log_groups, "logGroups", "nextToken", "nextToken")
    assert len(found) == 51 and count == 2
    refused("InvalidParameterException", logs.describe_log_groups, nextToken="bogus")
    for n in range(51):
        logs.delete_log_group(logGroupName=f"g{n:02}")


def logs_events(logs, group):
    logs.create_log_stream(logGroupName=group, logStreamName="s/1")
    refused("ResourceAlreadyExistsException", logs.create_log_stream, logGroupName=group, logStreamName="s/1")
    refused("ResourceNotFoundException", logs.create_log_stream, logGroupName="none", logStreamName="s")
    now = control("GET", "clock")["epochMilliseconds"]
    events = [{"timestamp": now + n, "message": f"line {n} ü"} for n in range(10)]
    assert "rejectedLogEventsInfo" not in logs.put_log_events(logGroupName=group, logStreamName="s/1", logEvents=events)
    late = [{"timestamp": now - 15 * 86400_000, "message": "old"}]
    assert logs.put_log_events(logGroupName=group, logStreamName="s/1", logEvents=late)["rejectedLogEventsInfo"] == {"tooOldLogEventEndIndex": 1}
    refused("InvalidParameterException", logs.put_log_events, "chronological", logGroupName=group, logStreamName="s/1", logEvents=events[::-1])
    refused("ResourceNotFoundException", logs.put_log_events, logGroupName=group, logStreamName="none", logEvents=events)
    first = logs.get_log_events(logGroupName=group, logStreamName="s/1", startFromHead=True, limit=6)
    assert [e["message"] for e in first["events"]] == [f"line {n} ü" for n in range(6)]
    rest = logs.get_log_events(logGroupName=group, logStreamName="s/1", limit=6, nextToken=first["nextForwardToken"])
    end = logs.get_log_events(logGroupName=group, logStreamName="s/1", limit=6, nextToken=rest["nextForwardToken"])
    assert len(rest["events"]) == 4 and end["events"] == [] and end["nextForwardToken"] == rest["nextForwardToken"]
    logs.create_log_stream(logGroupName=group, logStreamName="t")
    found = logs.filter_log_events(logGroupName=group, filterPattern='"line 7" -none')["events"]
    assert [e["logStreamName"] for e in found] == ["s/1"]
    found, count = pages(logs.filter_log_events, "events", "nextToken", "nextToken", logGroupName=group, limit=3)
    assert len(found) == 10 and count == 4
    [stream, _] = logs.describe_log_streams(logGroupName=group, orderBy="LastEventTime", descending=True)["logStreams"]
    assert stream["logStreamName"] == "s/1" and stream["lastEventTimestamp"] == now + 9
    logs.delete_log_stream(logGroupName=group, logStreamName="s/1")
    assert logs.filter_log_events(logGroupName=group)["events"] == []


def archive(text="def lambda_handler(event, context): pass"):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as out:
        out.writestr(zipfile.ZipInfo("lambda_function.py"), text)
    return buffer.getvalue()


def lambda_functions(functions, iam):
    role = iam.create_role(RoleName="exec", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    base = dict(FunctionName="f", Runtime="python3.12", Role=role, Handler="lambda_function.lambda_handler",
                Code={"ZipFile": archive()}, Tags={"a": "1"}, Environment={"Variables": {"KEY": "v"}})
    refused("InvalidParameterValueException", functions.create_function, "The role defined for the function cannot be assumed by Lambda.", **base)
    advance(6)
    refused("InvalidParameterValueException", functions.create_function, "unzip", **{**base, "Code": {"ZipFile": b"PK no zip"}})
    refused("InvalidParameterValueException", functions.create_function, "mandatory", **{k: v for k, v in base.items() if k != "Handler"})
    refused("InvalidParameterValueException", functions.create_function, "AWS_REGION", **{**base, "Environment": {"Variables": {"AWS_REGION": "x"}}})
    refused("ValidationException", functions.create_function, "memorySize", **{**base, "MemorySize": 1})
    refused("ValidationException", functions.create_function, "runtime", **{**base, "Runtime": "cobol"})
    made = functions.create_function(**base)
    digest = base64.b64encode(hashlib.sha256(archive()).digest()).decode()
    assert made["State"] == "Pending" and made["CodeSha256"] == digest and made["CodeSize"] == len(archive()), made
    refused("ResourceConflictException", functions.create_function, "already exist", **base)
    refused("ResourceConflictException", functions.update_function_configuration, "Pending", FunctionName="f", Timeout=9)
    advance(3)
    found = functions.get_function(FunctionName=made["FunctionArn"])
    assert found["Configuration"]["State"] == "Active" and found["Tags"] == {"a": "1"} and "Concurrency" not in found
    assert urllib.request.urlopen(found["Code"]["Location"]).read() == archive()
    changed = functions.update_function_configuration(FunctionName="f", Timeout=9, Environment={"Variables": {}}, Description="d")
    assert changed["LastUpdateStatus"] == "InProgress" and changed["Timeout"] == 9 and "Environment" not in changed, changed
    assert changed["RevisionId"] != made["RevisionId"]
    refused("ResourceConflictException", functions.update_function_code, "in progress", FunctionName="f", ZipFile=archive("x"))
    advance(3)
    refused("PreconditionFailedException", functions.update_function_code, FunctionName="f", ZipFile=archive("x"), RevisionId=made["RevisionId"])
    assert functions.update_function_code(FunctionName="f", ZipFile=archive("x"), DryRun=True)["CodeSha256"] != digest
    assert functions.get_function_configuration(FunctionName="f")["CodeSha256"] == digest
    assert functions.update_function_code(FunctionName="f", ZipFile=archive("x"))["CodeSha256"] != digest
    advance(3)
    assert functions.get_function_configuration(FunctionName="f")["LastUpdateStatus"] == "Successful"
    lambda_permissions(functions, made["FunctionArn"])
    assert functions.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=5)["ReservedConcurrentExecutions"] == 5
    refused("InvalidParameterValueException", functions.put_function_concurrency, FunctionName="f", ReservedConcurrentExecutions=901)
    assert functions.get_function(FunctionName="f")["Concurrency"] == {"ReservedConcurrentExecutions": 5}
    functions.delete_function_concurrency(FunctionName="f")
    assert "ReservedConcurrentExecutions" not in functions.get_function_concurrency(FunctionName="f")
    functions.tag_resource(Resource=made["FunctionArn"], Tags={"b": "2"})
    functions.untag_resource(Resource=made["FunctionArn"], TagKeys=["a", "c"])
    assert functions.list_tags(Resource=made["FunctionArn"])["Tags"] == {"b": "2"}
    assert functions.invoke(FunctionName="f", InvocationType="DryRun")["StatusCode"] == 204
    refused("InvalidParameterValueException", functions.invoke, "does not run", FunctionName="f", Payload=b"{}")
    refused("ResourceNotFoundException", functions.get_function, FunctionName="f", Qualifier="1")
    for n in range(3):
        functions.create_function(**{**base, "FunctionName": f"g{n}"})
    found, count = pages(functions.list_functions, "Functions", "Marker", "NextMarker", MaxItems=2)
    assert [f["FunctionName"] for f in found] == ["f", "g0", "g1", "g2"] and count == 2 and "State" not in found[0]
    for function in found:
        functions.delete_function(FunctionName=function["FunctionName"])
    refused("ResourceNotFoundException", functions.delete_function, FunctionName="f")
    iam.delete_role(RoleName="exec")


def lambda_permissions(functions, arn):
    added = functions.add_permission(FunctionName="f", StatementId="sns", Action="lambda:InvokeFunction", Principal="sns.amazonaws.com",
                                     SourceArn="arn:aws:sns:us-east-1:123456789012:t", SourceAccount=ACCOUNT)
    assert json.loads(added["Statement"]) == {
        "Sid": "sns", "Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "lambda:InvokeFunction", "Resource": arn,
        "Condition": {"ArnLike": {"AWS:SourceArn": "arn:aws:sns:us-east-1:123456789012:t"}, "StringEquals": {"AWS:SourceAccount": ACCOUNT}}}
    same = dict(FunctionName="f", StatementId="sns", Action="lambda:InvokeFunction", Principal="sns.amazonaws.com")
    refused("ResourceConflictException", functions.add_permission, "already exists", **same)
    refused("InvalidParameterValueException", functions.add_permission, **{**same, "StatementId": "x", "Principal": "nobody"})
    assert len(json.loads(functions.get_policy(FunctionName="f")["Policy"])["Statement"]) == 1
    refused("ResourceNotFoundException", functions.remove_permission, FunctionName="f", StatementId="other")
    functions.remove_permission(FunctionName="f", StatementId="sns")
    refused("ResourceNotFoundException", functions.get_policy, FunctionName="f")


def tagging(tagged, iam, sns):
    topics = [sns.create_topic(Name=f"tag{n}", Tags=[{"Key": "fleet", "Value": "f"}, {"Key": "n", "Value": str(n)}])["TopicArn"] for n in range(5)]
    plain = sns.create_topic(Name="untagged")["TopicArn"]
    policy = iam.create_policy(PolicyName="tagged", PolicyDocument=json.dumps(ALLOW), Tags=[{"Key": "fleet", "Value": "f"}])["Policy"]["Arn"]
    iam.create_role(RoleName="tagged", AssumeRolePolicyDocument=json.dumps(TRUST), Tags=[{"Key": "fleet", "Value": "f"}])
    fleet = [{"Key": "fleet", "Values": ["f"]}]
    found, count = pages(tagged.get_resources, "ResourceTagMappingList", "PaginationToken", "PaginationToken", TagFilters=fleet, ResourcesPerPage=2)
    assert [f["ResourceARN"] for f in found] == [policy, *topics] and count == 3, found
    one = tagged.get_resources(TagFilters=[*fleet, {"Key": "n", "Values": ["1", "9"]}], ResourceTypeFilters=["sns:topic"])
    assert [f["ResourceARN"] for f in one["ResourceTagMappingList"]] == [topics[1]] and one["PaginationToken"] == ""
    assert [f["ResourceARN"] for f in tagged.get_resources(ResourceARNList=[topics[0], plain])["ResourceTagMappingList"]] == [topics[0]]
    assert client("resourcegroupstaggingapi", region="eu-west-1").get_resources()["ResourceTagMappingList"] == []
    assert "fleet" in tagged.get_tag_keys()["TagKeys"] and tagged.get_tag_values(Key="n")["TagValues"] == list("01234")
    failed = tagged.tag_resources(ResourceARNList=[plain, plain + "x"], Tags={"late": "1"})["FailedResourcesMap"]
    assert list(failed) == [plain + "x"] and sns.list_tags_for_resource(ResourceArn=plain)["Tags"] == [{"Key": "late", "Value": "1"}]
    tagged.untag_resources(ResourceARNList=[plain], TagKeys=["late"])
    assert {"ResourceARN": plain, "Tags": []} in tagged.get_resources(ResourceTypeFilters=["sns"])["ResourceTagMappingList"], "previously tagged"
    refused("InvalidParameterException", tagged.get_resources, ResourceARNList=[plain], TagFilters=fleet)
    refused("PaginationTokenExpiredException", tagged.get_resources, PaginationToken="bogus")
    for topic in [*topics, plain]:
        sns.delete_topic(TopicArn=topic)
    iam.delete_policy(PolicyArn=policy)
    iam.delete_role(RoleName="tagged")
    assert tagged.get_resources()["ResourceTagMappingList"] == []


def main():
    control("POST", "reset", {})
    sts()
    iam_roles(client("iam"))
    iam_policies(client("iam"))
    sns_topics(client("sns"))
    cloudwatch_alarms(client("cloudwatch"))
    cloudwatch_dashboards(client("cloudwatch"))
    cloudwatch_metrics(client("cloudwatch"))
    logs_groups(client("logs"))
    lambda_functions(client("lambda"), client("iam"))
    tagging(client("resourcegroupstaggingapi"), client("iam"), client("sns"))
    refused("UnrecognizedClientException", client("lambda", "INVALIDKEY").list_functions)
    refused("ExpiredTokenException", client("logs", "EXPIREDKEY").describe_log_groups)
    print(len(CALLED), "operations:", ", ".join(sorted(CALLED)))


main()
