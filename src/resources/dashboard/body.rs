//! One form for a dashboard's body ("Dashboard body structure and syntax" in the CloudWatch API reference): defaults
//! filled in and the abbreviations of metric lines written out.

use serde_json::{Map, Value, json};

/// Idempotent. What is not understood stays as it is.
pub fn canonical(mut body: Value, region: &str) -> Value {
    let Some(fields) = body.as_object_mut() else { return body };
    fields.entry("periodOverride").or_insert_with(|| "auto".into());
    for widget in fields.get_mut("widgets").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(widget) = widget.as_object_mut() {
            complete(widget, region);
        }
    }
    body
}

fn complete(widget: &mut Map<String, Value>, region: &str) {
    widget.entry("width").or_insert_with(|| 6.into());
    widget.entry("height").or_insert_with(|| 6.into());
    let metric = match widget.get("type").and_then(Value::as_str) {
        Some("metric") => true,
        Some("log") => false,
        _ => return,
    };
    let Some(properties) = widget.get_mut("properties").and_then(Value::as_object_mut) else { return };
    properties.entry("region").or_insert_with(|| region.into());
    if !metric {
        return;
    }
    // A widget that shows an alarm takes all this from the alarm.
    if let Some(lines) = properties.get_mut("metrics").and_then(Value::as_array_mut) {
        write_out(lines);
        properties.entry("period").or_insert_with(|| 300.into());
        properties.entry("stat").or_insert_with(|| "Average".into());
        properties.entry("view").or_insert_with(|| "timeSeries".into());
        properties.entry("stacked").or_insert_with(|| false.into());
    }
}

/// In a metric line `"."` repeats the value at the same place of the line above, and `"..."` all values that the
/// line leaves out at its start.
fn write_out(lines: &mut [Value]) {
    let mut above: Vec<Value> = Vec::new();
    for line in lines.iter_mut().filter_map(Value::as_array_mut) {
        let options = line.pop_if(|last| last.is_object());
        if line.is_empty() {
            // An expression has nothing but options, and the lines after it refer to the metric before it.
            line.extend(options);
            continue;
        }
        if line[0] == json!("...") {
            let kept = above.len().saturating_sub(line.len() - 1);
            line.splice(..1, above[..kept].iter().cloned());
        }
        for (place, value) in line.iter_mut().enumerate() {
            if let (true, Some(repeated)) = (*value == json!("."), above.get(place)) {
                *value = repeated.clone();
            }
        }
        above.clone_from(line);
        line.extend(options.filter(|options| options.as_object().is_some_and(|fields| !fields.is_empty())));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn abbreviated_and_full_bodies_are_the_same() {
        let short = json!({ "widgets": [
            { "type": "metric", "properties": { "metrics": [
                ["AWS/IoT", "Connect.Success", "Protocol", "MQTT", { "stat": "Sum" }],
                [".", "Connect.AuthError", ".", "."],
                [{ "expression": "m1 + m2" }],
                ["...", "WebSocket", {}],
            ] } },
            { "type": "text", "width": 3, "properties": { "markdown": "." } },
        ] });
        let full = json!({ "periodOverride": "auto", "widgets": [
            { "width": 6, "height": 6, "type": "metric", "properties": {
                "region": "eu-west-1", "period": 300, "stat": "Average", "view": "timeSeries", "stacked": false,
                "metrics": [
                    ["AWS/IoT", "Connect.Success", "Protocol", "MQTT", { "stat": "Sum" }],
                    ["AWS/IoT", "Connect.AuthError", "Protocol", "MQTT"],
                    [{ "expression": "m1 + m2" }],
                    ["AWS/IoT", "Connect.AuthError", "Protocol", "WebSocket"],
                ] } },
            { "width": 3, "height": 6, "type": "text", "properties": { "markdown": "." } },
        ] });
        assert_eq!(canonical(short, "eu-west-1"), full);
        assert_eq!(canonical(full.clone(), "eu-west-1"), full);
    }
}
