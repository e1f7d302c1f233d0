//! Everything but device certificates: logging, policies, CA certificates, role aliases with their roles.

use std::collections::BTreeSet;

use aws_smithy_types::DateTime;
use fleet_audit::snapshot::{CaCertificate, IotPolicy, Logging, LoggingV1, LoggingV2, RoleAlias, Snapshot, Validity};
use fleet_audit::timestamp::Timestamp;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use serde_json::Value;

use super::unread::{Inventory, Watch};
use super::{roles, service_use};
use crate::aws::context::Context;
use crate::aws::error::{AwsError, Optional};
use crate::aws::pages;

/// Requests under way at once; the rates decide how fast they go.
pub const PARALLEL: usize = 16;

/// Reads the named parts of the account, by their names in [`Snapshot`]. `known` holds policies that an earlier run has
/// read already; `keep` is told each one that is read now.
pub async fn read(
    cx: &Context,
    parts: &BTreeSet<&str>,
    known: Vec<IotPolicy>,
    keep: &(dyn Fn(&IotPolicy) + Sync),
    watch: &dyn Watch,
) -> Result<Inventory, AwsError> {
    let place = cx.place();
    let snapshot =
        Snapshot { account_id: Some(place.account.clone()), region: Some(place.region.clone()), ..Snapshot::default() };
    let mut inventory = Inventory { snapshot, unread: Vec::new() };
    if parts.contains("logging") {
        inventory.snapshot.logging = logging(cx, &mut inventory).await?;
    }
    if parts.contains("policies") {
        let read = policies(cx, known, keep, watch).await;
        inventory.snapshot.policies = inventory.part("policies", read)?;
    }
    if parts.contains("caCertificates") {
        let read = ca_certificates(cx, watch).await;
        inventory.snapshot.ca_certificates = inventory.part("CA certificates", read)?;
    }
    if parts.contains("roleAliases") {
        let read = role_aliases(cx, watch).await;
        inventory.snapshot.role_aliases = inventory.part("role aliases", read)?;
        behind_aliases(cx, parts, &mut inventory).await?;
    }
    Ok(inventory)
}

async fn behind_aliases(cx: &Context, parts: &BTreeSet<&str>, inventory: &mut Inventory) -> Result<(), AwsError> {
    let aliases = inventory.snapshot.role_aliases.iter().flatten();
    let arns: BTreeSet<String> = aliases.map(|alias| alias.role_arn.clone()).collect();
    if parts.contains("roles") {
        let read = roles::read(cx, &arns).await;
        inventory.snapshot.roles = inventory.part("the roles of role aliases", read)?;
    }
    if parts.contains("serviceLastAccessed") {
        let read = service_use::read(cx, &arns).await;
        inventory.snapshot.service_last_accessed = inventory.part("when roles last used services", read)?;
    }
    Ok(())
}

async fn logging(cx: &Context, inventory: &mut Inventory) -> Result<Option<Logging>, AwsError> {
    let iot = &cx.session.clients.iot;
    let v2 = cx.call("iot:GetV2LoggingOptions", || iot.get_v2_logging_options().send()).await;
    let v2 = match v2 {
        // Never configured is off (API:GetV2LoggingOptions).
        Err(error) if error.code() == "NotConfiguredException" => Some(LoggingV2::default()),
        read => inventory.part("V2 logging options", read)?.map(|found| LoggingV2 {
            role_arn: found.role_arn().map(str::to_owned),
            default_log_level: found.default_log_level().map(|level| level.as_str().to_owned()),
            disable_all_logs: found.disable_all_logs(),
        }),
    };
    let v1 = cx.call("iot:GetLoggingOptions", || iot.get_logging_options().send()).await;
    let v1 = inventory.part("V1 logging options", v1)?.map(|found| LoggingV1 {
        role_arn: found.role_arn().map(str::to_owned),
        log_level: found.log_level().map(|level| level.as_str().to_owned()),
    });
    Ok((v1.is_some() || v2.is_some()).then_some(Logging { v1, v2, address: None }))
}

