//! `fleetctl audit` and `fleetctl explain`: an insecure spec in every form, exit codes, acceptance, and the live account.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use fleet_sandbox::{Action as Fault, Rule};
use serde_json::{Value, json};

use super::golden::compare;
use super::program::{Program, Ran, repository};
use super::world::{ACCOUNT, REGION, World};

const NOW: &str = "2026-11-21T12:00:00Z";

/// A folder with the insecure fleet.
fn insecure() -> Program {
    let program = Program::new();
    for entry in std::fs::read_dir(repository("tests/audit/insecure")).expect("readable") {
        let path = entry.expect("readable").path();
        std::fs::copy(&path, program.dir.path().join(path.file_name().expect("a name"))).expect("copied");
    }
    program
}

fn audit(program: &Program, more: &[&str]) -> Ran {
    program.run(&[&["audit", "--now", NOW], more].concat())
}

fn as_json(ran: &Ran) -> Value {
    serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}: {}{}", ran.out, ran.err))
}

/// Rules and places of findings or advice.
fn rules(list: &Value) -> BTreeSet<String> {
    let list = list.as_array().expect("a list").iter();
    list.map(|finding| format!("{} {}", finding["rule"].as_str().unwrap(), finding["address"].as_str().unwrap_or("-")))
        .collect()
}

#[test]
fn an_insecure_spec_is_told_what_is_wrong_where_and_what_to_write() {
    let checks = "IOT_POLICY_OVERLY_PERMISSIVE_CHECK,IOT_POLICY_POTENTIAL_MISCONFIGURATION_CHECK,\
                  DEVICE_CERTIFICATE_EXPIRING_CHECK,DEVICE_CERTIFICATE_AGE_CHECK,DEVICE_CERTIFICATE_KEY_QUALITY_CHECK,\
                  REVOKED_DEVICE_CERTIFICATE_STILL_ACTIVE_CHECK,DEVICE_CERTIFICATE_SHARED_CHECK,LOGGING_DISABLED_CHECK";
    let ran = audit(&insecure(), &["--check", checks]);
    let seen = format!("exit {}\n--- standard output\n{}--- standard error\n{}", ran.code, ran.out, ran.err);
    compare(&repository("tests/audit/insecure.txt"), &seen, "audit");
}

#[test]
fn the_exit_code_follows_severity_baseline_and_waivers() {
    let program = insecure();
    let code = |more: &[&str]| audit(&program, more).code;
    assert_eq!(code(&[]), 0, "findings are no failure unless asked for");
    assert_eq!((code(&["--fail-on", "critical"]), code(&["--fail-on", "LOW"])), (2, 2));
    let expiring = ["--check", "DEVICE_CERTIFICATE_EXPIRING_CHECK", "--fail-on"];
    assert_eq!(code(&[&expiring[..], &["medium"]].concat()), 2);
    assert_eq!(code(&[&expiring[..], &["high"]].concat()), 0);
    // The threshold of the spec counts: 45 days, and the end is 20 days away.
    assert_eq!(code(&["--check", "DEVICE_CERT_APPROACHING_EXPIRATION_CHECK", "--fail-on", "low"]), 2);

    let written = audit(&program, &["--baseline", "known.json", "--write-baseline"]);
    assert_eq!(written.code, 0, "{}", written.err);
    assert_eq!(code(&["--baseline", "known.json"]), 0);
    let more = std::fs::read_to_string(program.dir.path().join("fleet.yaml")).unwrap().replace(
        "certificates:\n",
        "  new-one:\n    document: { Version: \"2012-10-17\", Statement: [{ Effect: Allow, Action: \"iot:Connect\", Resource: \"*\" }] }\ncertificates:\n",
    );
    program.write("fleet.yaml", &more);
    let ran = audit(&program, &["--baseline", "known.json", "--json"]);
    assert_eq!(ran.code, 2, "{}", ran.err);
    let report = as_json(&ran);
    let new: Vec<&Value> =
        report["findings"].as_array().unwrap().iter().filter(|finding| finding["isNew"] == true).collect();
    assert_eq!(new.len(), 1);
    assert_eq!(new[0]["address"], "policies.new-one");

    let waiver = |until: &str| {
        format!(
            "waivers: [{{ code: iot-policy/connect-any-client, address: policies.new-*, reason: bench, until: {until} }}, {{ code: alert-path/other, reason: x, until: 2030-01-01 }}]\n"
        )
    };
    program.write("accepted.yaml", &waiver("2026-11-21"));
    assert_eq!(code(&["--baseline", "known.json", "--waivers", "accepted.yaml"]), 0);
    program.write("accepted.yaml", &waiver("2026-11-20"));
    let late = audit(&program, &["--baseline", "known.json", "--waivers", "accepted.yaml"]);
    assert_eq!(late.code, 2);
    assert!(late.err.contains("no longer accepted") && late.err.contains("policies.new-*"), "{}", late.err);
}

