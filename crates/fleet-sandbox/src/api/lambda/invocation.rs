//! Invocations, which the sandbox refuses. Source: API:Invoke.

use serde_json::{Value, json};

use super::function_state::{self, invalid};
use crate::api::service::Table;
use crate::error::AwsError;
use crate::request::Request;
use crate::store::Tx;

/// Operations of this kind.
pub const OPERATIONS: Table = &[("Invoke", invoke)];

/// A dry run is answered as AWS does. Anything else would need the function to run; saying so with
/// an error that no SDK retries is better than a made-up result.
fn invoke(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    function_state::find(tx, request)?;
    match request.str("InvocationType") {
        Some("DryRun") => Ok(json!({"StatusCode": 204, "ExecutedVersion": "$LATEST"})),
        _ => Err(invalid("The sandbox does not run functions; only the invocation type DryRun is offered.")),
    }
}
