"""Topic rules."""
import json

from driver import ACCOUNT, REGION, advance, client, pages, refused
from iot_terms import EXISTS, INVALID, IOT, ROLE, arn, tag


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
