"""IAM: roles, policies and their refusals."""
import json

from driver import ACCOUNT, pages, refused
from documents import ALLOW, TRUST


def roles(iam):
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


def policies(iam):
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
