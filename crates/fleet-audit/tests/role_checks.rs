//! The checks on the roles behind role aliases and Amazon Cognito identity pools, and the
//! documentation of every rule that is about a policy statement.

use fleet_audit::audit::{self, Report};
use fleet_audit::registry;
use fleet_audit::settings::Settings;
use fleet_audit::snapshot::Snapshot;
use fleet_audit::timestamp::Timestamp;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// 2026-11-21T06:00:00Z.
const NOW: i64 = 1_795_240_800;
const YEAR: i64 = 365 * 86_400;

fn allow(action: &str, resource: &str) -> Value {
    let resource =
        if resource == "*" { "*".to_owned() } else { format!("arn:aws:iot:eu-west-1:123456789012:{resource}") };
    json!({"Effect": "Allow", "Action": action, "Resource": resource})
}

/// One role with `statements`, behind an alias and both roles of a pool.
fn snapshot(statements: Value, used: Value) -> Value {
    let role = "arn:aws:iam::123456789012:role/r";
    json!({
        "policies": [{"policyName": "p", "policyDocument": {"Version": "2012-10-17", "Statement": statements}}],
        "roleAliases": [{"roleAlias": "a", "roleAliasArn": "arn:alias", "roleArn": role}],
        "roles": [{"Arn": role, "Policies": [
            {"PolicyName": "p", "PolicyDocument": {"Version": "2012-10-17", "Statement": statements}}]}],
        "identityPools": [{"IdentityPoolId": "pool", "RecentlyUsed": true,
            "Roles": {"authenticated": role, "unauthenticated": role}}],
        "serviceLastAccessed": used,
    })
}

fn used(services: &[(&str, Option<i64>)]) -> Value {
    let services: Vec<Value> =
        services.iter().map(|(name, last)| json!({"ServiceNamespace": name, "LastAuthenticated": last})).collect();
    json!([{"Arn": "arn:aws:iam::123456789012:role/r", "ServicesLastAccessed": services}])
}

fn audit(parts: Value) -> Report {
    let snapshot: Snapshot = serde_json::from_value(parts).unwrap();
    let checks = [
        "UNAUTHENTICATED_COGNITO_ROLE_OVERLY_PERMISSIVE_CHECK",
        "AUTHENTICATE_COGNITO_ROLE_OVERLY_PERMISSIVE_CHECK",
        "IOT_ROLE_ALIAS_OVERLY_PERMISSIVE_CHECK",
        "IOT_ROLE_ALIAS_ALLOWS_ACCESS_TO_UNUSED_SERVICES_CHECK",
        "IOT_POLICY_OVERLY_PERMISSIVE_CHECK",
        "IOT_POLICY_POTENTIAL_MISCONFIGURATION_CHECK",
    ];
    let settings = Settings::default().only(checks).unwrap();
    audit::run(&snapshot, &settings, Timestamp(NOW))
}

fn rules_of(report: &Report) -> BTreeSet<&str> {
    report.findings.iter().map(|f| f.rule.as_str()).collect()
}

#[test]
fn iot_actions_of_roles() {
    let cases: &[(Value, &[&str])] = &[
        (allow("iot:DescribeThing", "thing/line-1"), &["cognito-guest/iot-admin"]),
        (allow("iot:DescribeThing", "thing/line-*"), &["cognito-guest/iot-admin"]),
        (
            allow("iot:DescribeThing", "thing/*"),
            &["cognito-guest/iot-admin", "cognito-user/thing-admin-read", "role-alias/thing-admin-read"],
        ),
        (
            allow("iot:UpdateThing", "thing/line-1"),
            &["cognito-guest/iot-admin", "cognito-user/thing-admin-write", "role-alias/thing-admin-write"],
        ),
        (
            allow("iot:CreatePolicy", "policy/x"),
            &["cognito-guest/iot-admin", "cognito-user/iot-admin", "role-alias/iot-admin"],
        ),
        // Newer than the model at hand, and named in full.
        (
            allow("iot:CreateSomethingNew", "*"),
            &["cognito-guest/iot-admin", "cognito-user/iot-admin", "role-alias/iot-admin"],
        ),
        (
            allow("iot:UpdateThingShadow", "thing/*"),
            &["cognito-guest/data-plane", "cognito-user/data-plane", "role-alias/data-plane"],
        ),
        (allow("iot:UpdateThingShadow", "thing/line-1"), &[]),
        (allow("iot:Receive", "*"), &[]),
        (allow("s3:GetObject", "*"), &[]),
        (json!([allow("iot:UpdateThing", "*"), {"Effect": "Deny", "Action": "iot:Upd*", "Resource": "*"}]), &[]),
        (json!([allow("iot:*", "*"), {"Effect": "Deny", "Action": "iot:*", "Resource": "*"}]), &[]),
        (
            json!([allow("iot:UpdateThing", "thing/*"),
                {"Effect": "Deny", "NotAction": "iot:Receive", "NotResource": "arn:aws:iot:eu-west-1:123456789012:job/*"}]),
            &[],
        ),
    ];
    for (statements, expected) in cases {
        let report = audit(snapshot(statements.clone(), used(&[])));
        let found: BTreeSet<&str> = rules_of(&report).into_iter().filter(|r| !r.starts_with("iot-policy/")).collect();
        assert_eq!(found, expected.iter().copied().collect(), "{statements:#}");
    }
}

