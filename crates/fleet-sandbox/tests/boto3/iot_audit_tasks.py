"""Audit tasks, their findings, and mitigation tasks."""
import datetime
import json

from driver import ACCOUNT, advance, client, pages, refused, without
from iot_terms import INVALID, IOT, MISSING

LOGGING, POLICY = "LOGGING_DISABLED_CHECK", "IOT_POLICY_OVERLY_PERMISSIVE_CHECK"
EVER = {"startTime": datetime.datetime(2020, 1, 1), "endTime": datetime.datetime(2100, 1, 1)}
WIDE = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "iot:*", "Resource": "*"}]}


def role():
    trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "iot.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
    made = client("iam").create_role(RoleName="defender", AssumeRolePolicyDocument=json.dumps(trust))
    return made["Role"]["Arn"]


def audit(*checks):
    task = IOT.start_on_demand_audit_task(targetCheckNames=list(checks))["taskId"]
    advance(60)
    return task


def audit_tasks():
    start = IOT.start_on_demand_audit_task
    refused(INVALID, start, "not enabled", targetCheckNames=[LOGGING])
    arn, on = role(), {"enabled": True}
    IOT.update_account_audit_configuration(roleArn=arn, auditCheckConfigurations={LOGGING: on, POLICY: on})
    IOT.create_policy(policyName="wide", policyDocument=json.dumps(WIDE))
    IOT.set_logging_options(loggingOptionsPayload={"roleArn": arn, "logLevel": "DISABLED"})
    assert without(IOT.get_logging_options()) == {"roleArn": arn, "logLevel": "DISABLED"}
    IOT.set_v2_logging_options(roleArn=arn, defaultLogLevel="DISABLED")
    refused(INVALID, start, "Audit Check Name", targetCheckNames=["X_CHECK"])
    refused(INVALID, start, "at least one", targetCheckNames=[])
    task = audit(LOGGING, POLICY, LOGGING)
    shown = IOT.describe_audit_task(taskId=task)
    assert shown["taskStatus"] == "COMPLETED" and shown["taskType"] == "ON_DEMAND_AUDIT_TASK", shown
    assert shown["taskStatistics"]["totalChecks"] == 2 and shown["taskStatistics"]["nonCompliantChecks"] == 2, shown
    canceled = start(targetCheckNames=[LOGGING])["taskId"]
    IOT.cancel_audit_task(taskId=canceled)
    refused(INVALID, IOT.cancel_audit_task, "not in progress", taskId=canceled)
    refused(MISSING, IOT.cancel_audit_task, taskId="none")
    refused(MISSING, IOT.describe_audit_task, taskId="none")
    assert [t["taskId"] for t in pages(IOT.list_audit_tasks, "tasks", maxResults=1, **EVER)[0]] == [task, canceled]
    assert [t["taskId"] for t in IOT.list_audit_tasks(taskStatus="CANCELED", **EVER)["tasks"]] == [canceled]
    assert IOT.list_audit_tasks(taskType="SCHEDULED_AUDIT_TASK", **EVER)["tasks"] == []
    findings(task)
    mitigation_tasks(task, arn)
    IOT.delete_account_audit_configuration()


def findings(task):
    listed = lambda **filters: pages(IOT.list_audit_findings, "findings", maxResults=1, **filters)[0]
    refused(INVALID, IOT.list_audit_findings, "not both")
    refused(INVALID, IOT.list_audit_findings, "not both", taskId=task, **EVER)
    refused(INVALID, IOT.list_audit_findings, "not both", startTime=EVER["startTime"])
    assert {f["checkName"] for f in listed(taskId=task)} == {LOGGING, POLICY} == {f["checkName"] for f in listed(**EVER)}
    assert listed(taskId=task, listSuppressedFindings=True) == []
    (logging,) = listed(taskId=task, resourceIdentifier={"account": ACCOUNT})
    assert logging["checkName"] == LOGGING and logging["reasonForNonComplianceCode"] == "LOGGING_DISABLED"
    (wide,) = listed(taskId=task, checkName=POLICY, resourceIdentifier={"policyVersionIdentifier": {"policyName": "wide", "policyVersionId": "1"}})
    assert IOT.describe_audit_finding(findingId=wide["findingId"])["finding"] == wide
    assert IOT.list_related_resources_for_audit_finding(findingId=wide["findingId"])["relatedResources"] == wide.get("relatedResources", [])
    refused(MISSING, IOT.describe_audit_finding, findingId="none")
    refused(MISSING, IOT.list_related_resources_for_audit_finding, findingId="none")


