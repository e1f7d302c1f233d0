"""Endpoints, logging, indexing, role aliases."""
from driver import ACCOUNT, REGION, pages, refused, without
from iot_terms import EXISTS, INVALID, IOT, LIMIT, MISSING, ROLE, arn, tag


def logging_levels():
    def target(kind, name):
        return {"targetType": kind, "targetName": name}

    wanted = [(target("CLIENT_ID", "line-1"), "DEBUG"), (target("THING_GROUP", "hall"), "WARN")]
    for one, level in wanted:
        IOT.set_v2_logging_level(logTarget=one, logLevel="INFO")
        IOT.set_v2_logging_level(logTarget=one, logLevel=level)
    listed, count = pages(IOT.list_v2_logging_levels, "logTargetConfigurations", maxResults=1)
    assert [(found["logTarget"], found["logLevel"]) for found in listed] == wanted and count == 2, listed
    only = IOT.list_v2_logging_levels(targetType="CLIENT_ID")["logTargetConfigurations"]
    assert [found["logTarget"]["targetName"] for found in only] == ["line-1"]
    refused(INVALID, IOT.set_v2_logging_level, "targetName", logTarget={"targetType": "CLIENT_ID"}, logLevel="INFO")
    IOT.set_v2_logging_level(logTarget={"targetType": "DEFAULT"}, logLevel="ERROR")
    assert IOT.get_v2_logging_options()["defaultLogLevel"] == "ERROR"
    for one, _ in wanted * 2:
        IOT.delete_v2_logging_level(**one)
    assert IOT.list_v2_logging_levels()["logTargetConfigurations"] == []


def account_settings():
    data = IOT.describe_endpoint()["endpointAddress"]
    assert data.endswith(f".iot.{REGION}.amazonaws.com") and IOT.describe_endpoint()["endpointAddress"] == data
    for kind, part in (("iot:Data-ATS", "-ats.iot."), ("iot:CredentialProvider", ".credentials.iot."), ("iot:Jobs", ".jobs.iot.")):
        assert part in IOT.describe_endpoint(endpointType=kind)["endpointAddress"]
    refused(INVALID, IOT.describe_endpoint, endpointType="iot:None")
    refused("NotConfiguredException", IOT.get_v2_logging_options)
    refused("NotConfiguredException", IOT.list_v2_logging_levels)
    refused(INVALID, IOT.set_v2_logging_options, defaultLogLevel="INFO")
    IOT.set_v2_logging_options(roleArn=ROLE, defaultLogLevel="INFO", eventConfigurations=[{"eventType": "Connect", "logLevel": "DEBUG"}])
    IOT.set_v2_logging_options(disableAllLogs=True)
    shown = without(IOT.get_v2_logging_options())
    assert shown == {"roleArn": ROLE, "defaultLogLevel": "INFO", "disableAllLogs": True,
                     "eventConfigurations": [{"eventType": "Connect", "logLevel": "DEBUG"}]}, shown
    refused(INVALID, IOT.set_v2_logging_options, "enum", defaultLogLevel="LOUD")
    logging_levels()
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