#[test]
fn security_and_whole_services_of_role_aliases() {
    let about = |statements: Value, used: Value| {
        let report = audit(snapshot(statements, used));
        let services = ["role-alias/security-service", "role-alias/whole-service", "role-alias/unused-service"];
        let found: Vec<String> = rules_of(&report)
            .into_iter()
            .filter(|rule| services.contains(rule))
            .map(|rule| rule.trim_start_matches("role-alias/").to_owned())
            .collect();
        let undecided = report.undecided.iter().any(|u| u.check_name == "IOT_ROLE_ALIAS_OVERLY_PERMISSIVE_CHECK");
        (found.join(" "), undecided)
    };
    let never = |name| used(&[(name, None)]);
    let on = |name, last| used(&[(name, Some(last))]);
    let found = |text: &str| (text.to_owned(), false);

    for action in ["iam:GetRole", "cloudtrail:*", "guard*", "inspector:x", "TrustedAdvisor:*"] {
        assert_eq!(about(allow(action, "*"), used(&[])), found("security-service"), "{action}");
    }
    for action in ["iamx:GetRole", "inspector2:*", "s3:iam:*"] {
        assert_eq!(about(allow(action, "*"), used(&[])), found(""), "{action}");
    }
    let spared = json!([allow("iam:Get*", "*"), {"Effect": "Deny", "Action": "iam:GetRole", "Resource": "*"}]);
    assert_eq!(about(spared, used(&[])), found("security-service"));
    let closed = json!([allow("iam:Get*", "*"), {"Effect": "Deny", "Action": "iam:G*", "Resource": "*"}]);
    assert_eq!(about(closed, used(&[])), found(""));

    let whole = allow("dynamodb:*", "*");
    assert_eq!(about(whole.clone(), on("dynamodb", NOW - YEAR)), found("whole-service"));
    assert_eq!(about(whole.clone(), on("dynamodb", NOW - YEAR - 1)), found("unused-service"));
    assert_eq!(about(whole.clone(), never("dynamodb")), found("unused-service"));
    assert_eq!(about(allow("dynamodb:Get*", "*"), on("dynamodb", NOW)), found(""));
    // Without the data: open only where it would matter.
    assert_eq!(about(whole, json!(null)), (String::new(), true));
    assert_eq!(about(allow("dynamodb:Get*", "*"), json!(null)), (String::new(), false));
}

#[test]
fn a_missing_role_or_pool_use_is_said() {
    let mut parts = snapshot(allow("iot:CreateThing", "*"), used(&[]));
    parts["identityPools"][0]["RecentlyUsed"] = json!(null);
    let report = audit(parts.clone());
    let pool = report.findings.iter().find(|f| f.rule == "cognito-user/thing-admin-write").unwrap();
    assert_eq!(pool.assumed, ["the pool was used to connect in the last 31 days"]);
    assert_eq!(
        serde_json::to_value(&pool.related_resources).unwrap(),
        json!([{"resourceType": "IAM_ROLE", "resourceIdentifier": {"iamRoleArn": "arn:aws:iam::123456789012:role/r"}}])
    );
    parts["identityPools"][0]["RecentlyUsed"] = json!(false);
    assert!(!rules_of(&audit(parts.clone())).iter().any(|rule| rule.starts_with("cognito-")));

    parts["identityPools"][0]["RecentlyUsed"] = json!(true);
    for roles in [json!(null), json!([])] {
        parts["roles"] = roles;
        let report = audit(parts.clone());
        assert!(report.findings.iter().all(|f| f.rule.starts_with("iot-policy/")), "{report:#?}");
        assert_eq!(report.undecided.len(), 3, "{:#?}", report.undecided);
    }
}

