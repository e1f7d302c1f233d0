//! `alarmWhen`: says when to alarm, and compiles to the criteria of the opposite, because AWS's criteria say what is
//! normal.
//!
//! | Text | Criteria |
//! |---|---|
//! | `> 5 in 5m` | `less-than-equals` 5, `durationSeconds` 300 |
//! | `>= 10` | `less-than` 10 |
//! | `< 1 in 1h` | `greater-than-equals` 1, 3600 |
//! | `<= 0.5` | `greater-than` 0.5 |
//! | `> p99 in 15m` | `less-than-equals` the 99th percentile of the fleet, 900 |
//! | `any not in [10.0.0.0/8, 192.168.0.0/16]` | `in-cidr-set` (`in-port-set`, `in-set`) |
//! | `any in [23, 2323]` | `not-in-port-set` (`not-in-cidr-set`, `not-in-set`) |
//! | `unusual with HIGH confidence` | `mlDetectionConfig` |
//!
//! Durations are whole numbers with `s`, `m` or `h`. Digits may be grouped with `_`. Texts may be quoted.

use serde_json::Number;

use crate::behavior::{ComparisonOperator, Confidence, Criteria, MlDetectionConfig, Percentile, StatisticalThreshold};
use crate::metric::{DurationRule, Metric, ValueKind};
use crate::validate::DURATIONS;
use crate::value::{MetricValue, parse_network};

/// What is wrong with an `alarmWhen` text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct AlarmWhenError {
    /// Where in the text, in bytes.
    pub at: usize,
    pub message: String,
}

/// Compiles the text for a metric.
///
/// # Errors
/// Says where the text stops making sense and what fits there.
pub fn parse_alarm_when(text: &str, metric: &Metric) -> Result<Criteria, AlarmWhenError> {
    let mut parser = Parser { text, at: 0, metric };
    let criteria = parser.criteria()?;
    parser.skip_space();
    if parser.at < text.len() {
        return Err(parser.error("nothing more is expected here"));
    }
    Ok(criteria)
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    metric: &'a Metric,
}

impl<'a> Parser<'a> {
    fn criteria(&mut self) -> Result<Criteria, AlarmWhenError> {
        self.skip_space();
        if self.word("unusual") {
            return self.unusual();
        }
        let kind = self.metric.value();
        if self.word("any") {
            if kind.is_scalar() {
                return Err(self.error(format!("`{}` is one number; write `> 5`", self.metric.name())));
            }
            return self.set(kind);
        }
        if kind.is_scalar() {
            return self.comparison(kind);
        }
        let name = self.metric.name();
        Err(self.error(format!("`{name}` is a list; write `any in […]` or `any not in […]`")))
    }

    /// `> 5 in 5m`, `> p99 in 5m`
    fn comparison(&mut self, kind: ValueKind) -> Result<Criteria, AlarmWhenError> {
        let operator = self.negated_operator()?;
        self.skip_space();
        let start = self.at;
        let word = self.take_while(|c| !c.is_whitespace());
        let mut criteria = Criteria { comparison_operator: Some(operator), ..Criteria::default() };
        if word.starts_with('p') {
            if Percentile::from_name(word).is_none() {
                let names = Percentile::NAMES.join(", ");
                return Err(Self::error_at(start, format!("`{word}` is not a statistic; AWS has {names}")));
            }
            if !self.metric.statistical() {
                let message = format!("`{}` has no statistical form", self.metric.name());
                return Err(Self::error_at(start, message));
            }
            criteria.statistical_threshold = Some(StatisticalThreshold { statistic: Some(word.to_owned()) });
        } else {
            criteria.value = Some(scalar(word, kind).map_err(|message| Self::error_at(start, message))?);
        }
        criteria.duration_seconds = self.duration(criteria.statistical_threshold.is_some())?;
        Ok(criteria)
    }

    fn negated_operator(&mut self) -> Result<ComparisonOperator, AlarmWhenError> {
        let signs = [
            (">=", ComparisonOperator::LessThan),
            ("<=", ComparisonOperator::GreaterThan),
            (">", ComparisonOperator::LessThanEquals),
            ("<", ComparisonOperator::GreaterThanEquals),
        ];
        let found = signs.iter().find(|(sign, _)| self.text[self.at..].starts_with(sign));
        let Some((sign, normal)) = found else {
            return Err(self.error("expected `>`, `>=`, `<` or `<=` (AWS has no equality), or `unusual`"));
        };
        self.at += sign.len();
        Ok(*normal)
    }

    /// ` in 5m`, or nothing.
    fn duration(&mut self, statistical: bool) -> Result<Option<u32>, AlarmWhenError> {
        self.skip_space();
        if !self.word("in") {
            return Ok(None);
        }
        self.skip_space();
        let start = self.at;
        let word = self.take_while(|c| !c.is_whitespace());
        let seconds = seconds(word).filter(|seconds| DURATIONS.contains(seconds));
        if seconds.is_none() {
            return Err(Self::error_at(start, format!("`{word}` is not one of 5m, 10m, 15m, 30m, 1h")));
        }
        if !statistical && self.metric.duration() == DurationRule::Absent {
            let message = format!("AWS measures `{}` without a duration; leave out `in {word}`", self.metric.name());
            return Err(Self::error_at(start, message));
        }
        Ok(seconds)
    }

