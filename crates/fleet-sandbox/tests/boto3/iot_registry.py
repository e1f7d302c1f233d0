"""Thing types, things, groups, memberships, tags."""
from driver import advance, pages, refused, without
from iot_terms import CONFLICT, EXISTS, INVALID, IOT, LIMIT, MISSING, arn, tag


def thing_types():
    make = {"thingTypeName": "sensor", "thingTypeProperties": {"thingTypeDescription": "d", "searchableAttributes": ["a", "b"]}}
    made = IOT.create_thing_type(**make, tags=tag(k="v"))
    again = dict(make, thingTypeProperties={"thingTypeDescription": "d", "searchableAttributes": ["b", "a"]})
    assert without(IOT.create_thing_type(**again)) == without(made), "the same again succeeds, in any order of attributes"
    found = refused(EXISTS, IOT.create_thing_type, "sensor", thingTypeName="sensor")
    assert found["resourceId"] == "sensor" and found["resourceArn"] == arn("thingtype/sensor"), found
    refused(INVALID, IOT.create_thing_type, "3 searchable", thingTypeName="t", thingTypeProperties={"searchableAttributes": list("abcd")})
    refused(INVALID, IOT.create_thing_type, "regular expression", thingTypeName="white space")
    IOT.update_thing_type(thingTypeName="sensor", thingTypeProperties={"thingTypeDescription": "e"})
    shown = IOT.describe_thing_type(thingTypeName="sensor")
    assert shown["thingTypeProperties"] == {"thingTypeDescription": "e", "searchableAttributes": ["a", "b"]}, shown
    assert shown["thingTypeMetadata"]["deprecated"] is False
    refused(MISSING, IOT.describe_thing_type, thingTypeName="none")
    refused(MISSING, IOT.update_thing_type, thingTypeName="none")
    refused(MISSING, IOT.deprecate_thing_type, thingTypeName="none")
    refused(MISSING, IOT.delete_thing_type, thingTypeName="none")
    for name in "xyz":
        IOT.create_thing_type(thingTypeName=name)
    listed, count = pages(IOT.list_thing_types, "thingTypes", maxResults=3)
    assert [t["thingTypeName"] for t in listed] == ["sensor", "x", "y", "z"] and count == 2
    assert [t["thingTypeName"] for t in IOT.list_thing_types(thingTypeName="y")["thingTypes"]] == ["y"]
    refused(INVALID, IOT.list_thing_types, nextToken="wrong")


def things():
    make = {"thingName": "t1", "thingTypeName": "sensor", "attributePayload": {"attributes": {"a": "1", "b": "2"}}}
    made = IOT.create_thing(**make)
    assert without(IOT.create_thing(**make)) == without(made) and made["thingArn"] == arn("thing/t1")
    refused(EXISTS, IOT.create_thing, thingName="t1")
    refused(EXISTS, IOT.create_thing, **dict(make, attributePayload={"attributes": {"a": "1"}}))
    refused(MISSING, IOT.create_thing, thingName="t2", thingTypeName="none")
    four = {"attributes": {name: "1" for name in "abcd"}}
    refused(INVALID, IOT.create_thing, "at most 3", thingName="t2", attributePayload=four)
    refused(INVALID, IOT.create_thing, thingName="t2", attributePayload={"attributes": {"white space": "1"}})
    IOT.create_thing(thingName="t2", thingTypeName="sensor", attributePayload=four)
    refused(INVALID, IOT.update_thing, "at most 3", thingName="t2", removeThingType=True)
    IOT.update_thing(thingName="t1", expectedVersion=1, attributePayload={"attributes": {"a": "", "c": "3"}, "merge": True})
    shown = IOT.describe_thing(thingName="t1")
    assert shown["attributes"] == {"b": "2", "c": "3"} and shown["version"] == 2 and shown["defaultClientId"] == "t1", shown
    refused(CONFLICT, IOT.update_thing, thingName="t1", expectedVersion=1)
    refused(INVALID, IOT.update_thing, thingName="t1", removeThingType=True, thingTypeName="sensor")
    IOT.update_thing(thingName="t1", attributePayload={"attributes": {}}, removeThingType=True)
    shown = IOT.describe_thing(thingName="t1")
    assert shown["attributes"] == {} and "thingTypeName" not in shown and shown["version"] == 3, shown
    refused(MISSING, IOT.describe_thing, thingName="none")
    refused(MISSING, IOT.update_thing, thingName="none")
    refused(CONFLICT, IOT.delete_thing, thingName="t1", expectedVersion=9)
    for number in range(30):
        IOT.create_thing(thingName=f"n{number:02}", attributePayload={"attributes": {"fleetctl.fleet": "f" if number % 2 else "fg"}})
    listed, count = pages(IOT.list_things, "things", maxResults=7)
    assert len(listed) == 32 and count == 5 and len(IOT.list_things()["things"]) == 25
    names = [t["thingName"] for t in pages(IOT.list_things, "things", attributeName="fleetctl.fleet", attributeValue="f")[0]]
    assert names == [f"n{number:02}" for number in range(1, 30, 2)], names
    prefixed = {"attributeName": "fleetctl.fleet", "attributeValue": "f", "usePrefixAttributeValue": True}
    assert len(pages(IOT.list_things, "things", **prefixed)[0]) == 30
    assert [t["thingName"] for t in IOT.list_things(thingTypeName="sensor")["things"]] == ["t2"]
    refused(INVALID, IOT.list_things, attributeValue="f")
    for number in range(30):
        IOT.delete_thing(thingName=f"n{number:02}")
    IOT.delete_thing(thingName="n00")


