//! Reads what is live: every declared object, and whatever else carries this fleet's mark.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures_util::stream::{self, StreamExt};
use serde_json::Value;

use crate::address::Address;
use crate::aws::context::{Context, Session};
use crate::aws::error::AwsError;
use crate::aws::pages;
use crate::kind::{self, LiveObject};
use crate::ownership::{ADDRESS_TAG, FLEET_TAG};
use crate::spec::resolve::Desired;

/// Requests under way at once while reading.
const PARALLEL: usize = 16;

/// Everything live that a plan needs.
#[derive(Clone, Debug, Default)]
pub struct LiveFleet {
    /// At declared addresses, whoever owns them.
    pub declared: BTreeMap<Address, LiveObject>,
    /// Owned by this fleet and not declared.
    pub orphans: BTreeMap<Address, LiveObject>,
}

/// How to look for objects that are no longer declared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Search {
    /// The tagging index, and listings where it does not reach.
    Index,
    /// List and read every object of every kind: slow, sure, and independent of the index.
    FullScan,
    /// Do not look.
    Nothing,
}

/// Reads the declared objects and finds the orphans. Sections that `wanted` leaves out are not listed.
pub async fn read(
    session: &Arc<Session>,
    desired: &BTreeMap<Address, Desired>,
    search: Search,
    wanted: &(dyn Fn(&str) -> bool + Sync),
) -> Result<LiveFleet, Vec<AwsError>> {
    let (mut declared, others) = read_together(session, desired).await.map_err(|error| vec![error])?;
    let single = desired.keys().filter(|address| !declared.contains_key(*address));
    let single = single.map(|address| (address.clone(), address.name.clone())).collect();
    declared.extend(read_all(session, single, desired).await?);
    let candidates = match search {
        Search::Nothing => BTreeSet::new(),
        _ => candidates(session, search, wanted, others).await.map_err(|error| vec![error])?,
    };
    let known: BTreeSet<(&str, &str)> =
        declared.iter().map(|(address, live)| (address.section.as_str(), live.id.as_str())).collect();
    let unknown = candidates
        .into_iter()
        .filter(|(address, name)| {
            !desired.contains_key(address) && !known.contains(&(address.section.as_str(), name.as_str()))
        })
        .collect();
    let mut orphans = read_all(session, unknown, desired).await?;
    // The index is late and lists what is gone: only what the object itself says counts.
    orphans.retain(|_, live| live.owner.as_ref().is_some_and(|owner| owner.fleet == session.fleet));
    Ok(LiveFleet { declared, orphans })
}

/// What was read together and is not declared, by the sections of which that is all there is.
type Others = BTreeMap<String, Vec<Address>>;

/// What each kind can read many at a time.
async fn read_together(
    session: &Arc<Session>,
    desired: &BTreeMap<Address, Desired>,
) -> Result<(BTreeMap<Address, LiveObject>, Others), AwsError> {
    let mut sections: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for address in desired.keys() {
        sections.entry(&address.section).or_default().push(&address.name);
    }
    sections.retain(|_, names| names.len() > 1);
    let reads = sections.into_iter().map(|(section, names)| async move {
        let kind = kind::find(section).expect("addresses are made from registered sections");
        let cx = Context::new(session, Address::new(section, ""));
        let found = kind.read_many(&cx, &names).await?;
        let found: Vec<_> = found.into_iter().map(|live| (Address::new(section, &live.id), live)).collect();
        Ok((kind, found))
    });
    let found: Vec<Result<_, AwsError>> = stream::iter(reads).buffer_unordered(PARALLEL).collect().await;
    let (mut together, mut others) = (BTreeMap::new(), Others::new());
    for section in found {
        let (kind, found) = section?;
        let (declared, rest): (Vec<_>, Vec<_>) =
            found.into_iter().partition(|(address, _)| desired.contains_key(address));
        if kind.reads_all() {
            let rest = rest.into_iter().map(|(address, _)| address);
            others.insert(kind.section().to_owned(), rest.collect());
        }
        together.extend(declared);
    }
    Ok((together, others))
}

/// Reads one object as it is now.
///
/// `desired` is the declared state, for kinds whose name in AWS is not known from the spec alone.
pub async fn read_one(
    session: &Arc<Session>,
    address: &Address,
    name: &str,
    desired: Option<&Value>,
) -> Result<Option<LiveObject>, AwsError> {
    let (kind, cx) = (kind::of(address), Context::new(session, address.clone()));
    match desired {
        Some(desired) => kind.read_declared(&cx, name, desired).await,
        None => kind.read(&cx, name).await,
    }
}

async fn read_all(
    session: &Arc<Session>,
    wanted: Vec<(Address, String)>,
    desired: &BTreeMap<Address, Desired>,
) -> Result<BTreeMap<Address, LiveObject>, Vec<AwsError>> {
    let reads = wanted.into_iter().map(|(address, name)| async move {
        let declared = desired.get(&address).map(|desired| &desired.state);
        let live = read_one(session, &address, &name, declared).await;
        (address, live)
    });
    let results: Vec<_> = stream::iter(reads).buffer_unordered(PARALLEL).collect().await;
    let (mut found, mut errors) = (BTreeMap::new(), Vec::new());
    for (address, result) in results {
        match result {
            Ok(Some(live)) => drop(found.insert(address, live)),
            Ok(None) => {}
            Err(error) => errors.push(error),
        }
    }
    if errors.is_empty() { Ok(found) } else { Err(errors) }
}

/// Addresses and names of objects that may carry our mark.
async fn candidates(
    session: &Arc<Session>,
    search: Search,
    wanted: &(dyn Fn(&str) -> bool + Sync),
    mut others: Others,
) -> Result<BTreeSet<(Address, String)>, AwsError> {
    let mut all = BTreeSet::new();
    if search == Search::Index {
        all.extend(indexed(session).await?);
    }
    let traces: BTreeSet<String> = all.iter().map(|(address, _)| address.to_string()).collect();
    for kind in kind::all().iter().filter(|kind| wanted(kind.section())) {
        let traced = kind.trace(&session.fleet).is_none_or(|start| traces.iter().any(|one| one.starts_with(&start)));
        if let Some(known) = others.remove(kind.section()) {
            all.extend(known.into_iter().map(|address| (address.clone(), address.name)));
        } else if search == Search::FullScan || (kind.listed() && traced) {
            let cx = Context::new(session, Address::new(kind.section(), ""));
            let names = kind.list(&cx).await?;
            all.extend(names.into_iter().map(|name| (Address::new(kind.section(), &name), name)));
        }
    }
    Ok(all)
}

/// What the resource groups tagging API lists for our fleet. The address tag tells the kind and the name.
async fn indexed(session: &Arc<Session>) -> Result<Vec<(Address, String)>, AwsError> {
    use aws_sdk_resourcegroupstagging::types::TagFilter;
    let cx = Context::new(session, Address::new("tags", ""));
    let sections: Vec<&str> = kind::sections().collect();
    let list = |token| {
        let filter = TagFilter::builder().key(FLEET_TAG).values(&session.fleet).build();
        let request = session.clients.tagging.get_resources().tag_filters(filter);
        request.resources_per_page(100).set_pagination_token(token).send()
    };
    let pages = pages::all(&cx, "tag:GetResources", list, |page| page.pagination_token()).await?;
    let addresses = pages.iter().flat_map(|page| page.resource_tag_mapping_list()).filter_map(|resource| {
        let address = resource.tags().iter().find(|tag| tag.key() == ADDRESS_TAG)?;
        Address::parse(address.value(), &sections)
    });
    Ok(addresses.map(|address| (address.clone(), address.name)).collect())
}
