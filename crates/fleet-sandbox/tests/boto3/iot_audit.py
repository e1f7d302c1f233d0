"""Audit configuration, schedules, mitigation actions, suppressions."""
import datetime

from driver import ACCOUNT, REGION, control, pages, refused, without
from iot_terms import EXISTS, INVALID, IOT, LIMIT, MISSING, ROLE, arn, tag


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
