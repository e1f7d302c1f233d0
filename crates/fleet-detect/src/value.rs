//! Values: a threshold as AWS writes it ([`MetricValue`]) and a measurement as the evaluator holds it ([`Value`]).

use std::cmp::Ordering;
use std::collections::HashSet;
use std::hash::Hash;
use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use serde_json::Number;

use crate::metric::ValueKind;

/// API:MetricValue with exactly one member, kept as it was written so that an alert can repeat it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum MetricValue {
    Count(u64),
    Cidrs(Vec<String>),
    Ports(Vec<u16>),
    Number(Number),
    Numbers(Vec<Number>),
    Strings(Vec<String>),
}

impl MetricValue {
    /// Which member it is.
    pub fn kind(&self) -> ValueKind {
        match self {
            Self::Count(_) => ValueKind::Count,
            Self::Cidrs(_) => ValueKind::Cidrs,
            Self::Ports(_) => ValueKind::Ports,
            Self::Number(_) => ValueKind::Number,
            Self::Numbers(_) => ValueKind::Numbers,
            Self::Strings(_) => ValueKind::Strings,
        }
    }

    /// How many elements it adds to the quota of 1000 a profile (AWS General Reference, Device Defender quotas).
    pub fn elements(&self) -> usize {
        match self {
            Self::Count(_) | Self::Number(_) => 1,
            Self::Cidrs(list) | Self::Strings(list) => list.len(),
            Self::Ports(list) => list.len(),
            Self::Numbers(list) => list.len(),
        }
    }

    /// The measurement it stands for.
    ///
    /// # Errors
    /// Names the element that is no address or network, or no finite number.
    pub fn measured(&self) -> Result<Value, String> {
        Ok(match self {
            Self::Count(count) => Value::Count(*count),
            Self::Number(number) => Value::Number(finite(number)?),
            Self::Ports(ports) => Value::Ports(distinct(ports.iter().copied())),
            Self::Strings(strings) => Value::Strings(distinct(strings.iter().cloned())),
            Self::Numbers(numbers) => Value::Numbers(numbers.iter().map(finite).collect::<Result<Vec<_>, _>>()?.into()),
            Self::Cidrs(cidrs) => {
                let networks = cidrs.iter().map(|text| parse_network(text));
                Value::Cidrs(distinct(networks.collect::<Result<Vec<_>, _>>()?.into_iter()))
            }
        })
    }
}

fn finite(number: &Number) -> Result<f64, String> {
    let value = number.as_f64().filter(|value| value.is_finite());
    value.ok_or_else(|| format!("{number} is beyond the range of a 64-bit float"))
}

/// An element of a list, with what tells it apart from others.
pub(crate) trait Element: PartialEq {
    type Key: Eq + Hash;

    fn key(&self) -> Self::Key;
}

impl Element for u16 {
    type Key = u16;

    fn key(&self) -> u16 {
        *self
    }
}

impl Element for f64 {
    type Key = u64;

    /// Adding zero gives both zeros one form.
    fn key(&self) -> u64 {
        (*self + 0.0).to_bits()
    }
}

impl Element for String {
    type Key = String;

    fn key(&self) -> String {
        self.clone()
    }
}

impl Element for IpNet {
    type Key = IpNet;

    fn key(&self) -> IpNet {
        *self
    }
}

/// Elements up to which looking at each of them is quicker than a hash.
const FEW: usize = 32;

/// Drops repetitions and keeps the order of first appearance.
pub(crate) fn distinct<T: Element>(items: impl Iterator<Item = T>) -> Box<[T]> {
    let mut kept: Vec<T> = Vec::new();
    let mut seen: Option<HashSet<T::Key>> = None;
    for item in items {
        let is_new = match &mut seen {
            Some(seen) => seen.insert(item.key()),
            None => !kept.contains(&item),
        };
        if is_new {
            kept.push(item);
        }
        if seen.is_none() && kept.len() == FEW {
            seen = Some(kept.iter().map(Element::key).collect());
        }
    }
    kept.into()
}

/// Reads an address or a network; host bits are dropped, an address is a network of one.
///
/// # Errors
/// When the text is neither.
pub fn parse_network(text: &str) -> Result<IpNet, String> {
    let parsed = match text.parse::<IpAddr>() {
        Ok(address) => Ok(IpNet::from(address)),
        Err(_) => text.parse::<IpNet>().map(|network| network.trunc()),
    };
    parsed.map_err(|_| format!("`{text}` is neither an IP address nor a network in CIDR form"))
}

/// One measurement. Lists hold every distinct element, in the order of the report or sorted where several are united.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Value {
    Count(u64),
    Number(f64),
    Cidrs(Box<[IpNet]>),
    Ports(Box<[u16]>),
    Numbers(Box<[f64]>),
    Strings(Box<[String]>),
}

impl Value {
    /// Which member of MetricValue it is.
    pub fn kind(&self) -> ValueKind {
        match self {
            Self::Count(_) => ValueKind::Count,
            Self::Number(_) => ValueKind::Number,
            Self::Cidrs(_) => ValueKind::Cidrs,
            Self::Ports(_) => ValueKind::Ports,
            Self::Numbers(_) => ValueKind::Numbers,
            Self::Strings(_) => ValueKind::Strings,
        }
    }

