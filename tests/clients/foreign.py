"""Objects that no fleet of the test made, to be found untouched afterwards."""

import io
import json
import zipfile

# Another fleet's mark: an object that carries it is no more ours than one without any.
TAGS = {"fleetctl:fleet": "somebody-else", "team": "somebody-else"}


def make(endpoints, let_time_pass):
    """One object of each service; STS has none.

    `let_time_pass` is called once a role is made: other services know it only later.
    """
    client = endpoints.client
    role = _create_role(client("iam"))
    let_time_pass()
    client("sns").create_topic(Name="foreign-topic", Tags=_pairs(TAGS))
    client("logs").create_log_group(logGroupName="/foreign/group", tags=TAGS)
    client("cloudwatch").put_metric_alarm(
        AlarmName="foreign-alarm",
        Namespace="Foreign",
        MetricName="Count",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
        Tags=_pairs(TAGS),
    )
    client("iot").create_thing(
        thingName="foreign-thing", attributePayload={"attributes": {"fleetctl.fleet": TAGS["fleetctl:fleet"]}}
    )
    client("iot").create_thing_group(thingGroupName="foreign-group")
    client("lambda").create_function(
        FunctionName="foreign-function",
        Runtime="python3.12",
        Handler="foreign.handler",
        Role=role["Arn"],
        Code={"ZipFile": _zip()},
        Tags=TAGS,
    )
    # Its state settles by itself; only then can two dumps be compared.
    client("lambda").get_waiter("function_active_v2").wait(FunctionName="foreign-function")


def make_roles_known(endpoints, reads):
    """Makes the fleet's roles and the foreign one in a server whose IAM is not the one in use.

    AWS IoT and Lambda refuse a role that they cannot assume, and a server that sees only
    an IAM of its own cannot know roles which are made elsewhere.
    """
    client = endpoints.client("iam")
    _create_role(client)
    for read in reads:
        if read["service"] == "iam" and read["operation"] == "GetRole":
            client.create_role(
                RoleName=read["params"]["RoleName"],
                Path=read["expect"]["Role.Path"],
                AssumeRolePolicyDocument=json.dumps(read["expect"]["Role.AssumeRolePolicyDocument"]),
            )


def _create_role(iam):
    trust = _trust("lambda.amazonaws.com")
    return iam.create_role(RoleName="foreign-role", AssumeRolePolicyDocument=trust, Tags=_pairs(TAGS))["Role"]


def _pairs(tags):
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _trust(service):
    allow = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [allow]})


def _zip():
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("foreign.py", "def handler(event, context):\n    return event\n")
    return packed.getvalue()
