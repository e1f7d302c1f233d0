"""One broken constraint each: what is changed in a sample, and what has to be found.

A row is (service, operation, member path, new value, JSON path, rule).
"""

# As a new value: the member is taken away.
DELETE = object()
NOT_A_TIME = "yesterday"

# Inputs, which botocore's serializers write as they are.
INPUTS = [
    ("iot", "UpdateSecurityProfile", "behaviors.0.name", DELETE, "request.behaviors[0].name", "required"),
    ("iot", "UpdateSecurityProfile", "behaviors.0.metric", 5, "request.behaviors[0].metric", "type"),
    (
        "iot",
        "UpdateSecurityProfile",
        "behaviors.0.criteria.comparisonOperator",
        "more-than",
        "request.behaviors[0].criteria.comparisonOperator",
        "enum",
    ),
    (
        "iot",
        "UpdateSecurityProfile",
        "securityProfileDescription",
        "x" * 1001,
        "request.securityProfileDescription",
        "length",
    ),
    (
        "iot",
        "UpdateSecurityProfile",
        "securityProfileDescription",
        "tab\there",
        "request.securityProfileDescription",
        "pattern",
    ),
    ("iot", "UpdateSecurityProfile", "securityProfileName", "a b", "request.securityProfileName", "pattern"),
    ("iot", "UpdateSecurityProfile", "expectedVersion", "three", "request.expectedVersion", "type"),
    (
        "iot",
        "UpdateSecurityProfile",
        "behaviors.0.criteria.consecutiveDatapointsToAlarm",
        11,
        "request.behaviors[0].criteria.consecutiveDatapointsToAlarm",
        "range",
    ),
    ("iot", "AttachThingPrincipal", "principal", DELETE, "request.principal", "required"),
    ("lambda", "Invoke", "InvocationType", "Sometimes", "request.InvocationType", "enum"),
    ("logs", "CreateLogGroup", "logGroupName", DELETE, "request.logGroupName", "required"),
    ("logs", "CreateLogGroup", "logGroupName", 7, "request.logGroupName", "type"),
    ("logs", "CreateLogGroup", "logGroupClass", "CHEAP", "request.logGroupClass", "enum"),
    ("logs", "CreateLogGroup", "logGroupName", "a" * 513, "request.logGroupName", "length"),
    ("logs", "CreateLogGroup", "logGroupName", "a b", "request.logGroupName", "pattern"),
    ("logs", "CreateLogGroup", "tags.bad!key", "x", "request.tags['bad!key'] (key)", "pattern"),
    ("logs", "DescribeLogGroups", "limit", 51, "request.limit", "range"),
    ("iam", "CreateRole", "RoleName", DELETE, "request.RoleName", "required"),
    ("iam", "CreateRole", "Tags.1.Key", DELETE, "request.Tags[1].Key", "required"),
    ("iam", "CreateRole", "MaxSessionDuration", "an hour", "request.MaxSessionDuration", "type"),
    ("iam", "CreateRole", "MaxSessionDuration", 60, "request.MaxSessionDuration", "range"),
    ("iam", "ListPolicies", "Scope", "Mine", "request.Scope", "enum"),
    ("iam", "CreateRole", "Description", "x" * 1001, "request.Description", "length"),
    ("iam", "CreateRole", "Path", "no-slash", "request.Path", "pattern"),
    ("cloudwatch", "PutMetricAlarm", "AlarmName", DELETE, "request.AlarmName", "required"),
    ("cloudwatch", "PutMetricAlarm", "ComparisonOperator", "Above", "request.ComparisonOperator", "enum"),
    ("cloudwatch", "PutMetricAlarm", "AlarmName", "a" * 256, "request.AlarmName", "length"),
    ("cloudwatch", "PutMetricAlarm", "Namespace", ":x", "request.Namespace", "pattern"),
    ("cloudwatch", "PutMetricAlarm", "EvaluationPeriods", 0, "request.EvaluationPeriods", "range"),
]

