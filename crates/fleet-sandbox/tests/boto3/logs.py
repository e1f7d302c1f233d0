"""CloudWatch Logs: groups, streams, events and their refusals."""
from driver import control, pages, refused


def groups(logs):
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
    events(logs, "/aws/lambda/f")
    logs.delete_log_group(logGroupName="/aws/lambda/f")
    refused("ResourceNotFoundException", logs.delete_log_group, logGroupName="/aws/lambda/f")
    for n in range(51):
        logs.create_log_group(logGroupName=f"g{n:02}")
    found, count = pages(logs.describe_log_groups, "logGroups", "nextToken", "nextToken")
    assert len(found) == 51 and count == 2
    refused("InvalidParameterException", logs.describe_log_groups, nextToken="bogus")
    for n in range(51):
        logs.delete_log_group(logGroupName=f"g{n:02}")


def events(logs, group):
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
