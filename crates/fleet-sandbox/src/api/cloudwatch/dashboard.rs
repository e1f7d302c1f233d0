//! Dashboards. Source: API:PutDashboard, GetDashboard, DeleteDashboards, ListDashboards.
//!
//! Collection `cloudwatch.dashboard`, key: the name, kept globally: a dashboard belongs to the
//! account, whichever region it is asked for in.

use serde_json::{Value, json};

use super::{dashboard_body, tag};
use crate::api::service::Table;
use crate::api::tags;
use crate::error::AwsError;
use crate::paging::{Paging, page};
use crate::request::Request;
use crate::store::Tx;

/// Operations of this kind.
pub const OPERATIONS: Table = &[
    ("PutDashboard", put_dashboard),
    ("GetDashboard", get_dashboard),
    ("DeleteDashboards", delete_dashboards),
    ("ListDashboards", list_dashboards),
];

/// Collection of dashboards.
pub const DASHBOARD: &str = "cloudwatch.dashboard";

/// Pages of 1,000 (API:ListDashboards), no size to choose.
const PAGING: Paging<'static> =
    Paging { token: "NextToken", size: "", default: 1000, max: 1000, invalid: "InvalidParameterValue" };

/// The dashboard's ARN, which has no region.
pub fn arn(request: &Request, name: &str) -> String {
    format!("arn:aws:cloudwatch::{}:dashboard/{name}", request.account)
}

fn put_dashboard(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let (name, body) = (request.need("DashboardName")?, request.need("DashboardBody")?);
    let letters = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    if name.is_empty() || name.len() > 255 || !letters {
        let message = "The value for field DashboardName contains invalid characters. It can only contain alphanumerics, dash (-) and underscore (_).";
        return Err(AwsError::new("DashboardInvalidInputError", message));
    }
    let faults = dashboard_body::faults(body);
    if !faults.is_empty() {
        let message = format!(
            "The dashboard body is invalid, there are {} validation errors: {}",
            faults.len(),
            Value::from(faults.clone())
        );
        let error = AwsError::new("DashboardInvalidInputError", message);
        return Err(error.field("dashboardValidationMessages", faults));
    }
    let mut global = tx.global();
    let known = global.has(DASHBOARD, name);
    global.put(DASHBOARD, name, json!({"DashboardBody": body, "LastModified": request.now_ms}));
    if !known {
        let tags = tags::read(request.get("Tags"), &tag::CODES)?;
        tags::create(&mut global, request, &arn(request, name), tags, &tag::CODES)?;
    }
    Ok(json!({ "DashboardValidationMessages": [] }))
}

fn get_dashboard(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let name = request.need("DashboardName")?;
    let global = tx.global();
    let missing = || AwsError::new("DashboardNotFoundError", format!("Dashboard {name} does not exist"));
    let dashboard = global.get(DASHBOARD, name).ok_or_else(missing)?;
    Ok(json!({
        "DashboardName": name, "DashboardArn": arn(request, name), "DashboardBody": dashboard["DashboardBody"],
    }))
}

/// A missing dashboard is no error: the operation declares none for it.
fn delete_dashboards(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let mut global = tx.global();
    for name in request.list("DashboardNames").iter().filter_map(Value::as_str) {
        if global.remove(DASHBOARD, name).is_some() {
            tags::delete(&mut global, request, &arn(request, name));
        }
    }
    Ok(json!({}))
}

fn list_dashboards(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let global = tx.global();
    let prefix = request.str("DashboardNamePrefix").unwrap_or_default();
    let entries = global.scan_prefix(DASHBOARD, prefix).map(|(name, dashboard)| {
        let size = dashboard["DashboardBody"].as_str().map_or(0, str::len);
        let entry = json!({
            "DashboardName": name, "DashboardArn": arn(request, name), "LastModified": dashboard["LastModified"], "Size": size,
        });
        (name.to_owned(), entry)
    });
    let (entries, token) = page(request, &PAGING, entries)?;
    Ok(json!({ "DashboardEntries": entries, "NextToken": token }))
}
