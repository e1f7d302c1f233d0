"""Policies, versions, attachments to certificates and groups, things on certificates."""
from driver import REGION, advance, pages, refused
from iot_terms import DOCUMENT, EXISTS, INVALID, IOT, LIMIT, MISSING, arn, tag


def policies():
    make = {"policyName": "p", "policyDocument": DOCUMENT}
    made = IOT.create_policy(**make, tags=tag(k="v"))
    assert made["policyVersionId"] == "1" and made["policyArn"] == arn("policy/p") and made["policyDocument"] == DOCUMENT
    refused(EXISTS, IOT.create_policy, **make)
    refused("MalformedPolicyException", IOT.create_policy, policyName="q", policyDocument="{}")
    other = DOCUMENT.replace("Connect", "Publish")
    second = IOT.create_policy_version(policyName="p", policyDocument=other, setAsDefault=True)
    assert second["policyVersionId"] == "2" and second["isDefaultVersion"] is True
    assert IOT.get_policy(policyName="p")["policyDocument"] == other
    for _ in range(3):
        assert IOT.create_policy_version(policyName="p", policyDocument=DOCUMENT)["isDefaultVersion"] is False
    refused("VersionsLimitExceededException", IOT.create_policy_version, "The policy p already has the maximum number of versions (5)",
            policyName="p", policyDocument=DOCUMENT)
    refused("MalformedPolicyException", IOT.create_policy_version, policyName="p", policyDocument="x")
    refused("DeleteConflictException", IOT.delete_policy_version, policyName="p", policyVersionId="2")
    refused("DeleteConflictException", IOT.delete_policy, "versions", policyName="p")
    IOT.delete_policy_version(policyName="p", policyVersionId="5")
    assert IOT.create_policy_version(policyName="p", policyDocument=DOCUMENT)["policyVersionId"] == "6", "numbers are not used again"
    IOT.set_default_policy_version(policyName="p", policyVersionId="1")
    versions = IOT.list_policy_versions(policyName="p")["policyVersions"]
    assert [(v["versionId"], v["isDefaultVersion"]) for v in versions] == [("1", True), ("2", False), ("3", False), ("4", False), ("6", False)]
    shown = IOT.get_policy_version(policyName="p", policyVersionId="2")
    assert shown["policyDocument"] == other and shown["isDefaultVersion"] is False
    for call in (IOT.get_policy_version, IOT.delete_policy_version, IOT.set_default_policy_version):
        refused(MISSING, call, policyName="p", policyVersionId="9")
        refused(MISSING, call, policyName="none", policyVersionId="1")
    for call in (IOT.get_policy, IOT.delete_policy, IOT.list_policy_versions, IOT.list_targets_for_policy, IOT.list_policy_principals):
        refused(MISSING, call, policyName="none")
    refused(MISSING, IOT.create_policy_version, policyName="none", policyDocument=DOCUMENT)
    for version in "2346":
        IOT.delete_policy_version(policyName="p", policyVersionId=version)
    for name in "abc":
        advance(1)
        IOT.create_policy(policyName=name, policyDocument=DOCUMENT)
    names = lambda **order: [p["policyName"] for p in pages(IOT.list_policies, "policies", "marker", "nextMarker", pageSize=3, **order)[0]]
    assert names(ascendingOrder=True) == ["p", "a", "b", "c"] and names() == ["c", "b", "a", "p"]