#[test]
fn each_form_says_the_same() {
    let program = insecure();
    let report = as_json(&audit(&program, &["--json"]));
    let findings = report["findings"].as_array().expect("a list");
    assert_eq!(findings.len(), 8);
    for finding in findings {
        assert_eq!(finding["place"]["path"], "fleet.yaml", "{finding:#}");
        assert!(finding["place"]["line"].as_u64().unwrap() > 10 && finding["specChange"]["yaml"].is_string());
    }
    let markdown = audit(&program, &["--format", "markdown"]);
    assert!(markdown.out.contains("8 findings, 0 suppressed, 2 remarks"), "{}", markdown.out);
    let junit = audit(&program, &["--format", "junit"]);
    assert_eq!(junit.out.matches("<failure ").count(), 8);
    let html = audit(&program, &["--format", "html", "--out", "report.html"]);
    assert_eq!((html.code, html.out.as_str()), (0, ""));
    let html = std::fs::read_to_string(program.dir.path().join("report.html")).expect("written");
    assert!(html.contains("policies.any-client") && html.contains("publish to $aws/things/OTHER/shadow/update"));
    for name in ["nist-800-53", "nistir-8259a", "iso-27001", "soc-2", "hipaa", "etsi-303-645"] {
        let ran = audit(&program, &["--framework", name, "--json"]);
        let controls = as_json(&ran)["byControl"]["controls"].clone();
        let standing = |id: &str| controls.as_array().unwrap().iter().any(|control| control["standing"] == id);
        assert!(standing("findings") && standing("notDecided"), "{name}");
        assert!(audit(&program, &["--framework", name]).out.contains("not a certification"));
    }
}