    /// `in […]` or `not in […]`, after `any`.
    fn set(&mut self, kind: ValueKind) -> Result<Criteria, AlarmWhenError> {
        self.skip_space();
        let not = self.word("not");
        self.skip_space();
        if !self.word("in") {
            return Err(self.error("expected `in […]` or `not in […]` after `any`"));
        }
        use ComparisonOperator::*;
        let operator = match (kind, not) {
            (ValueKind::Cidrs, true) => InCidrSet,
            (ValueKind::Cidrs, false) => NotInCidrSet,
            (ValueKind::Ports, true) => InPortSet,
            (ValueKind::Ports, false) => NotInPortSet,
            (_, true) => InSet,
            (_, false) => NotInSet,
        };
        let value = self.list(kind)?;
        Ok(Criteria { comparison_operator: Some(operator), value: Some(value), ..Criteria::default() })
    }

    fn list(&mut self, kind: ValueKind) -> Result<MetricValue, AlarmWhenError> {
        self.skip_space();
        let inside = self.text[self.at..].strip_prefix('[').and_then(|rest| rest.split_once(']'));
        let Some((inside, _)) = inside else {
            return Err(self.error("expected a list in brackets, such as `[10.0.0.0/8]`"));
        };
        let start = self.at + 1;
        self.at = start + inside.len() + 1;
        let mut items = Vec::new();
        let mut at = start;
        for raw in inside.split(',') {
            let item = raw.trim().trim_matches(['"', '\'']);
            if item.is_empty() && !inside.trim().is_empty() {
                return Err(Self::error_at(at, "an element is missing between the commas".to_owned()));
            }
            if !item.is_empty() {
                items.push((at, item));
            }
            at += raw.len() + 1;
        }
        elements(&items, kind)
    }

    /// `with HIGH confidence`, after `unusual`.
    fn unusual(&mut self) -> Result<Criteria, AlarmWhenError> {
        if !self.metric.ml() {
            return Err(self.error(format!("ML Detect does not offer `{}`", self.metric.name())));
        }
        let levels = [("LOW", Confidence::Low), ("MEDIUM", Confidence::Medium), ("HIGH", Confidence::High)];
        self.skip_space();
        let level = if self.word("with") {
            self.skip_space();
            let word = self.text[self.at..].split_whitespace().next().unwrap_or_default();
            let found = levels.iter().find(|(name, _)| name.eq_ignore_ascii_case(word));
            self.at += found.map_or(0, |(name, _)| name.len());
            found
        } else {
            None
        };
        self.skip_space();
        match level {
            Some((_, confidence_level)) if self.word("confidence") => Ok(Criteria {
                ml_detection_config: Some(MlDetectionConfig { confidence_level: *confidence_level }),
                ..Criteria::default()
            }),
            _ => Err(self.error("expected `unusual with LOW|MEDIUM|HIGH confidence`")),
        }
    }

    fn skip_space(&mut self) {
        self.take_while(char::is_whitespace);
    }

    fn take_while(&mut self, belongs: impl Fn(char) -> bool) -> &'a str {
        let rest = &self.text[self.at..];
        let end = rest.find(|c| !belongs(c)).unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    /// Takes the word if it comes next and ends there.
    fn word(&mut self, word: &str) -> bool {
        let after = self.text[self.at..].strip_prefix(word);
        let whole = after.is_some_and(|after| !after.starts_with(|c: char| c.is_alphanumeric()));
        self.at += if whole { word.len() } else { 0 };
        whole
    }

    fn error(&self, message: impl Into<String>) -> AlarmWhenError {
        Self::error_at(self.at, message.into())
    }

    fn error_at(at: usize, message: String) -> AlarmWhenError {
        AlarmWhenError { at, message }
    }
}

fn scalar(word: &str, kind: ValueKind) -> Result<MetricValue, String> {
    let digits = word.replace('_', "");
    match kind {
        ValueKind::Count => digits
            .parse()
            .map(MetricValue::Count)
            .map_err(|_| format!("`{word}` is not a whole number from 0 to 18446744073709551615")),
        _ => number(&digits).map(MetricValue::Number).ok_or_else(|| format!("`{word}` is not a number")),
    }
}

/// A number as it was written: whole ones stay whole.
fn number(digits: &str) -> Option<Number> {
    let whole = digits.parse::<i64>().ok().map(Number::from);
    whole.or_else(|| digits.parse::<f64>().ok().and_then(Number::from_f64))
}