async fn policies(
    cx: &Context,
    known: Vec<IotPolicy>,
    keep: &(dyn Fn(&IotPolicy) + Sync),
    watch: &dyn Watch,
) -> Result<Vec<IotPolicy>, AwsError> {
    let iot = &cx.session.clients.iot;
    let list = |marker| iot.list_policies().page_size(250).set_marker(marker).send();
    let pages = pages::all(cx, "iot:ListPolicies", list, |page| page.next_marker()).await?;
    let names = pages.iter().flat_map(|page| page.policies()).filter_map(|policy| policy.policy_name());
    let names: BTreeSet<String> = names.map(str::to_owned).collect();
    let mut all: Vec<IotPolicy> = known.into_iter().filter(|policy| names.contains(&policy.policy_name)).collect();
    let have: BTreeSet<String> = all.iter().map(|policy| policy.policy_name.clone()).collect();
    let missing: Vec<&String> = names.difference(&have).collect();
    watch.found("policies", missing.len());
    let read = missing.into_iter().map(|name| async move {
        let get = || iot.get_policy().policy_name(name).send();
        let found = cx.call("iot:GetPolicy", get).await.optional()?;
        let policy = found.map(|found| IotPolicy {
            policy_name: name.clone(),
            default_version_id: found.default_version_id().map(str::to_owned),
            policy_document: Value::from(found.policy_document().unwrap_or_default()),
            address: None,
        });
        policy.iter().for_each(keep);
        watch.read();
        Ok::<_, AwsError>(policy)
    });
    let read: Vec<Option<IotPolicy>> = stream::iter(read).buffer_unordered(PARALLEL).try_collect().await?;
    all.extend(read.into_iter().flatten());
    all.sort_by(|a, b| a.policy_name.cmp(&b.policy_name));
    Ok(all)
}

async fn ca_certificates(cx: &Context, watch: &dyn Watch) -> Result<Vec<CaCertificate>, AwsError> {
    let iot = &cx.session.clients.iot;
    let list = |marker| iot.list_ca_certificates().page_size(250).set_marker(marker).send();
    let pages = pages::all(cx, "iot:ListCACertificates", list, |page| page.next_marker()).await?;
    let ids: Vec<&str> =
        pages.iter().flat_map(|page| page.certificates()).filter_map(|ca| ca.certificate_id()).collect();
    watch.found("CA certificates", ids.len());
    let read = ids.into_iter().map(|id| async move {
        let describe = || iot.describe_ca_certificate().certificate_id(id).send();
        let found = cx.call("iot:DescribeCACertificate", describe).await.optional()?;
        watch.read();
        let found = found.and_then(|found| found.certificate_description);
        Ok::<_, AwsError>(found.map(|found| CaCertificate {
            certificate_id: id.to_owned(),
            status: found.status().map(|status| status.as_str().to_owned()).unwrap_or_default(),
            certificate_pem: found.certificate_pem().map(str::to_owned),
            validity: found.validity().map(|validity| Validity {
                not_before: validity.not_before().map(moment),
                not_after: validity.not_after().map(moment),
            }),
            address: None,
        }))
    });
    let mut all: Vec<CaCertificate> =
        stream::iter(read).buffer_unordered(PARALLEL).try_filter_map(|found| async { Ok(found) }).try_collect().await?;
    all.sort_by(|a, b| a.certificate_id.cmp(&b.certificate_id));
    Ok(all)
}

async fn role_aliases(cx: &Context, watch: &dyn Watch) -> Result<Vec<RoleAlias>, AwsError> {
    let iot = &cx.session.clients.iot;
    let list = |marker| iot.list_role_aliases().page_size(250).set_marker(marker).send();
    let pages = pages::all(cx, "iot:ListRoleAliases", list, |page| page.next_marker()).await?;
    let names: Vec<&String> = pages.iter().flat_map(|page| page.role_aliases()).collect();
    watch.found("role aliases", names.len());
    let mut all = Vec::new();
    for name in names {
        let describe = || iot.describe_role_alias().role_alias(name).send();
        let found = cx.call("iot:DescribeRoleAlias", describe).await.optional()?;
        watch.read();
        let Some(found) = found.and_then(|found| found.role_alias_description) else { continue };
        all.push(RoleAlias {
            role_alias: name.clone(),
            role_alias_arn: found.role_alias_arn().unwrap_or_default().to_owned(),
            role_arn: found.role_arn().unwrap_or_default().to_owned(),
            address: None,
        });
    }
    Ok(all)
}

/// A point in time as the audit has it.
pub(super) fn moment(at: &DateTime) -> Timestamp {
    Timestamp(at.secs())
}
