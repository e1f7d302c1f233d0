//! `alarmWhen`: when a metric alarm fires, in one line.

use std::str::FromStr;

/// AWS's four fields of a condition.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    pub comparison_operator: String,
    /// Absent where an anomaly detection band stands in for it.
    pub threshold: Option<f64>,
    pub evaluation_periods: u32,
    pub datapoints_to_alarm: u32,
}

const FORM: &str = "a comparison (`>`, `>=`, `<`, `<=`), a number, and how long if not one period: \
                    `> 5`, `>= 1 for 3 periods`, `< 3 for 2 of 5 periods`";

impl FromStr for Condition {
    type Err = String;

    fn from_str(text: &str) -> Result<Condition, String> {
        parse(text).ok_or_else(|| format!("`{text}` is not understood; write {FORM}"))
    }
}

fn parse(text: &str) -> Option<Condition> {
    let text = text.trim();
    let (operator, rest) = [
        (">=", "GreaterThanOrEqualToThreshold"),
        ("<=", "LessThanOrEqualToThreshold"),
        (">", "GreaterThanThreshold"),
        ("<", "LessThanThreshold"),
    ]
    .iter()
    .find_map(|(sign, operator)| Some((*operator, text.strip_prefix(sign)?)))?;
    let words: Vec<&str> = rest.split_whitespace().collect();
    let (number, duration) = words.split_first()?;
    let (datapoints_to_alarm, evaluation_periods) = match duration {
        [] => (1, 1),
        ["for", all, "period" | "periods"] => (all.parse().ok()?, all.parse().ok()?),
        ["for", some, "of", all, "period" | "periods"] => (some.parse().ok()?, all.parse().ok()?),
        _ => return None,
    };
    Some(Condition {
        comparison_operator: operator.into(),
        threshold: Some(number.parse::<f64>().ok().filter(|number| number.is_finite())?),
        evaluation_periods,
        datapoints_to_alarm,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_is_a_comparison_a_number_and_a_duration() {
        let read = |text: &str| {
            let found: Result<Condition, String> = text.parse();
            let found = found.ok()?;
            Some((found.comparison_operator, found.threshold?, found.datapoints_to_alarm, found.evaluation_periods))
        };
        let expect = |operator: &str, threshold, some, all| Some((operator.to_owned(), threshold, some, all));
        assert_eq!(read("> 5"), expect("GreaterThanThreshold", 5.0, 1, 1));
        assert_eq!(read(" >=0.5 for 3 periods"), expect("GreaterThanOrEqualToThreshold", 0.5, 3, 3));
        assert_eq!(read("< -3 for 1 period"), expect("LessThanThreshold", -3.0, 1, 1));
        assert_eq!(read("<= 1e3 for 2 of 5 periods"), expect("LessThanOrEqualToThreshold", 1000.0, 2, 5));
        for wrong in ["", ">", "5", "= 5", "> five", "> nan", "> inf", "> 5 for", "> 5 for 2", "> 5 for 2 of periods"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