#[test]
fn sarif_is_valid_under_the_published_schema() {
    let script = Command::new(repository("tests/sarif-schema")).output().expect("the script runs");
    let path = String::from_utf8(script.stdout).expect("UTF-8");
    assert!(script.status.success(), "{}", String::from_utf8_lossy(&script.stderr));
    // One of its patterns has a bracket that only lenient dialects of regular expressions take for itself.
    let text = std::fs::read_to_string(path.trim()).expect("readable").replace("{2}]?$", "{2}\\\\]?$");
    let schema: Value = serde_json::from_str(&text).expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let program = insecure();
    program.write("accepted.yaml", "waivers: [{ code: LOGGING_DISABLED_CHECK, reason: x, until: 2030-01-01 }, { code: iot-policy/publish-any-thing, reason: bench, until: 2030-01-01 }]\n");
    audit(&program, &["--baseline", "known.json", "--write-baseline", "--check", "DEVICE_CERTIFICATE_EXPIRING_CHECK"]);
    let ran = audit(&program, &["--format", "sarif", "--waivers", "accepted.yaml", "--baseline", "known.json"]);
    let log = as_json(&ran);
    let errors: Vec<String> =
        validator.iter_errors(&log).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{errors:#?}");
    let results = log["runs"][0]["results"].as_array().expect("results");
    assert_eq!(results.len(), 10);
    let states: BTreeSet<&str> = results.iter().filter_map(|result| result["baselineState"].as_str()).collect();
    assert_eq!(states, BTreeSet::from(["new", "unchanged"]));
    assert!(results.iter().any(|result| result["suppressions"][0]["justification"] == "bench"));
    // The schema is not one that lets everything pass.
    assert!(!validator.is_valid(&json!({ "version": "2.1.0", "runs": [{ "results": [] }] })));
}

/// After `apply`, the account has what the spec was said to bring: the same rules on the same objects.
#[test]
fn the_live_account_has_the_findings_of_its_spec() {
    let program = insecure();
    let applied = program.run(&["apply", "--sandbox", "--auto-approve"]);
    assert_eq!(applied.code, 0, "{}{}", applied.out, applied.err);
    let checks = "IOT_POLICY_OVERLY_PERMISSIVE_CHECK,IOT_POLICY_POTENTIAL_MISCONFIGURATION_CHECK,\
                  DEVICE_CERTIFICATE_EXPIRING_CHECK,DEVICE_CERTIFICATE_KEY_QUALITY_CHECK,DEVICE_CERTIFICATE_SHARED_CHECK";
    let spec = as_json(&audit(&program, &["--check", checks, "--json"]));
    let ran = audit(
        &program,
        &["--live", "--sandbox", "fleet.yaml", "--check", checks, "--save-snapshot", "seen.json", "--json"],
    );
    let live = as_json(&ran);
    assert_eq!(live["subject"], "account 000000000000, us-east-1");
    for list in ["findings", "advice"] {
        assert_eq!(rules(&live[list]), rules(&spec[list]), "{list}");
    }
    assert_eq!(live["findings"][0]["place"]["path"], "fleet.yaml");
    let version = &live["findings"][0]["nonCompliantResource"]["resourceIdentifier"]["policyVersionIdentifier"];
    assert!(version["policyVersionId"].is_string(), "{version}");
    assert!(
        !program.dir.path().join(".fleetctl/audit").read_dir().expect("made").any(|_| true),
        "done, so nothing is left"
    );
    // What was saved says the same again.
    let again = as_json(&audit(&program, &["--snapshot", "seen.json", "--check", checks, "--json"]));
    let bare = |report: &Value| -> BTreeSet<String> {
        let findings = report["findings"].as_array().unwrap().iter();
        findings.map(|finding| format!("{} {}", finding["rule"], finding["nonCompliantResource"])).collect()
    };
    assert_eq!(bare(&again), bare(&live));
    // All checks: what cannot be read is said and not passed.
    let all = as_json(&audit(&program, &["--live", "--sandbox", "--json"]));
    assert!(rules(&all["findings"]).iter().any(|rule| rule.starts_with("iot-policy/")));
    let undecided = all["undecided"].to_string();
    assert!(undecided.contains("COGNITO") && undecided.contains("observed connections"), "{undecided}");
}

/// Credentials that run out while a large account is read: nothing that was read is read again.
#[tokio::test(flavor = "multi_thread")]
async fn a_live_audit_that_was_cut_goes_on_where_it_was() {
    let world = World::new().await;
    let session = world.session("x", BTreeMap::new());
    let request = std::fs::read_to_string(repository("tests/audit/insecure/line-2.csr")).expect("readable");
    for _ in 0..6 {
        let create = session.clients.iot.create_certificate_from_csr();
        create.certificate_signing_request(&request).set_as_active(true).send().await.expect("issued");
    }
    let program = Program::new();
    let run = || {
        let mut command = program.command();
        command.env("AWS_ACCESS_KEY_ID", ACCOUNT).env("AWS_SECRET_ACCESS_KEY", "sandbox");
        command.args(["--endpoint-url", &world.sandbox.url(), "--region", REGION, "audit", "--live", "--json"]);
        command.args(["--check", "DEVICE_CERTIFICATE_KEY_QUALITY_CHECK", "--save-snapshot", "seen.json"]);
        Ran::from(command.output().expect("it starts"))
    };
    let action = Fault::Error { code: "ExpiredTokenException".into(), message: "expired".into(), status: 403 };
    let operation = Some("DescribeCertificate".to_owned());
    world.sandbox.faults().add(Rule { service: None, operation, nth: Some(3), times: Some(100), action });
    let cut = run();
    assert_eq!(cut.code, 1, "{}", cut.err);
    assert!(
        cut.err.contains("run the command again") || cut.out.contains("run the command again"),
        "{}{}",
        cut.out,
        cut.err
    );
    world.sandbox.faults().clear();
    let before = world.sandbox.calls();
    let done = run();
    assert_eq!(done.code, 0, "{}", done.err);
    assert!(done.err.contains("2 certificates and 0 policies are read already"), "{}", done.err);
    // Who is asking, the list of certificates, and the four that are missing.
    assert_eq!(world.sandbox.calls() - before, 2 + 4, "{}", done.err);
    assert_eq!(as_json(&done)["checks"][0]["evaluated"], 6);
    let saved = std::fs::read_to_string(program.dir.path().join("seen.json")).expect("written");
    let saved: Value = serde_json::from_str(&saved).expect("JSON");
    assert_eq!(saved["certificates"].as_array().expect("a list").len(), 6);
}

#[test]
fn evidence_from_files_decides_what_a_spec_cannot() {
    let program = insecure();
    let shared = |from: i64| {
        let event = |kind: &str, client: &str, at: i64| {
            json!({"clientId": client, "timestamp": at * 1000, "eventType": kind, "sessionIdentifier": client,
                "principalIdentifier": "a".repeat(64), "disconnectReason": "DUPLICATE_CLIENTID"})
        };
        [event("connected", "x", from), event("connected", "y", from + 60), event("disconnected", "x", from + 120)]
            .map(|event| event.to_string())
            .join("\n")
    };
    program.write("events.ndjson", &shared(1_795_000_000));
    program.write("pools.json", r#"{"identityPools": []}"#);
    let ran = audit(&program, &["--connections", "events.ndjson", "--evidence", "pools.json", "--json"]);
    let report = as_json(&ran);
    let found = rules(&report["findings"]);
    assert!(found.contains("device-certificate/shared -") && found.contains("client-id/displaced -"), "{found:?}");
    let undecided = report["undecided"].to_string();
    assert!(!undecided.contains("identity pools") && undecided.contains("connections were observed from"));
    for (arguments, parts) in [
        (&["--connections", "pools.json"][..], &["pools.json", "line 1", "lifecycle event"][..]),
        (&["--evidence", "twice.json"], &["twice.json", "`policies` is known already"]),
        (&["--crl", "none.pem"], &["none.pem cannot be read"]),
        (&["--issuer", "prefix.json"], &["prefix.json holds no certificate"]),
        (&["--snapshot", "prefix.json"], &["prefix.json", "unknown field `Version`", "docs/audit.md"]),
        (&["--baseline", "none.json"], &["none.json", "--write-baseline"]),
        (&["--waivers", "slip.yaml"], &["slip.yaml", "did you mean `logging/off`"]),
    ] {
        program.write("twice.json", r#"{"policies": []}"#);
        program.write("slip.yaml", "waivers: [{ code: loging/off, reason: x, until: 2030-01-01 }]\n");
        let ran = audit(&program, arguments);
        assert_eq!(ran.code, 1, "{arguments:?}");
        parts.iter().for_each(|part| assert!(ran.err.contains(part), "`{part}` is missing in {}", ran.err));
    }
    let wrong = audit(&program, &["--check", "LOGING_DISABLED_CHECK"]);
    assert!(wrong.code == 64 && wrong.err.contains("did you mean `LOGGING_DISABLED_CHECK`"), "{}", wrong.err);
    assert_eq!(audit(&program, &["--framework", "iso-27001", "--format", "sarif"]).code, 64);
}

#[test]
fn shipped_examples_have_no_findings() {
    let program = Program::new();
    for example in ["examples/factory-fleet", "examples/lab"] {
        let path = repository(example);
        let ran = program.run(&["audit", path.to_str().expect("UTF-8"), "--fail-on", "low"]);
        assert_eq!(ran.code, 0, "{example}: {}{}", ran.out, ran.err);
    }
}

#[test]
fn every_code_of_a_finding_has_a_page() {
    let program = insecure();
    let report = as_json(&audit(&program, &["--json"]));
    for finding in report["findings"].as_array().unwrap() {
        for code in ["rule", "checkName"] {
            let page = program.run(&["explain", finding[code].as_str().unwrap()]);
            assert_eq!(page.code, 0, "{}", page.err);
            assert!(page.out.contains("Wrong:") && page.out.contains("Right:") && page.out.contains("What to do"));
        }
    }
    let all = program.run(&["explain"]);
    assert!(all.out.contains("LOGGING_DISABLED_CHECK") && all.out.contains("iot-policy/publish-any-thing"));
    let slip = program.run(&["explain", "iot-policy/publish-any-things"]);
    assert!(slip.code == 1 && slip.err.contains("did you mean `iot-policy/publish-any-thing`"), "{}", slip.err);
}

/// The sections that frameworks name are sections of a spec.
#[test]
fn frameworks_name_sections_that_exist() {
    let sections: BTreeSet<&str> = fleetctl::kind::sections().collect();
    // Kinds of the same release that may come later than the mapping.
    let coming = ["caCertificates", "customMetrics", "logging", "mitigationActions", "roleAliases"];
    for framework in fleet_audit::framework::all() {
        for feature in framework.controls.iter().flat_map(|control| &control.features) {
            let known = sections.contains(feature.as_str()) || coming.contains(&feature.as_str());
            assert!(known, "{}: there is no section {feature}", framework.name);
        }
    }
}
