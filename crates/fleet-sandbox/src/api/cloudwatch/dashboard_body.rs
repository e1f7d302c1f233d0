//! The body of a dashboard. Source: CloudWatch API reference, "Dashboard body structure and syntax".

use serde_json::{Value, json};

const KINDS: &[&str] = &["metric", "log", "alarm", "text", "explorer", "custom"];

/// Widgets of a dashboard.
const MOST_WIDGETS: usize = 500;
/// Columns of a dashboard.
const COLUMNS: i64 = 24;
/// Rows of a widget.
const ROWS: i64 = 1000;

/// What is wrong with the body, as `{DataPath, Message}`; empty if it can be shown.
pub fn faults(body: &str) -> Vec<Value> {
    let fault = |path: &str, message: &str| json!({"DataPath": path, "Message": message});
    let Ok(body) = serde_json::from_str::<Value>(body) else {
        return vec![fault("", "The field DashboardBody must be a valid JSON object")];
    };
    let Some(widgets) = body.get("widgets").and_then(Value::as_array).filter(|_| body.is_object()) else {
        return vec![fault("/widgets", "Should have required property 'widgets', a list")];
    };
    let mut found = Vec::new();
    if widgets.len() > MOST_WIDGETS {
        found.push(fault("/widgets", "Should NOT have more than 500 items"));
    }
    for (index, widget) in widgets.iter().enumerate() {
        let mut wrong = |member: &str, message: &str| found.push(fault(&format!("/widgets/{index}{member}"), message));
        if !widget["type"].as_str().is_some_and(|kind| KINDS.contains(&kind)) {
            wrong("/type", "Should match exactly one of metric, log, alarm, text, explorer, custom");
        }
        if !widget["properties"].is_object() {
            wrong("", "Should have required property 'properties'");
        }
        for (member, least, most) in
            [("x", 0, COLUMNS - 1), ("y", 0, i64::MAX), ("width", 1, COLUMNS), ("height", 1, ROWS)]
        {
            if widget.get(member).is_some_and(|value| !value.as_i64().is_some_and(|n| (least..=most).contains(&n))) {
                wrong(&format!("/{member}"), "Should be an integer within the grid");
            }
        }
        let properties = &widget["properties"];
        if widget["type"] == "metric" && properties.get("metrics").is_none() && properties.get("annotations").is_none()
        {
            wrong("/properties", "Should have required property 'metrics' or 'annotations'");
        }
        if widget["type"] == "text" && !properties["markdown"].is_string() {
            wrong("/properties", "Should have required property 'markdown'");
        }
    }
    found
}