def mitigation_tasks(task, arn):
    blank = {"replaceDefaultPolicyVersionParams": {"templateName": "BLANK_POLICY"}}
    IOT.create_mitigation_action(actionName="blank", roleArn=arn, actionParams=blank)
    IOT.create_mitigation_action(actionName="nobody", roleArn=f"arn:aws:iam::{ACCOUNT}:role/nobody", actionParams=blank)
    start = lambda name, **a: IOT.start_audit_mitigation_actions_task(
        **({"taskId": name, "clientRequestToken": name, "target": {"auditTaskId": task}, "auditCheckToActionsMapping": {POLICY: ["blank"]}} | a))
    refused(INVALID, start, "The target must be", name="t", target={})
    refused(INVALID, start, "none not found", name="t", target={"findingIds": ["none"]})
    refused(INVALID, start, "none not found", name="t", target={"auditTaskId": "none"})
    refused(INVALID, start, "none not found", name="t", auditCheckToActionsMapping={POLICY: ["none"]})
    refused(INVALID, start, "cannot be applied", name="t", auditCheckToActionsMapping={LOGGING: ["blank"]})
    start("failing", auditCheckToActionsMapping={POLICY: ["nobody", "blank"]})
    refused("TaskAlreadyExistsException", start, name="failing")
    refused("TaskAlreadyExistsException", start, name="other", clientRequestToken="failing")
    start("working")
    refused(INVALID, start, name="x" * 129)
    (finding,) = IOT.list_audit_findings(taskId=task, checkName=POLICY)["findings"]
    executions = lambda name, **a: [e["status"] for e in IOT.list_audit_mitigation_actions_executions(taskId=name, findingId=finding["findingId"], **a)["actionsExecutions"]]
    assert executions("failing") == ["FAILED", "SKIPPED"] and executions("failing", actionStatus="FAILED") == ["FAILED"]
    assert executions("working") == ["COMPLETED"] and IOT.get_policy(policyName="wide")["defaultVersionId"] == "2"
    assert IOT.describe_audit_mitigation_actions_task(taskId="working")["taskStatus"] == "IN_PROGRESS"
    advance(60)
    shown = IOT.describe_audit_mitigation_actions_task(taskId="working")
    assert shown["taskStatus"] == "COMPLETED" and shown["taskStatistics"][POLICY]["succeededFindingsCount"] == 1, shown
    assert IOT.describe_audit_mitigation_actions_task(taskId="failing")["taskStatus"] == "FAILED"
    start("third", target={"auditTaskId": task, "auditCheckToReasonCodeFilter": {POLICY: ["OTHER"]}})
    IOT.cancel_audit_mitigation_actions_task(taskId="third")
    refused(INVALID, IOT.cancel_audit_mitigation_actions_task, "not in progress", taskId="third")
    refused(MISSING, IOT.cancel_audit_mitigation_actions_task, taskId="none")
    refused(MISSING, IOT.describe_audit_mitigation_actions_task, taskId="none")
    tasks = lambda **a: [t["taskId"] for t in pages(IOT.list_audit_mitigation_actions_tasks, "tasks", maxResults=1, **EVER, **a)[0]]
    assert sorted(tasks()) == ["failing", "third", "working"] and tasks(taskStatus="CANCELED") == ["third"]
    assert sorted(tasks(findingId=finding["findingId"])) == ["failing", "working"] == sorted(tasks(auditTaskId=task))
    assert [f["checkName"] for f in IOT.list_audit_findings(taskId=audit(POLICY))["findings"]] == []
    for name in ("blank", "nobody"):
        IOT.delete_mitigation_action(actionName=name)