# Outputs, which `sample` writes as they are.
_MADE = "response.behaviors[0].criteria.comparisonOperator"
_ALARM = "response.MetricAlarms[0]"
OUTPUTS = [
    ("iot", "UpdateSecurityProfile", "behaviors.0.name", DELETE, "response.behaviors[0].name", "required"),
    ("iot", "UpdateSecurityProfile", "version", "4", "response.version", "type"),
    ("iot", "UpdateSecurityProfile", "creationDate", NOT_A_TIME, "response.creationDate", "type"),
    ("iot", "UpdateSecurityProfile", "colour", "red", "response.colour", "unknown"),
    ("iot", "UpdateSecurityProfile", "securityProfileName", None, "response.securityProfileName", "null"),
    ("iot", "UpdateSecurityProfile", "behaviors.0.criteria.comparisonOperator", "x", _MADE, "enum"),
    ("lambda", "Invoke", "ExecutedVersion", "latest", "response.ExecutedVersion", "pattern"),
    ("logs", "DescribeLogGroups", "logGroups.0.storedBytes", 0.5, "response.logGroups[0].storedBytes", "type"),
    ("logs", "DescribeLogGroups", "logGroups.0.storedBytes", -1, "response.logGroups[0].storedBytes", "range"),
    ("logs", "DescribeLogGroups", "logGroups.0.logGroupClass", "X", "response.logGroups[0].logGroupClass", "enum"),
    ("logs", "DescribeLogGroups", "logGroups.0.logGroupName", "a b", "response.logGroups[0].logGroupName", "pattern"),
    ("logs", "DescribeLogGroups", "logGroups.0.size", 1, "response.logGroups[0].size", "unknown"),
    ("logs", "DescribeLogGroups", "nextToken", "", "response.nextToken", "length"),
    (
        "resourcegroupstaggingapi",
        "GetResources",
        "ResourceTagMappingList.0.Tags.0.Value",
        DELETE,
        "response.ResourceTagMappingList[0].Tags[0].Value",
        "required",
    ),
    ("iam", "CreateRole", "Role.Arn", DELETE, "response.Role.Arn", "required"),
    ("iam", "CreateRole", "Role.MaxSessionDuration", "long", "response.Role.MaxSessionDuration", "type"),
    ("iam", "CreateRole", "Role.CreateDate", NOT_A_TIME, "response.Role.CreateDate", "type"),
    ("iam", "CreateRole", "Role.Colour", "red", "response.Role.Colour", "unknown"),
    ("iam", "CreateRole", "Role.RoleId", "AROA", "response.Role.RoleId", "length"),
    ("iam", "CreateRole", "Role.RoleName", "a b", "response.Role.RoleName", "pattern"),
    ("iam", "CreateRole", "Role.MaxSessionDuration", 1, "response.Role.MaxSessionDuration", "range"),
    (
        "iam",
        "CreateRole",
        "Role.PermissionsBoundary.PermissionsBoundaryType",
        "Policy",
        "response.Role.PermissionsBoundary.PermissionsBoundaryType",
        "enum",
    ),
    ("iam", "ListPolicies", "IsTruncated", "no", "response.IsTruncated", "type"),
    (
        "cloudwatch",
        "DescribeAlarms",
        "MetricAlarms.0.Metrics.0.MetricStat.Stat",
        DELETE,
        f"{_ALARM}.Metrics[0].MetricStat.Stat",
        "required",
    ),
    ("cloudwatch", "DescribeAlarms", "MetricAlarms.0.AlarmName", 7, f"{_ALARM}.AlarmName", "type"),
    # A time without its tag, and one as text: what a lenient server gets wrong.
    (
        "cloudwatch",
        "DescribeAlarms",
        "MetricAlarms.0.StateUpdatedTimestamp",
        1.5,
        f"{_ALARM}.StateUpdatedTimestamp",
        "type",
    ),
    (
        "cloudwatch",
        "DescribeAlarms",
        "MetricAlarms.0.StateUpdatedTimestamp",
        "2026-01-02T03:04:05Z",
        f"{_ALARM}.StateUpdatedTimestamp",
        "type",
    ),
    ("cloudwatch", "DescribeAlarms", "MetricAlarms.0.StateValue", "FINE", f"{_ALARM}.StateValue", "enum"),
    ("cloudwatch", "DescribeAlarms", "MetricAlarms.0.AlarmName", "", f"{_ALARM}.AlarmName", "length"),
    ("cloudwatch", "DescribeAlarms", "MetricAlarms.0.Namespace", ":x", f"{_ALARM}.Namespace", "pattern"),
    ("cloudwatch", "DescribeAlarms", "MetricAlarms.0.Period", 0, f"{_ALARM}.Period", "range"),
    ("cloudwatch", "DescribeAlarms", "MetricAlarms.0.Colour", "red", f"{_ALARM}.Colour", "unknown"),
]