def deprecation():
    IOT.create_thing_type(thingTypeName="old")
    IOT.create_thing(thingName="old-thing", thingTypeName="old")
    refused(INVALID, IOT.delete_thing_type, "deprecated", thingTypeName="old")
    IOT.deprecate_thing_type(thingTypeName="old")
    refused(INVALID, IOT.create_thing, "deprecated", thingName="t9", thingTypeName="old")
    IOT.deprecate_thing_type(thingTypeName="old", undoDeprecate=True)
    IOT.deprecate_thing_type(thingTypeName="old")
    refused(INVALID, IOT.delete_thing_type, "Please wait for 5 minutes after deprecation and then retry", thingTypeName="old")
    advance(299)
    refused(INVALID, IOT.delete_thing_type, "Please wait for 5 minutes", thingTypeName="old")
    advance(2)
    refused(INVALID, IOT.delete_thing_type, "associated", thingTypeName="old")
    IOT.delete_thing(thingName="old-thing")
    IOT.delete_thing_type(thingTypeName="old")
    refused(MISSING, IOT.describe_thing_type, thingTypeName="old")


def groups():
    properties = {"thingGroupDescription": "d", "attributePayload": {"attributes": {"a": "1"}}}
    made = IOT.create_thing_group(thingGroupName="top", thingGroupProperties=properties, tags=tag(k="v"))
    assert without(IOT.create_thing_group(thingGroupName="top", thingGroupProperties=properties)) == without(made)
    refused(EXISTS, IOT.create_thing_group, thingGroupName="top")
    IOT.create_thing_group(thingGroupName="plain")
    IOT.create_thing_group(thingGroupName="plain", thingGroupProperties={"attributePayload": {"attributes": {}}})
    IOT.delete_thing_group(thingGroupName="plain")
    refused(INVALID, IOT.create_thing_group, "parent", thingGroupName="g", parentGroupName="none")
    above = "top"
    for depth in range(2, 8):
        IOT.create_thing_group(thingGroupName=f"level{depth}", parentGroupName=above)
        above = f"level{depth}"
    refused(INVALID, IOT.create_thing_group, "7 levels", thingGroupName="g", parentGroupName=above)
    refused(EXISTS, IOT.create_thing_group, thingGroupName="level3", parentGroupName="top")
    metadata = IOT.describe_thing_group(thingGroupName="level3")["thingGroupMetadata"]
    assert [g["groupName"] for g in metadata["rootToParentThingGroups"]] == ["top", "level2"], metadata
    assert metadata["parentGroupName"] == "level2"
    change = {"attributePayload": {"attributes": {"b": "2"}, "merge": True}}
    assert IOT.update_thing_group(thingGroupName="top", thingGroupProperties=change, expectedVersion=1)["version"] == 2
    shown = IOT.describe_thing_group(thingGroupName="top")["thingGroupProperties"]
    assert shown == {"thingGroupDescription": "d", "attributePayload": {"attributes": {"a": "1", "b": "2"}}}, shown
    refused(CONFLICT, IOT.update_thing_group, thingGroupName="top", thingGroupProperties={}, expectedVersion=1)
    refused(INVALID, IOT.update_thing_group, "must not be null", thingGroupName="top")
    refused(MISSING, IOT.update_thing_group, thingGroupName="none", thingGroupProperties={})
    refused(MISSING, IOT.describe_thing_group, thingGroupName="none")
    names = lambda **filters: [g["groupName"] for g in pages(IOT.list_thing_groups, "thingGroups", **filters)[0]]
    assert len(names()) == 7 and names(recursive=False) == ["top"] and names(parentGroup="top") == ["level2"]
    assert len(names(parentGroup="top", recursive=True)) == 6 and names(namePrefixFilter="level7") == ["level7"]
    assert pages(IOT.list_thing_groups, "thingGroups", maxResults=2)[1] == 4
    refused(MISSING, IOT.list_thing_groups, parentGroup="none")
    refused(INVALID, IOT.delete_thing_group, "when there are still child groups attached to it", thingGroupName="level6")
    refused(CONFLICT, IOT.delete_thing_group, thingGroupName="level7", expectedVersion=5)
    memberships()
    for depth in range(7, 1, -1):
        IOT.delete_thing_group(thingGroupName=f"level{depth}")
    IOT.delete_thing_group(thingGroupName="level2")


