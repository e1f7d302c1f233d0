//! Lists: the smallest set that covers what was seen, and how often each element was.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use super::candidate::{Candidate, Conformity};
use super::outcome::Frame;
use super::record::Series;
use super::report::ElementSeen;
use crate::behavior::{ComparisonOperator, Criteria};
use crate::rules;
use crate::value::{MetricValue, Value};

/// Networks of a proposal. More addresses than that are widened to networks that hold their neighbours too.
const MOST_NETWORKS: usize = 20;

/// One element as a list of its own, with the number of datapoints and devices that had it.
struct Seen {
    value: Value,
    datapoints: u64,
    devices: u64,
}

/// The criteria as they are, judged on the distinct lists of a series.
pub(crate) fn as_is(criteria: &Criteria, series: &Series) -> Option<Candidate> {
    let check = rules::check(criteria)?;
    let verdicts = series.lists.iter().map(|list| check.conforms(list)).collect();
    Some(Candidate { criteria: criteria.clone(), conformity: Conformity::Listed(verdicts), frame: 0, number: None })
}

/// The set that the training part asks for: with `in` operators the smallest that covers what was seen outside of
/// incidents, with `not in` the present one without what was seen. Also what was seen, most often first.
pub(crate) fn cover(criteria: &Criteria, frame: &Frame) -> (Option<Candidate>, Vec<ElementSeen>) {
    let seen = seen(frame);
    let report =
        |seen: &Seen| ElementSeen { element: text(&seen.value), datapoints: seen.datapoints, devices: seen.devices };
    let mut elements: Vec<ElementSeen> = seen.iter().map(report).collect();
    elements.sort_by(|a, b| b.datapoints.cmp(&a.datapoints).then_with(|| a.element.cmp(&b.element)));
    let proposed = proposal(criteria, seen).and_then(|value| {
        let criteria = Criteria { value: Some(value), ..criteria.clone() };
        as_is(&criteria, frame.series)
    });
    (proposed, elements)
}

fn proposal(criteria: &Criteria, seen: Vec<Seen>) -> Option<MetricValue> {
    use ComparisonOperator::{NotInCidrSet, NotInPortSet, NotInSet};
    let first = seen.first()?.value.clone();
    let mut union = seen.into_iter().fold(first, |mut union, seen| {
        union.unite(&seen.value);
        union
    });
    if matches!(criteria.comparison_operator?, NotInCidrSet | NotInPortSet | NotInSet) {
        return without(criteria.value.as_ref()?, &union).filter(|value| value.elements() > 0);
    }
    if let Value::Cidrs(networks) = &mut union {
        *networks = few_networks(networks.to_vec()).into();
    }
    Some(union.to_metric_value())
}

/// The elements of a set that admit nothing of what was seen.
fn without(set: &MetricValue, seen: &Value) -> Option<MetricValue> {
    Some(
        match (set.measured().ok()?, seen) {
            (Value::Cidrs(set), Value::Cidrs(seen)) => {
                Value::Cidrs(kept(&set, |network| seen.iter().any(|element| network.contains(element))))
            }
            (Value::Ports(set), Value::Ports(seen)) => Value::Ports(kept(&set, |item| seen.contains(item))),
            (Value::Strings(set), Value::Strings(seen)) => Value::Strings(kept(&set, |item| seen.contains(item))),
            (Value::Numbers(set), Value::Numbers(seen)) => Value::Numbers(kept(&set, |item| seen.contains(item))),
            _ => return None,
        }
        .to_metric_value(),
    )
}

fn kept<T: Clone>(set: &[T], was_seen: impl Fn(&T) -> bool) -> Box<[T]> {
    set.iter().filter(|item| !was_seen(item)).cloned().collect()
}

/// Every element of the training part outside of incidents.
fn seen(frame: &Frame) -> Vec<Seen> {
    let parts: Vec<Vec<Value>> = frame.series.lists.iter().map(elements).collect();
    let mut counts: BTreeMap<String, Seen> = BTreeMap::new();
    for (_, device, spells) in frame.devices() {
        let mut lists: BTreeMap<u64, u64> = BTreeMap::new();
        for (at, key) in device.points.iter().filter(|(at, _)| *at < frame.cut) {
            if !spells.iter().any(|spell| spell.holds(*at)) {
                *lists.entry(*key).or_default() += 1;
            }
        }
        let mut new: BTreeSet<String> = BTreeSet::new();
        for (key, datapoints) in lists {
            for value in parts.get(key as usize).into_iter().flatten() {
                let name = text(value);
                let seen =
                    counts.entry(name.clone()).or_insert(Seen { value: value.clone(), datapoints: 0, devices: 0 });
                seen.datapoints += datapoints;
                seen.devices += u64::from(new.insert(name));
            }
        }
    }
    counts.into_values().collect()
}