fn elements(items: &[(usize, &str)], kind: ValueKind) -> Result<MetricValue, AlarmWhenError> {
    fn each<T>(items: &[(usize, &str)], read: impl Fn(&str) -> Result<T, String>) -> Result<Vec<T>, AlarmWhenError> {
        items.iter().map(|(at, item)| read(item).map_err(|message| AlarmWhenError { at: *at, message })).collect()
    }
    Ok(match kind {
        ValueKind::Cidrs => MetricValue::Cidrs(each(items, |item| parse_network(item).map(|_| item.to_owned()))?),
        ValueKind::Ports => MetricValue::Ports(each(items, |item| {
            item.parse().map_err(|_| format!("`{item}` is not a port from 0 to 65535"))
        })?),
        ValueKind::Numbers => MetricValue::Numbers(each(items, |item| {
            number(&item.replace('_', "")).ok_or_else(|| format!("`{item}` is not a number"))
        })?),
        _ => MetricValue::Strings(each(items, |item| Ok(item.to_owned()))?),
    })
}

fn seconds(word: &str) -> Option<u32> {
    let unit = word.chars().last()?;
    let factor = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        _ => return None,
    };
    word[..word.len() - 1].parse::<u32>().ok()?.checked_mul(factor)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::{BuiltIn, CustomType};

    fn built_in(name: &str) -> Metric {
        Metric::BuiltIn(BuiltIn::from_name(name).unwrap())
    }

    fn custom(kind: CustomType) -> Metric {
        Metric::Custom { name: "m".into(), kind }
    }

    #[test]
    fn texts_compile_to_the_opposite_criteria() {
        let sent = built_in("aws:num-messages-sent");
        let cases = [
            (
                "> 5 in 5m",
                &sent,
                r#"{"value":{"count":5},"durationSeconds":300,"comparisonOperator":"less-than-equals"}"#,
            ),
            (">=10", &sent, r#"{"value":{"count":10},"comparisonOperator":"less-than"}"#),
            (
                "  < 1_000 in 3600s ",
                &sent,
                r#"{"value":{"count":1000},"durationSeconds":3600,"comparisonOperator":"greater-than-equals"}"#,
            ),
            (
                "<= -0.5",
                &custom(CustomType::Number),
                r#"{"value":{"number":-0.5},"comparisonOperator":"greater-than"}"#,
            ),
            (
                "> p99.9 in 1h",
                &sent,
                r#"{"durationSeconds":3600,"comparisonOperator":"less-than-equals","statisticalThreshold":{"statistic":"p99.9"}}"#,
            ),
            (
                "any not in [10.0.0.0/8, ::1]",
                &built_in("aws:source-ip-address"),
                r#"{"value":{"cidrs":["10.0.0.0/8","::1"]},"comparisonOperator":"in-cidr-set"}"#,
            ),
            (
                "any in [23,2323]",
                &built_in("aws:listening-tcp-ports"),
                r#"{"value":{"ports":[23,2323]},"comparisonOperator":"not-in-port-set"}"#,
            ),
            (
                "any not in ['a', \"b c\"]",
                &custom(CustomType::StringList),
                r#"{"value":{"strings":["a","b c"]},"comparisonOperator":"in-set"}"#,
            ),
            (
                "any in [1, 2.5]",
                &custom(CustomType::NumberList),
                r#"{"value":{"numbers":[1,2.5]},"comparisonOperator":"not-in-set"}"#,
            ),
            ("unusual with high confidence", &sent, r#"{"mlDetectionConfig":{"confidenceLevel":"HIGH"}}"#),
        ];
        for (text, metric, expected) in cases {
            let criteria = parse_alarm_when(text, metric).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(serde_json::to_string(&criteria).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn mistakes_are_placed_and_explained() {
        let sent = built_in("aws:num-messages-sent");
        let ports = built_in("aws:listening-tcp-ports");
        let cases = [
            ("", &sent, 0, "expected `>`"),
            ("= 5", &sent, 0, "no equality"),
            ("> five", &sent, 2, "whole number"),
            ("> -1", &sent, 2, "whole number"),
            ("> 5 in 7m", &sent, 7, "5m, 10m"),
            ("> 5 in 5m or so", &sent, 10, "nothing more"),
            ("> p95", &sent, 2, "p99.99"),
            ("> 5", &ports, 0, "is a list"),
            ("any in [22, 99999]", &ports, 11, "not a port"),
            ("any in [22,,23]", &ports, 11, "missing"),
            ("any in 22", &ports, 7, "brackets"),
            ("any of [22]", &ports, 4, "expected `in"),
            ("any in [x]", &built_in("aws:source-ip-address"), 8, "neither an IP"),
            ("> 5 in 5m", &built_in("aws:message-byte-size"), 7, "without a duration"),
            ("unusual", &sent, 7, "LOW|MEDIUM|HIGH"),
            ("unusual with HIGH confidence", &ports, 7, "does not offer"),
            ("any in [1]", &sent, 3, "one number"),
            ("> NaN", &custom(CustomType::Number), 2, "not a number"),
            ("> 5 in ü", &sent, 7, "5m, 10m"),
        ];
        for (text, metric, at, expected) in cases {
            let error = parse_alarm_when(text, metric).unwrap_err();
            assert!(error.at == at && error.message.contains(expected), "{text}: {error:?}");
        }
    }
}