/// What `explain` prints must be true: the wrong example of each rule about statements
/// breaks it, the right one does not.
#[test]
fn documented_examples_do_what_they_say() {
    let mut tried = 0;
    for check in registry::ALL {
        for rule in check.rules {
            let (Ok(wrong), Ok(right)) =
                (serde_json::from_str::<Value>(rule.wrong), serde_json::from_str::<Value>(rule.right))
            else {
                continue;
            };
            if wrong.get("Effect").is_none() {
                continue;
            }
            let building = |action: &str, kind: &str| {
                json!({"Effect": "Allow", "Action": action,
                    "Resource": format!("arn:aws:iot:us-east-1:123456789012:{kind}/building/*")})
            };
            let mut context = vec![];
            if rule.id.starts_with("iot-policy/deny") {
                context.push(building("iot:Subscribe", "topicfilter"));
            }
            if rule.id.contains("bypassed") {
                context.push(building("iot:Receive", "topic"));
            }
            let breaks = |statement: Value| {
                let mut statements = context.clone();
                statements.push(statement);
                let report = audit(snapshot(json!(statements), used(&[("dynamodb", Some(NOW))])));
                report.findings.iter().chain(&report.advice).any(|f| f.rule == rule.id)
            };
            assert!(breaks(wrong), "{} passes its wrong example", rule.id);
            assert!(!breaks(right), "{} refuses its right example", rule.id);
            tried += 1;
        }
    }
    assert_eq!(tried, 21);
}

// ---- properties -----------------------------------------------------------------

struct Dice(u64);

impl Dice {
    fn pick<'a>(&mut self, options: &[&'a str]) -> &'a str {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        options[(self.0 >> 33) as usize % options.len()]
    }

    fn statement(&mut self, effect: &str) -> Value {
        let action = self.pick(&[
            "iot:*",
            "iot:DescribeThing",
            "iot:UpdateThing",
            "iot:CreatePolicy",
            "iot:Publish",
            "iot:GetThingShadow",
            "iam:Get*",
            "iot:List*",
            "*",
            "dynamodb:*",
            "iot:Receive",
            "iot:GetThingShadow",
            "s3:GetObject",
            "iot:Publish",
            "iot:UpdateThingShadow",
        ]);
        let resource =
            self.pick(&["*", "thing/*", "thing/line-*", "thing/line-1", "thing/line-1", "topic/a/*", "policy/x"]);
        let mut statement = allow(action, resource);
        statement["Effect"] = json!(effect);
        if self.pick(&["", "", "", "if"]) == "if" {
            statement["Condition"] = json!({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}});
        }
        statement
    }
}

fn of_roles(statements: &[Value]) -> BTreeSet<String> {
    let report = audit(snapshot(json!(statements), used(&[("dynamodb", Some(NOW))])));
    let rules = report.findings.iter().map(|finding| finding.rule.clone());
    rules.filter(|rule| !rule.starts_with("iot-policy/")).collect()
}

#[test]
fn roles_too_are_narrowed_by_denying_widened_by_allowing_and_indifferent_to_names() {
    let (mut some, mut none) = (0, 0);
    for seed in 0..30 {
        let dice = &mut Dice(seed);
        let mut statements = vec![dice.statement("Allow")];
        if seed % 4 == 0 {
            statements.push(dice.statement("Allow"));
        }
        if seed % 2 == 0 {
            statements.push(dice.statement("Deny"));
        }
        let before = of_roles(&statements);
        if before.is_empty() {
            none += 1
        } else {
            some += 1
        }

        let mut denied = statements.clone();
        denied.push(dice.statement("Deny"));
        assert!(of_roles(&denied).is_subset(&before), "{denied:#?}");

        let mut widened = statements.clone();
        match seed % 3 {
            0 => widened[0]["Resource"] = json!("*"),
            1 => widened[0]["Action"] = json!("*"),
            _ => drop(widened[0].as_object_mut().unwrap().remove("Condition")),
        }
        assert!(of_roles(&widened).is_superset(&before), "{statements:#?} to {widened:#?}");

        let renamed = json!(statements).to_string().replace("line-", "Pumpe:7_");
        let renamed: Vec<Value> = serde_json::from_str(&renamed).unwrap();
        assert_eq!(of_roles(&renamed), before, "{renamed:#?}");
    }
    assert!(some > 5 && none > 3, "{some} with findings, {none} without");
}

/// A document that is not known hides nothing of the others, and the rest stays open.
#[test]
fn a_policy_that_is_not_known_leaves_the_rest_judged() {
    let mut parts = snapshot(allow("iot:CreateThing", "*"), used(&[]));
    parts["roles"][0]["Policies"].as_array_mut().unwrap().push(json!({"PolicyName": "AWSManaged"}));
    let report = audit(parts);
    let finding = report.findings.iter().find(|f| f.rule == "role-alias/thing-admin-write").unwrap();
    assert_eq!(finding.assumed, ["the role's policies that are not known here deny nothing"]);
    let reasons: BTreeSet<&str> = report.undecided.iter().map(|u| u.because.as_str()).collect();
    assert!(reasons.contains("the document of its role's policy AWSManaged is not known here"), "{reasons:?}");
}