fn elements(list: &Value) -> Vec<Value> {
    match list {
        Value::Cidrs(list) => list.iter().map(|item| Value::Cidrs(Box::new([*item]))).collect(),
        Value::Ports(list) => list.iter().map(|item| Value::Ports(Box::new([*item]))).collect(),
        Value::Numbers(list) => list.iter().map(|item| Value::Numbers(Box::new([*item]))).collect(),
        Value::Strings(list) => list.iter().map(|item| Value::Strings(Box::new([item.clone()]))).collect(),
        Value::Count(_) | Value::Number(_) => Vec::new(),
    }
}

/// The one element of a list, as AWS writes it.
fn text(value: &Value) -> String {
    match value.to_metric_value() {
        MetricValue::Cidrs(list) | MetricValue::Strings(list) => list.into_iter().collect(),
        MetricValue::Ports(list) => list.iter().map(ToString::to_string).collect(),
        MetricValue::Numbers(list) => list.iter().map(ToString::to_string).collect(),
        MetricValue::Count(_) | MetricValue::Number(_) => String::new(),
    }
}

/// Networks that cover all of these and, while there are too many, their neighbours: the two that have the longest
/// common prefix become one, as often as it takes.
fn few_networks(networks: Vec<IpNet>) -> Vec<IpNet> {
    let mut networks = IpNet::aggregate(&networks);
    networks.sort();
    while networks.len() > MOST_NETWORKS {
        let pairs =
            networks.windows(2).enumerate().filter_map(|(position, pair)| Some((position, join(pair[0], pair[1])?)));
        let Some((position, joined)) = pairs.max_by_key(|(position, joined)| {
            let host_bits = joined.max_prefix_len() - joined.prefix_len();
            (std::cmp::Reverse(host_bits), std::cmp::Reverse(*position))
        }) else {
            break;
        };
        networks[position] = joined;
        networks.retain(|network| *network == joined || !joined.contains(network));
    }
    networks
}

/// The smallest network with both in it, unless it would admit strangers: addresses of another kind (RFC 1918,
/// RFC 4193), or public ones by the hundred thousand.
fn join(a: IpNet, b: IpNet) -> Option<IpNet> {
    let joined = match (a, b) {
        (IpNet::V4(a), IpNet::V4(b)) => {
            let common = (a.network().to_bits() ^ b.network().to_bits()).leading_zeros() as u8;
            IpNet::V4(Ipv4Net::new(a.network(), common.min(a.prefix_len()).min(b.prefix_len())).ok()?.trunc())
        }
        (IpNet::V6(a), IpNet::V6(b)) => {
            let common = (a.network().to_bits() ^ b.network().to_bits()).leading_zeros() as u8;
            IpNet::V6(Ipv6Net::new(a.network(), common.min(a.prefix_len()).min(b.prefix_len())).ok()?.trunc())
        }
        _ => return None,
    };
    const PRIVATE: [&str; 5] = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "fe80::/10"];
    let private = PRIVATE.iter().filter_map(|block| block.parse::<IpNet>().ok()).any(|block| block.contains(&joined));
    let narrow = match joined.addr() {
        IpAddr::V4(_) => joined.prefix_len() >= 16,
        IpAddr::V6(_) => joined.prefix_len() >= 48,
    };
    (private || narrow).then_some(joined)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nets(texts: &[&str]) -> Vec<IpNet> {
        texts.iter().map(|text| crate::value::parse_network(text).unwrap()).collect()
    }

    #[test]
    fn addresses_become_few_networks_that_admit_no_strangers() {
        let halves = nets(&["10.0.0.0/9", "10.128.0.0/9", "192.168.1.7"]);
        assert_eq!(few_networks(halves), nets(&["10.0.0.0/8", "192.168.1.7"]));
        let mut many: Vec<IpNet> = (0..40).map(|host| nets(&[&format!("10.1.{host}.{}", host * 3)])[0]).collect();
        many.extend(nets(&["203.0.113.9", "198.51.100.1", "2001:db8::1"]));
        let few = few_networks(many.clone());
        assert!(few.len() <= MOST_NETWORKS, "{few:?}");
        assert!(many.iter().all(|address| few.iter().any(|network| network.contains(address))), "all are covered");
        assert!(few.contains(&nets(&["203.0.113.9"])[0]), "no public address was widened: {few:?}");
        let far: Vec<IpNet> = (1..60).map(|first| nets(&[&format!("{first}.9.9.9")])[0]).collect();
        assert!(few_networks(far).len() >= 59 - 1, "strangers are not joined");
    }
}