def memberships():
    IOT.add_thing_to_thing_group(thingGroupName="level2", thingName="t1")
    IOT.add_thing_to_thing_group(thingGroupArn=arn("thinggroup/level2"), thingArn=arn("thing/t1"))
    refused(INVALID, IOT.add_thing_to_thing_group, "same hierarchy", thingGroupName="level4", thingName="t1")
    refused(MISSING, IOT.add_thing_to_thing_group, thingGroupName="none", thingName="t1")
    refused(MISSING, IOT.add_thing_to_thing_group, thingGroupName="top", thingName="none")
    refused(INVALID, IOT.add_thing_to_thing_group, "required", thingGroupName="top")
    refused(INVALID, IOT.add_thing_to_thing_group, thingGroupName="top", thingName="t1", thingArn=arn("thing/t2"))
    refused(INVALID, IOT.add_thing_to_thing_group, thingGroupName="top", thingArn="arn:aws:iot:us-east-1:1:thing/t1")
    assert IOT.list_things_in_thing_group(thingGroupName="top")["things"] == []
    assert IOT.list_things_in_thing_group(thingGroupName="top", recursive=True)["things"] == ["t1"]
    refused(MISSING, IOT.list_things_in_thing_group, thingGroupName="none")
    for number in range(10):
        IOT.create_thing_group(thingGroupName=f"g{number}")
    IOT.update_thing_groups_for_thing(thingName="t1", thingGroupsToAdd=[f"g{number}" for number in range(9)])
    refused(INVALID, IOT.add_thing_to_thing_group, "10 thing groups", thingGroupName="g9", thingName="t1")
    refused(INVALID, IOT.update_thing_groups_for_thing, thingName="t1", thingGroupsToRemove=["g0"], thingGroupsToAdd=["level4"])
    refused(MISSING, IOT.update_thing_groups_for_thing, thingName="t1", thingGroupsToRemove=["none"])
    refused(MISSING, IOT.update_thing_groups_for_thing, thingName="none")
    listed, count = pages(IOT.list_thing_groups_for_thing, "thingGroups", thingName="t1", maxResults=4)
    assert len(listed) == 11 and count == 3, "the refused update removed nothing"
    refused(MISSING, IOT.list_thing_groups_for_thing, thingName="none")
    IOT.remove_thing_from_thing_group(thingGroupName="g0", thingName="t1")
    IOT.remove_thing_from_thing_group(thingGroupName="g0", thingName="t1")
    refused(MISSING, IOT.remove_thing_from_thing_group, thingGroupName="none", thingName="t1")
    for number in range(10):
        IOT.delete_thing_group(thingGroupName=f"g{number}")
    lineage = [g["groupName"] for g in IOT.list_thing_groups_for_thing(thingName="t1")["thingGroups"]]
    assert lineage == ["level2", "top"], "the group and those above it"


def tags():
    group = arn("thinggroup/top")
    assert IOT.list_tags_for_resource(resourceArn=group)["tags"] == tag(k="v")
    IOT.tag_resource(resourceArn=group, tags=tag(k="w", l=""))
    IOT.untag_resource(resourceArn=group, tagKeys=["k", "absent"])
    assert IOT.list_tags_for_resource(resourceArn=group)["tags"] == tag(l="")
    IOT.tag_resource(resourceArn=group, tags=tag(**{f"k{number}": "v" for number in range(49)}))
    refused(LIMIT, IOT.tag_resource, resourceArn=group, tags=tag(more="v"))
    assert len(IOT.list_tags_for_resource(resourceArn=group)["tags"]) == 50
    refused(INVALID, IOT.tag_resource, resourceArn=group, tags=tag(**{"aws:x": "v"}))
    refused(INVALID, IOT.tag_resource, "Duplicate", resourceArn=group, tags=tag(a="1") + tag(a="2"))
    for call in (IOT.list_tags_for_resource, lambda **a: IOT.tag_resource(**a, tags=[]), lambda **a: IOT.untag_resource(**a, tagKeys=[])):
        refused(MISSING, call, resourceArn=arn("thinggroup/none"))
        refused(INVALID, call, "cannot be tagged", resourceArn=arn("thing/t1"))
        refused(INVALID, call, resourceArn="arn:aws:sns:us-east-1:123456789012:t")
    assert IOT.list_tags_for_resource(resourceArn=arn("thingtype/sensor"))["tags"] == tag(k="v")
