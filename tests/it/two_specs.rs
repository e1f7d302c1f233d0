//! The way to a state does not show in the state: A then B is the same as B alone.

use super::world::World;

const A: &str = r#"
version: 1
fleet: two
tags: { team: a }
roles:
  defender: { trustedBy: [iot.amazonaws.com], allow: [{ actions: [sns:Publish], resources: ["${topics.alerts.arn}"] }] }
  gone: { trustedBy: [lambda.amazonaws.com] }
topics:
  alerts: { publishers: [iot.amazonaws.com], subscriptions: { r: { sqs: "arn:aws:sqs:us-east-1:000000000000:r" }, q: { sqs: "arn:aws:sqs:us-east-1:000000000000:q" } } }
thingTypes: { sensor: { description: old } }
things: { line-1: { thingType: sensor, attributes: { location: a } }, line-2: {}, line-3: {} }
thingGroups: { plant: {}, hall: { parent: plant, things: [line-1, line-2] }, closed: { parent: plant } }
audit:
  role: defender
  checks: { LOGGING_DISABLED_CHECK: {}, CA_CERTIFICATE_EXPIRING_CHECK: {} }
  schedules: { daily: { frequency: DAILY, checks: [LOGGING_DISABLED_CHECK, CA_CERTIFICATE_EXPIRING_CHECK] } }
  suppressions:
    here: { checkName: LOGGING_DISABLED_CHECK, resourceIdentifier: { account: "${account}" }, suppressIndefinitely: true }
    moved: { checkName: CONFLICTING_CLIENT_IDS_CHECK, resourceIdentifier: { clientId: line-1 }, expirationDate: 2126-01-01 }
customMetrics: { battery: { metricType: number }, gone: { metricType: string-list } }
dimensions: { status: { stringValues: ["line/+/status"] }, gone: { stringValues: ['#'] } }
securityProfiles:
  power:
    attachTo: [{ group: plant }]
    retain: [gone]
    behaviors:
      Battery: { metric: battery, alarmWhen: "< 20" }
      All: { metric: "aws:num-messages-sent", alarmWhen: "> 9 in 5m", metricDimension: { dimensionName: gone } }
mitigationActions: { respond: { role: defender, publishFindingToSns: alerts }, gone: { role: defender, updateDeviceCertificate: DEACTIVATE } }
roleAliases: { camera: { role: gone } }
logGroups: { /fleet/a: { retentionDays: 30 } }
alarms: { many: { metric: Fleet/Violations, statistic: Sum, period: 5m, alarmWhen: "> 5 for 2 periods", notify: [alerts] } }
"#;

const B: &str = r#"
version: 1
fleet: two
tags: { team: b, cost: low }
roles:
  defender: { trustedBy: [iot.amazonaws.com], allow: [{ actions: [sns:Publish], resources: ["${topics.alerts.arn}"] }] }
topics:
  alerts: { publishers: [iot.amazonaws.com, cloudwatch.amazonaws.com], subscriptions: { q: { sqs: "arn:aws:sqs:us-east-1:000000000000:q" } } }
thingTypes: { sensor: {} }
things: { line-1: { attributes: { location: b } }, line-2: { thingType: sensor }, line-4: {} }
thingGroups: { yard: {}, hall: { parent: yard, things: [line-2, line-4] } }
audit:
  role: defender
  checks: { LOGGING_DISABLED_CHECK: {} }
  schedules: { daily: { frequency: WEEKLY, dayOfWeek: MON, checks: [LOGGING_DISABLED_CHECK] } }
  suppressions:
    there: { checkName: LOGGING_DISABLED_CHECK, resourceIdentifier: { account: "${account}" }, expirationDate: 2126-01-01 }
    moved: { checkName: CONFLICTING_CLIENT_IDS_CHECK, resourceIdentifier: { clientId: line-2 }, description: A gateway, suppressIndefinitely: true }
customMetrics: { battery: { metricType: number-list, displayName: Battery } }
dimensions: { status: { stringValues: ["line/+/status", "line/+/alarm"] } }
securityProfiles:
  power:
    attachTo: [{ group: yard }]
    retain: [battery]
    behaviors:
      Battery: { metric: battery, alarmWhen: "any in [0]" }
      All: { metric: "aws:num-messages-sent", alarmWhen: "> 9 in 5m", metricDimension: { dimensionName: status } }
mitigationActions: { respond: { role: defender, addThingsToThingGroup: { groups: [yard] } } }
roleAliases: { camera: { role: defender, credentialDurationSeconds: 15m } }
logGroups: { /fleet/a: {}, /fleet/b: { retentionDays: 7 } }
alarms: { many: { metric: Fleet/Violations, statistic: Sum, period: 1m, alarmWhen: ">= 3 for 1 period", notify: [alerts] } }
"#;

const NOTHING: &str = "version: 1\nfleet: two\n";

#[tokio::test(flavor = "multi_thread")]
async fn b_after_a_is_b_alone() {
    let (after_a, alone) = (World::new().await, World::new().await);
    after_a.apply(A).await;
    after_a.assert_settled(A, "A").await;
    after_a.apply(B).await;
    after_a.assert_settled(B, "B after A").await;
    alone.apply(B).await;
    pretty_assertions::assert_eq!(after_a.objects(), alone.objects());
    after_a.apply(NOTHING).await;
    let empty = World::new().await;
    pretty_assertions::assert_eq!(after_a.objects(), empty.objects());
}