def attachments(identity, certificate, keys):
    """Policies and things on a certificate, and the order in which all can be deleted."""
    group, cognito = arn("thinggroup/top"), f"{REGION}:01234567-89ab-cdef-0123-456789abcdef"
    for target in (certificate, certificate, group, cognito):
        IOT.attach_policy(policyName="p", target=target)
    refused(MISSING, IOT.attach_policy, policyName="none", target=group)
    refused(MISSING, IOT.attach_policy, policyName="p", target=arn("thinggroup/none"))
    refused(MISSING, IOT.attach_policy, policyName="p", target=arn("cert/" + "0" * 64))
    refused(INVALID, IOT.attach_policy, policyName="p", target=arn("thing/t1"))
    IOT.attach_policy(policyName="a", target=group)
    refused(LIMIT, IOT.attach_policy, policyName="b", target=group)
    for number in range(9):
        IOT.create_policy(policyName=f"n{number}", policyDocument=DOCUMENT)
        IOT.attach_policy(policyName=f"n{number}", target=certificate)
    refused(LIMIT, IOT.attach_policy, policyName="b", target=certificate)
    attached, count = pages(IOT.list_attached_policies, "policies", "marker", "nextMarker", target=certificate, pageSize=4)
    assert len(attached) == 10 and count == 3
    IOT.create_thing_group(thingGroupName="sub", parentGroupName="top")
    sub = arn("thinggroup/sub")
    assert IOT.list_attached_policies(target=sub)["policies"] == []
    assert [p["policyName"] for p in IOT.list_attached_policies(target=sub, recursive=True)["policies"]] == ["a", "p"]
    refused(MISSING, IOT.list_attached_policies, target=arn("thinggroup/none"))
    IOT.delete_thing_group(thingGroupName="sub")
    assert set(pages(IOT.list_targets_for_policy, "targets", "marker", "nextMarker", policyName="p", pageSize=2)[0]) == {certificate, group, cognito}
    assert set(IOT.list_policy_principals(policyName="p")["principals"]) == {certificate, cognito}
    refused("DeleteConflictException", IOT.delete_policy, "the policy is attached to one or more principals (name=p)", policyName="p")
    things_on(certificate, keys)
    refused("CertificateStateException", IOT.delete_certificate, f"Certificate must be deactivated (not ACTIVE) before deletion. Id: {identity}", certificateId=identity)
    IOT.update_certificate(certificateId=identity, newStatus="INACTIVE")
    refused("DeleteConflictException", IOT.delete_certificate, "Things must be detached before deletion", certificateId=identity)
    refused("DeleteConflictException", IOT.delete_certificate, "Things", certificateId=identity, forceDelete=True)
    refused(INVALID, IOT.delete_thing, "Cannot delete. Thing t1 is still attached to one or more principals", thingName="t1")
    IOT.detach_thing_principal(thingName="t1", principal=certificate)
    refused("DeleteConflictException", IOT.delete_certificate, "policies must be detached before deletion", certificateId=identity)
    IOT.delete_certificate(certificateId=identity, forceDelete=True)
    for number in range(9):
        IOT.delete_policy(policyName=f"n{number}")
    for policy, target in (("p", group), ("p", cognito), ("p", cognito), ("a", group)):
        IOT.detach_policy(policyName=policy, target=target)
    refused(INVALID, IOT.detach_policy, policyName="none", target=group)
    for name in "pabc":
        IOT.delete_policy(policyName=name)


def things_on(certificate, keys):
    attach = lambda thing, principal, **kind: IOT.attach_thing_principal(thingName=thing, principal=principal, **kind)
    attach("t1", certificate)
    attach("t1", certificate)
    attach("t2", certificate)
    refused(INVALID, IOT.attach_thing_principal, "exclusive", thingName="t1", principal=certificate, thingPrincipalType="EXCLUSIVE_THING")
    attach("t1", keys["certificateArn"], thingPrincipalType="EXCLUSIVE_THING")
    refused(INVALID, IOT.attach_thing_principal, "exclusive", thingName="t2", principal=keys["certificateArn"])
    refused(MISSING, IOT.attach_thing_principal, thingName="none", principal=certificate)
    refused(MISSING, IOT.attach_thing_principal, thingName="t1", principal=arn("cert/" + "0" * 64))
    assert pages(IOT.list_thing_principals, "principals", thingName="t1", maxResults=1)[1] == 2
    exclusive = IOT.list_thing_principals_v2(thingName="t1", thingPrincipalType="EXCLUSIVE_THING")["thingPrincipalObjects"]
    assert exclusive == [{"principal": keys["certificateArn"], "thingPrincipalType": "EXCLUSIVE_THING"}], exclusive
    assert len(IOT.list_thing_principals_v2(thingName="t1")["thingPrincipalObjects"]) == 2
    assert IOT.list_principal_things(principal=certificate)["things"] == ["t1", "t2"]
    refused(MISSING, IOT.list_thing_principals, thingName="none")
    refused(MISSING, IOT.list_thing_principals_v2, thingName="none")
    refused(MISSING, IOT.list_principal_things, principal=arn("cert/" + "0" * 64))
    for thing, principal in (("t2", certificate), ("t1", keys["certificateArn"])):
        IOT.detach_thing_principal(thingName=thing, principal=principal)
    refused(MISSING, IOT.detach_thing_principal, thingName="t2", principal=certificate)
    refused(MISSING, IOT.detach_thing_principal, thingName="none", principal=certificate)
