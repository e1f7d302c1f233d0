//! Thing types, things, groups, memberships, tags.

use serde_json::json;

use super::caller::{Caller, encoded};

pub fn lives(aws: &Caller) {
    types_and_things(aws);
    groups(aws);
    tags(aws);
    aws.ok("POST", "/thing-types/k/deprecate", json!({}));
    aws.ok("POST", "/thing-types/k/deprecate", json!({ "undoDeprecate": true }));
    aws.no("DELETE", "/thing-types/k", json!({}), "InvalidRequestException", "deprecated");
}

fn types_and_things(aws: &Caller) {
    let properties = json!({ "thingTypeDescription": "d", "searchableAttributes": ["a"] });
    let made = aws.ok(
        "POST",
        "/thing-types/k",
        json!({ "thingTypeProperties": properties, "tags": [{ "Key": "k", "Value": "v" }] }),
    );
    assert_eq!(made["thingTypeArn"], aws.arn("thingtype/k"));
    aws.no("POST", "/thing-types/k", json!({}), "ResourceAlreadyExistsException", "k");
    aws.ok("PATCH", "/thing-types/k", json!({ "thingTypeProperties": { "thingTypeDescription": "e" } }));
    let shown = aws.ok("GET", "/thing-types/k", json!({}));
    assert_eq!(shown["thingTypeProperties"], json!({ "thingTypeDescription": "e", "searchableAttributes": ["a"] }));
    assert_eq!(aws.ok("GET", "/thing-types", json!({}))["thingTypes"].as_array().map(Vec::len), Some(1));

    let thing =
        json!({ "thingTypeName": "k", "attributePayload": { "attributes": { "a": "1", "fleetctl.fleet": "f" } } });
    let made = aws.ok("POST", "/things/t", thing.clone());
    assert_eq!(aws.ok("POST", "/things/t", thing), made, "the same again is no error");
    aws.no("POST", "/things/t", json!({}), "ResourceAlreadyExistsException", "different");
    let merged = json!({ "attributePayload": { "attributes": { "a": "" }, "merge": true }, "expectedVersion": 1 });
    aws.ok("PATCH", "/things/t", merged.clone());
    aws.no("PATCH", "/things/t", merged, "VersionConflictException", "version");
    let shown = aws.ok("GET", "/things/t", json!({}));
    let wanted = json!({ "thingName": "t", "thingId": made["thingId"], "thingArn": aws.arn("thing/t"), "thingTypeName": "k",
                         "attributes": { "fleetctl.fleet": "f" }, "defaultClientId": "t", "version": 2 });
    assert_eq!(shown, wanted);
    for number in 0..30 {
        aws.ok("POST", &format!("/things/n{number}"), json!({}));
    }
    let found = aws.ok("GET", "/things?attributeName=fleetctl.fleet&attributeValue=f", json!({}));
    assert_eq!(found["things"].as_array().map(Vec::len), Some(1));
    let first = aws.ok("GET", "/things?maxResults=20", json!({}));
    aws.ok("DELETE", "/things/n0", json!({}));
    let rest =
        aws.ok("GET", &format!("/things?maxResults=20&nextToken={}", first["nextToken"].as_str().unwrap()), json!({}));
    assert_eq!(
        rest["things"].as_array().map(Vec::len),
        Some(11),
        "pages go on after what was shown, whatever was deleted"
    );
    assert!(rest["nextToken"].is_null());
    aws.no("DELETE", "/things/t?expectedVersion=7", json!({}), "VersionConflictException", "");
}

fn groups(aws: &Caller) {
    let top =
        json!({ "thingGroupProperties": { "thingGroupDescription": "d" }, "tags": [{ "Key": "k", "Value": "v" }] });
    aws.ok("POST", "/thing-groups/top", top);
    aws.ok("POST", "/thing-groups/sub", json!({ "parentGroupName": "top" }));
    aws.no("POST", "/thing-groups/sub", json!({}), "ResourceAlreadyExistsException", "sub");
    let changed = aws.ok(
        "PATCH",
        "/thing-groups/top",
        json!({ "thingGroupProperties": { "attributePayload": { "attributes": { "a": "1" } } } }),
    );
    assert_eq!(changed, json!({ "version": 2 }));
    let shown = aws.ok("GET", "/thing-groups/top", json!({}));
    assert_eq!(
        shown["thingGroupProperties"],
        json!({ "thingGroupDescription": "d", "attributePayload": { "attributes": { "a": "1" } } })
    );
    let below = aws.ok("GET", "/thing-groups?parentGroup=top&recursive=true", json!({}));
    assert_eq!(below["thingGroups"], json!([{ "groupName": "sub", "groupArn": aws.arn("thinggroup/sub") }]));
    aws.ok("PUT", "/thing-groups/addThingToThingGroup", json!({ "thingGroupName": "sub", "thingName": "t" }));
    let other = json!({ "thingGroupName": "top", "thingName": "t" });
    aws.no("PUT", "/thing-groups/addThingToThingGroup", other, "InvalidRequestException", "same hierarchy");
    assert_eq!(aws.ok("GET", "/thing-groups/top/things?recursive=true", json!({}))["things"], json!(["t"]));
    aws.ok(
        "PUT",
        "/thing-groups/updateThingGroupsForThing",
        json!({ "thingName": "t", "thingGroupsToRemove": ["sub"], "thingGroupsToAdd": ["top"] }),
    );
    let of_thing = aws.ok("GET", "/things/t/thing-groups", json!({}));
    assert_eq!(of_thing["thingGroups"][0]["groupName"], "top");
    aws.ok("PUT", "/thing-groups/removeThingFromThingGroup", json!({ "thingGroupName": "top", "thingName": "t" }));
    let children = "Cannot delete thing group : top when there are still child groups attached to it";
    aws.no("DELETE", "/thing-groups/top", json!({}), "InvalidRequestException", children);
    aws.ok("DELETE", "/thing-groups/sub", json!({}));
}

fn tags(aws: &Caller) {
    let arn = aws.arn("thinggroup/top");
    aws.ok("POST", "/tags", json!({ "resourceArn": arn, "tags": [{ "Key": "l", "Value": "w" }] }));
    aws.ok("POST", "/untag", json!({ "resourceArn": arn, "tagKeys": ["k"] }));
    let shown = aws.ok("GET", &format!("/tags?resourceArn={}", encoded(&arn)), json!({}));
    assert_eq!(shown, json!({ "tags": [{ "Key": "l", "Value": "w" }] }));
    aws.no(
        "GET",
        &format!("/tags?resourceArn={}", encoded(&aws.arn("thing/t"))),
        json!({}),
        "InvalidRequestException",
        "tagged",
    );
    aws.ok("DELETE", "/thing-groups/top", json!({}));
    aws.no("GET", &format!("/tags?resourceArn={}", encoded(&arn)), json!({}), "ResourceNotFoundException", "top");
}
