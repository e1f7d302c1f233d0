"""CloudWatch: alarms, dashboards, metric data and their refusals."""
import json

from driver import ACCOUNT, client, control, pages, refused


def alarms(cloudwatch):
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


def dashboards(cloudwatch):
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


def metrics(cloudwatch):
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
