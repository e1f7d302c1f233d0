//! Waiting until Lambda is done with a change of a function.

use std::time::Duration;

use aws_sdk_lambda::operation::get_function_configuration::GetFunctionConfigurationOutput;
use aws_sdk_lambda::types::{LastUpdateStatus, State};

use super::failure;
use crate::aws::context::Context;
use crate::aws::error::{AwsError, Cause};

/// How long a change of a function may take. Functions outside a VPC need seconds.
const SETTLE: Duration = Duration::from_secs(300);

/// Where the last change of a function stands.
#[derive(Debug, PartialEq, Eq)]
enum Standing {
    Settled,
    Busy(&'static str),
    Failed { code: String, reason: String },
}

fn standing(found: &GetFunctionConfigurationOutput) -> Standing {
    let text = |part: Option<&str>| part.unwrap_or_default().to_owned();
    match (found.state(), found.last_update_status()) {
        (Some(State::Pending), _) => Standing::Busy("the function to become active"),
        (Some(State::Failed), _) => Standing::Failed {
            code: text(found.state_reason_code().map(|code| code.as_str())),
            reason: text(found.state_reason()),
        },
        (_, Some(LastUpdateStatus::InProgress)) => Standing::Busy("the function's update"),
        (_, Some(LastUpdateStatus::Failed)) => Standing::Failed {
            code: text(found.last_update_status_reason_code().map(|code| code.as_str())),
            reason: text(found.last_update_status_reason()),
        },
        _ => Standing::Settled,
    }
}

/// Waits until the last change is through.
pub async fn settle(cx: &Context, name: &str) -> Result<(), AwsError> {
    const ACTION: &str = "lambda:GetFunctionConfiguration";
    let (mut waited, mut pause) = (Duration::ZERO, Duration::from_millis(500));
    loop {
        let get = || cx.session.clients.lambda.get_function_configuration().function_name(name).send();
        let what = match standing(&cx.call(ACTION, get).await?) {
            Standing::Settled => return Ok(()),
            Standing::Busy(what) => what,
            Standing::Failed { code, reason } => {
                return Err(failure(cx, ACTION, Cause::Service { code, message: reason, status: 200 }));
            }
        };
        if waited >= SETTLE {
            let message = format!("after {} seconds still waiting for {what}; run the command again", SETTLE.as_secs());
            return Err(failure(cx, ACTION, Cause::Malformed { message }));
        }
        cx.session.progress.waiting(&cx.mark.address, Some(what));
        cx.sleep(pause).await;
        cx.session.progress.waiting(&cx.mark.address, None);
        waited += pause;
        pause = (pause * 2).min(Duration::from_secs(5));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_update_is_told_from_one_under_way() {
        let answer = || GetFunctionConfigurationOutput::builder().state(State::Active);
        assert_eq!(standing(&answer().build()), Standing::Settled);
        let busy = answer().last_update_status(LastUpdateStatus::InProgress).build();
        assert!(matches!(standing(&busy), Standing::Busy(_)));
        let failed = answer().last_update_status(LastUpdateStatus::Failed).last_update_status_reason("no").build();
        assert_eq!(standing(&failed), Standing::Failed { code: String::new(), reason: "no".into() });
    }
}