    /// The value in AWS's form, as `metricValue` of an alert carries it. A single address is written without its
    /// prefix length, a whole number without a fraction.
    pub fn to_metric_value(&self) -> MetricValue {
        match self {
            Self::Count(count) => MetricValue::Count(*count),
            Self::Number(number) => MetricValue::Number(json_number(*number)),
            Self::Cidrs(networks) => MetricValue::Cidrs(networks.iter().map(network_text).collect()),
            Self::Ports(ports) => MetricValue::Ports(ports.to_vec()),
            Self::Numbers(numbers) => MetricValue::Numbers(numbers.iter().copied().map(json_number).collect()),
            Self::Strings(strings) => MetricValue::Strings(strings.to_vec()),
        }
    }

    /// A scalar as a double, which is exact up to 2^53; none for lists.
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Count(count) => Some(*count as f64),
            Self::Number(number) => Some(*number),
            _ => None,
        }
    }

    /// A fixed total order, used to give measurements of the same device, metric and time one order.
    pub fn canonical_cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Count(a), Self::Count(b)) => a.cmp(b),
            (Self::Number(a), Self::Number(b)) => a.total_cmp(b),
            (Self::Cidrs(a), Self::Cidrs(b)) => a.cmp(b),
            (Self::Ports(a), Self::Ports(b)) => a.cmp(b),
            (Self::Strings(a), Self::Strings(b)) => a.cmp(b),
            (Self::Numbers(a), Self::Numbers(b)) => {
                let differing = a.iter().zip(b.iter()).map(|(a, b)| a.total_cmp(b)).find(|order| order.is_ne());
                differing.unwrap_or(a.len().cmp(&b.len()))
            }
            _ => (self.kind() as u8).cmp(&(other.kind() as u8)),
        }
    }

    /// Adds the elements of another list of the same kind and sorts; scalars and other kinds stay as they are.
    pub fn unite(&mut self, other: &Self) {
        match (self, other) {
            (Self::Cidrs(a), Self::Cidrs(b)) => *a = united(a, b, Ord::cmp),
            (Self::Ports(a), Self::Ports(b)) => *a = united(a, b, Ord::cmp),
            (Self::Strings(a), Self::Strings(b)) => *a = united(a, b, Ord::cmp),
            (Self::Numbers(a), Self::Numbers(b)) => *a = united(a, b, f64::total_cmp),
            _ => {}
        }
    }

    /// The list sorted; scalars as they are.
    pub fn sorted(mut self) -> Self {
        let empty = match &self {
            Self::Cidrs(_) => Self::Cidrs(Box::default()),
            Self::Ports(_) => Self::Ports(Box::default()),
            Self::Strings(_) => Self::Strings(Box::default()),
            Self::Numbers(_) => Self::Numbers(Box::default()),
            Self::Count(_) | Self::Number(_) => return self,
        };
        self.unite(&empty);
        self
    }
}

fn united<T: Clone>(a: &[T], b: &[T], order: impl Fn(&T, &T) -> Ordering) -> Box<[T]> {
    let mut all: Vec<T> = a.iter().chain(b).cloned().collect();
    all.sort_by(&order);
    all.dedup_by(|x, y| order(x, y).is_eq());
    all.into()
}

fn network_text(network: &IpNet) -> String {
    if network.prefix_len() == network.max_prefix_len() { network.addr().to_string() } else { network.to_string() }
}

/// Largest whole number below which every f64 integer is exact.
const EXACT: f64 = 9_007_199_254_740_992.0;

fn json_number(value: f64) -> Number {
    if value.fract() == 0.0 && value.abs() < EXACT {
        return Number::from(value as i64);
    }
    // Measurements are finite: readers and `MetricValue::measured` refuse the others.
    Number::from_f64(value).unwrap_or_else(|| Number::from(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trip(json: &str) -> String {
        let value: MetricValue = serde_json::from_str(json).unwrap();
        serde_json::to_string(&value.measured().unwrap().to_metric_value()).unwrap()
    }

    #[test]
    fn values_keep_aws_form() {
        for json in [
            r#"{"count":18446744073709551615}"#,
            r#"{"number":-1.5}"#,
            r#"{"number":71}"#,
            r#"{"ports":[8080,22]}"#,
            r#"{"strings":["b","a"]}"#,
            r#"{"numbers":[]}"#,
        ] {
            assert_eq!(round_trip(json), json);
        }
        assert_eq!(round_trip(r#"{"cidrs":["10.1.2.3/8","::1","10.0.0.0/8"]}"#), r#"{"cidrs":["10.0.0.0/8","::1"]}"#);
    }

    /// Long lists take the way through a hash.
    #[test]
    fn repetitions_are_dropped_in_lists_of_any_length() {
        for length in [1, FEW as u16 - 1, FEW as u16, 3 * FEW as u16] {
            let expected: Vec<u16> = (0..length).collect();
            assert_eq!(*distinct(expected.iter().chain(&expected).copied()), expected[..]);
        }
        let zeros = (0..100).map(f64::from).chain([-0.0, 0.0, 99.0]);
        assert_eq!(distinct(zeros).len(), 100);
    }

    #[test]
    fn two_members_or_bad_elements_are_errors() {
        assert!(serde_json::from_str::<MetricValue>(r#"{"count":1,"ports":[]}"#).is_err());
        assert!(serde_json::from_str::<MetricValue>(r#"{"ports":[65536]}"#).is_err());
        assert!(MetricValue::Cidrs(vec!["10.0.0".into()]).measured().unwrap_err().contains("10.0.0"));
    }
}
