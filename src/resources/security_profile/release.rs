//! Letting go of a custom metric or a dimension that is about to be replaced: AWS deletes none that a profile uses.

use super::{SecurityProfile, State};
use crate::aws::context::Context;
use crate::aws::error::AwsError;
use crate::aws::pages;
use crate::kind::{Kind, Live};
use crate::ownership::FLEET_TAG;

/// What profiles use, by name.
#[derive(Clone, Copy, Debug)]
pub enum Used<'a> {
    Metric(&'a str),
    Dimension(&'a str),
}

/// Takes the behaviours and retained metrics that use it out of the profiles of this fleet. Their own steps of the plan,
/// which follow, put them back. A profile of somebody else stays as it is, and AWS then refuses the deletion.
pub async fn release(cx: &Context, used: Used<'_>) -> Result<(), AwsError> {
    for name in users(cx, used).await? {
        let Some(live) = SecurityProfile::read(cx, &name).await? else { continue };
        if live.tags.get(FLEET_TAG) == Some(&cx.mark.fleet) {
            let without = without(&live, used);
            SecurityProfile::update(cx, &live, &without).await?;
        }
    }
    Ok(())
}

fn without(live: &Live<State>, used: Used) -> State {
    let mut state = live.state.clone();
    state.behaviors.retain(|_, behavior| !behavior.uses(used));
    state.retained.retain(|retained| match used {
        Used::Metric(name) => retained.metric != name,
        Used::Dimension(name) => retained.metric_dimension.as_ref().is_none_or(|own| own.name() != name),
    });
    state
}

async fn users(cx: &Context, used: Used<'_>) -> Result<Vec<String>, AwsError> {
    let list = |token| {
        let request = cx.session.clients.iot.list_security_profiles().max_results(250).set_next_token(token);
        match used {
            Used::Metric(name) => request.metric_name(name).send(),
            Used::Dimension(name) => request.dimension_name(name).send(),
        }
    };
    let pages = pages::all(cx, "iot:ListSecurityProfiles", list, |page| page.next_token()).await?;
    let profiles = pages.iter().flat_map(|page| page.security_profile_identifiers());
    Ok(profiles.map(|found| found.name().to_owned()).collect())
}
