//! Which principals (certificates, Cognito identities) a thing has.
//!
//! Sources: API:AttachThingPrincipal (an exclusive principal belongs to one thing only),
//! API:DetachThingPrincipal, API:ListPrincipalThings. A detached thing or principal can be
//! deleted after `realism.iot_detachment`. Attaching again is no error and sets the type anew; detaching what is not
//! attached is ResourceNotFoundException.

use serde_json::{Value, json};

use super::refusal::{invalid, not_found};
use super::relation::Relation;
use super::{certificate, detachment, thing};
use crate::api::service::Table;
use crate::error::AwsError;
use crate::paging::{self, page};
use crate::request::Request;
use crate::store::Tx;

/// Operations of this kind.
pub const OPERATIONS: Table = &[
    ("AttachThingPrincipal", attach_thing_principal),
    ("DetachThingPrincipal", detach_thing_principal),
    ("ListThingPrincipals", list_thing_principals),
    ("ListThingPrincipalsV2", list_thing_principals_v2),
    ("ListPrincipalThings", list_principal_things),
];

/// Things and their principals, with `thingPrincipalType`.
const PRINCIPALS: Relation = Relation { forward: "iot.principal-of-thing", backward: "iot.thing-of-principal" };
const EXCLUSIVE: &str = "EXCLUSIVE_THING";
const NON_EXCLUSIVE: &str = "NON_EXCLUSIVE_THING";

/// Principals of a thing, with the type of each attachment.
pub fn of_thing<'t>(tx: &'t Tx<'_>, thing: &str) -> impl Iterator<Item = (&'t str, &'t str)> {
    PRINCIPALS.rights(tx, thing).into_iter().map(typed)
}

/// Things of a principal, with the type of each attachment.
pub fn of_principal<'t>(tx: &'t Tx<'_>, principal: &str) -> impl Iterator<Item = (&'t str, &'t str)> {
    PRINCIPALS.lefts(tx, principal).into_iter().map(typed)
}

fn attach_thing_principal(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let (thing, principal) = (request.need("thingName")?, request.need("principal")?);
    thing::find(tx, thing)?;
    certificate::check_principal(tx, request, principal)?;
    let kind = request.str("thingPrincipalType").unwrap_or(NON_EXCLUSIVE);
    for (other, present) in of_principal(tx, principal).filter(|(other, _)| *other != thing) {
        if kind == EXCLUSIVE || present == EXCLUSIVE {
            return Err(invalid(format!(
                "The principal {principal} cannot be attached to {thing}: it is attached to {other}, and one of the two attachments is exclusive."
            )));
        }
    }
    PRINCIPALS.put(tx, thing, principal, json!({ "thingPrincipalType": kind }));
    Ok(json!({}))
}

fn detach_thing_principal(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let (thing, principal) = (request.need("thingName")?, request.need("principal")?);
    thing::find(tx, thing)?;
    if !PRINCIPALS.remove(tx, thing, principal) {
        return Err(not_found("Attached principal", principal));
    }
    detachment::note(tx, request, &format!("thing/{thing}"));
    detachment::note(tx, request, &format!("principal/{principal}"));
    Ok(json!({}))
}

fn list_thing_principals(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let thing = request.need("thingName")?;
    thing::find(tx, thing)?;
    let principals = of_thing(tx, thing).map(|(principal, _)| (principal.to_owned(), principal));
    let (principals, next) = page(request, &paging::IOT, principals)?;
    Ok(json!({ "principals": principals, "nextToken": next }))
}

fn list_thing_principals_v2(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let thing = request.need("thingName")?;
    thing::find(tx, thing)?;
    let wanted = request.str("thingPrincipalType");
    let chosen = of_thing(tx, thing).filter(|(_, kind)| wanted.is_none_or(|wanted| wanted == *kind));
    let principals = chosen
        .map(|(principal, kind)| (principal.to_owned(), json!({ "principal": principal, "thingPrincipalType": kind })));
    let (principals, next) = page(request, &paging::IOT, principals)?;
    Ok(json!({ "thingPrincipalObjects": principals, "nextToken": next }))
}

fn list_principal_things(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let principal = request.need("principal")?;
    certificate::check_principal(tx, request, principal)?;
    let things = of_principal(tx, principal).map(|(thing, _)| (thing.to_owned(), thing));
    let (things, next) = page(request, &paging::IOT, things)?;
    Ok(json!({ "things": things, "nextToken": next }))
}

fn typed<'t>((end, attachment): (&'t str, &'t Value)) -> (&'t str, &'t str) {
    (end, attachment["thingPrincipalType"].as_str().unwrap_or(NON_EXCLUSIVE))
}
