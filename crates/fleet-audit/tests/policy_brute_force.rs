//! The policy analysis against brute force.
//!
//! An evaluator written a second time, over plain texts and one request at a time,
//! tries every action, resource and device of a small universe. Whatever it finds, the
//! analysis must have called possible; and each counterexample of the analysis must be
//! let through by the evaluator. Both directions, so neither side may be lazy.

use fleet_audit::policy::access::{Answer, Question, ask};
use fleet_audit::policy::context::{CLIENT_ID, Context, IS_ATTACHED, Known, THING_NAME};
use fleet_audit::policy::document::Document;
use fleet_audit::policy::language::{includes, intersects};
use fleet_audit::policy::pattern::{Letter, Pattern};
use serde_json::{Value, json};

const SEEDS: u64 = 3_000;

/// SplitMix64; the tests need repeatable variety, not quality.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) % sides as u64) as usize
    }

    fn pick<'a>(&mut self, options: &[&'a str]) -> &'a str {
        options[self.roll(options.len())]
    }

    fn text(&mut self, parts: &[&str], most: usize) -> String {
        (0..=self.roll(most)).map(|_| self.pick(parts)).collect()
    }
}

#[derive(Debug, Clone)]
struct Device {
    client_id: String,
    thing: Option<String>,
    attached: bool,
}

// ---- the second evaluator -------------------------------------------------------

fn glob(pattern: &[char], text: &[char]) -> bool {
    match pattern.first() {
        None => text.is_empty(),
        Some('*') => (0..=text.len()).any(|skip| glob(&pattern[1..], &text[skip..])),
        Some('\u{1}') => text.first() == Some(&'*') && glob(&pattern[1..], &text[1..]),
        Some('?') => !text.is_empty() && glob(&pattern[1..], &text[1..]),
        Some(c) => text.first() == Some(c) && glob(&pattern[1..], &text[1..]),
    }
}

fn matches(pattern: &str, text: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let text: Vec<char> = text.chars().collect();
    glob(&pattern, &text)
}

/// The pattern with the device's values in it, where `\u{1}` is a plain `*`; `None` if
/// a value is missing.
fn fill(pattern: &str, device: &Device) -> Option<String> {
    let plain = |value: &str| value.replace('*', "\u{1}");
    let pattern = pattern.replace("${*}", "\u{1}");
    let mut filled = pattern.replace("${iot:ClientId}", &plain(&device.client_id));
    if filled.contains("${iot:Connection.Thing.ThingName}") {
        let thing = plain(device.thing.as_ref()?);
        filled = filled.replace("${iot:Connection.Thing.ThingName}", &thing);
    }
    Some(filled)
}

fn list(value: &Value) -> Vec<String> {
    match value {
        Value::String(one) => vec![one.clone()],
        Value::Array(many) => many.iter().map(|v| v.as_str().unwrap().to_owned()).collect(),
        _ => vec![],
    }
}

fn condition_met(statement: &Value, device: &Device, unknown: bool) -> bool {
    let Some(block) = statement["Condition"].as_object() else {
        return true;
    };
    block.iter().all(|(operator, keys)| {
        keys.as_object().unwrap().iter().all(|(key, values)| {
            let actual = match key.as_str() {
                "iot:ClientId" => Some(device.client_id.clone()),
                "iot:Connection.Thing.ThingName" => device.thing.clone(),
                "iot:Connection.Thing.IsAttached" => Some(device.attached.to_string()),
                _ => return unknown,
            };
            let not_known = list(values).iter().any(|value| value.contains("${aws:"));
            if not_known && actual.is_some() {
                return unknown;
            }
            let fits = |actual: &str, wild: bool| {
                list(values).iter().any(|value| match fill(value, device) {
                    Some(value) if wild => matches(&value, actual),
                    Some(value) => value.replace('\u{1}', "*") == actual,
                    None => false,
                })
            };
            match (operator.as_str(), actual) {
                ("Null", actual) => (values == "true") == actual.is_none(),
                ("StringNotEquals" | "StringNotLike" | "StringEqualsIfExists", None) => true,
                (_, None) => false,
                ("StringEquals" | "Bool" | "StringEqualsIfExists", Some(actual)) => fits(&actual, false),
                ("StringNotEquals", Some(actual)) => !fits(&actual, false),
                ("StringLike", Some(actual)) => fits(&actual, true),
                ("StringNotLike", Some(actual)) => !fits(&actual, true),
                (other, _) => panic!("generator made {other}"),
            }
        })
    })
}

fn applies(statement: &Value, action: &str, resource: &str, device: &Device) -> bool {
    let allow = statement["Effect"] == "Allow";
    if !condition_met(statement, device, allow) {
        return false;
    }
    let hit = |patterns: Vec<String>| patterns.iter().any(|p| matches(p, action));
    let action_fits = match statement.get("Action") {
        Some(actions) => hit(list(actions)),
        None => !hit(list(&statement["NotAction"])),
    };
    if !action_fits {
        return false;
    }
    let covered = |patterns: &[String]| patterns.iter().any(|p| fill(p, device).is_some_and(|p| matches(&p, resource)));
    match statement.get("Resource") {
        Some(resources) => covered(&list(resources)),
        None => {
            let excepted = list(&statement["NotResource"]);
            let complete = excepted.iter().all(|p| fill(p, device).is_some());
            // A Deny with a variable that has no value is not relied upon.
            (allow || complete) && !covered(&excepted)
        }
    }
}

fn allowed(policy: &Value, action: &str, resource: &str, device: &Device) -> bool {
    let statements = policy["Statement"].as_array().unwrap();
    let any = |effect: &str| statements.iter().any(|s| s["Effect"] == effect && applies(s, action, resource, device));
    any("Allow") && !any("Deny")
}

// ---- the generator --------------------------------------------------------------

const RESOURCE_PARTS: [&str; 10] =
    ["a", "b", "/", "*", "*", "?", "a/", "${iot:Connection.Thing.ThingName}", "${iot:ClientId}", "${*}"];

fn some_condition(dice: &mut Dice) -> Value {
    let value = dice.pick(&["a", "b", "ab", "*", "?", "${iot:Connection.Thing.ThingName}", "a*", "${aws:username}"]);
    let operator =
        dice.pick(&["StringEquals", "StringNotEquals", "StringLike", "StringNotLike", "StringEqualsIfExists"]);
    let key = dice.pick(&["iot:ClientId", "iot:Connection.Thing.ThingName"]);
    match dice.roll(8) {
        0 | 1 => json!({"Bool": {"iot:Connection.Thing.IsAttached": dice.pick(&["true", "false"])}}),
        2 => json!({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}),
        3 => json!({"Null": {"iot:Connection.Thing.ThingName": dice.pick(&["true", "false"])}}),
        _ => json!({operator: {key: [value]}}),
    }
}

fn some_policy(dice: &mut Dice) -> Value {
    let statements: Vec<Value> = (0..1 + dice.roll(4))
        .map(|index| {
            let effect = if index == 0 || dice.roll(2) == 0 { "Allow" } else { "Deny" };
            let action = if dice.roll(5) == 0 { "NotAction" } else { "Action" };
            let resource = if dice.roll(4) == 0 { "NotResource" } else { "Resource" };
            let actions: Vec<String> = (0..1 + dice.roll(2)).map(|_| dice.text(&["a", "b", "*", "?"], 2)).collect();
            let resources: Vec<String> = (0..1 + dice.roll(2)).map(|_| dice.text(&RESOURCE_PARTS, 3)).collect();
            let mut statement = json!({"Effect": effect, action: actions, resource: resources});
            if dice.roll(3) == 0 {
                statement["Condition"] = some_condition(dice);
            }
            statement
        })
        .collect();
    json!({"Version": "2012-10-17", "Statement": statements})
}

fn words(letters: &[char], longest: usize) -> Vec<String> {
    let mut all = vec![String::new()];
    let mut last = all.clone();
    for _ in 0..longest {
        last = last.iter().flat_map(|word| letters.iter().map(move |c| format!("{word}{c}"))).collect();
        all.extend(last.iter().cloned());
    }
    all
}

fn context_of(device: &Device) -> Context {
    let context =
        Context::default().with_text(CLIENT_ID, &device.client_id).with_text(IS_ATTACHED, &device.attached.to_string());
    match &device.thing {
        Some(thing) => context.with_text(THING_NAME, thing),
        None => context.with(THING_NAME, Known::Absent),
    }
}

/// The word with `c` for fresh letters (no generated policy has a `c`) and the
/// device's own values.
fn concrete(word: &[Letter], device: &Device) -> String {
    word.iter()
        .map(|letter| match letter {
            Letter::Char(c) => c.to_string(),
            Letter::Fresh => "c".to_owned(),
            Letter::Own(key) if **key == *THING_NAME => device.thing.clone().unwrap(),
            Letter::Own(_) => device.client_id.clone(),
        })
        .collect()
}

fn devices(dice: &mut Dice) -> Vec<Device> {
    (0..3)
        .map(|_| {
            let thing = (dice.roll(3) > 0).then(|| dice.pick(&["a", "b", "ab", "d"]).to_owned());
            Device {
                client_id: match &thing {
                    Some(thing) if dice.roll(2) == 0 => thing.clone(),
                    _ => dice.pick(&["a", "b", "ba", "e", "*"]).to_owned(),
                },
                attached: thing.is_some() && dice.roll(3) > 0,
                thing,
            }
        })
        .collect()
}

/// Compares one question; `cases` pairs each device with how the analysis sees it.
/// Returns how many of the answers were "allowed".
fn compare(
    seed: u64,
    policy: &Value,
    cases: &[(Device, Context)],
    target: (&Pattern, &dyn Fn(&str) -> bool),
    universe: (&[String], &[String]),
) -> usize {
    let mut possible = 0;
    let document = Document::parse(policy).unwrap();
    let any_action = Pattern::anything();
    for (device, context) in cases {
        let question = Question { action: &any_action, resource: std::slice::from_ref(target.0), context };
        let found = universe.0.iter().find_map(|action| {
            let mut resources = universe.1.iter().filter(|r| target.1(r));
            resources.find(|r| allowed(policy, action, r, device)).map(|r| (action, r))
        });
        match ask(&document.statements, &question) {
            Answer::Impossible => {
                assert!(found.is_none(), "seed {seed}: {found:?} by {device:?} was called impossible in {policy:#}")
            }
            Answer::Allowed(access) => {
                possible += 1;
                let action = concrete(&access.action, device);
                let resource = concrete(&access.resource, device);
                assert!(
                    target.1(&resource) && allowed(policy, &action, &resource, device),
                    "seed {seed}: counterexample {action} {resource:?} by {device:?} is no access in {policy:#}"
                );
            }
            Answer::TooComplex => panic!("seed {seed}: gave up on {policy:#}"),
        }
    }
    possible
}

/// Neither "allowed" nor "impossible" may be the only answer the seeds ask for.
fn assert_varied(possible: usize, cases_per_seed: usize) {
    let all = usize::try_from(SEEDS).unwrap() * cases_per_seed;
    assert!(possible > all / 10 && possible < all * 9 / 10, "{possible} of {all}");
}

#[test]
fn named_devices_agree_with_brute_force() {
    let actions = words(&['a', 'b', 'c'], 2);
    let resources = words(&['a', 'b', '/', 'c'], 3);
    let mut possible = 0;
    for seed in 0..SEEDS {
        let dice = &mut Dice(seed);
        let policy = some_policy(dice);
        let target = dice.text(&["a", "b", "/", "*", "?", "c"], 3);
        let cases: Vec<_> = devices(dice).into_iter().map(|device| (device.clone(), context_of(&device))).collect();
        let within = |text: &str| matches(&target, text);
        possible += compare(seed, &policy, &cases, (&Pattern::glob(&target), &within), (&actions, &resources));
    }
    assert_varied(possible, 3);
}

/// The broad-access question: a device that nobody named (`d`, or client `e` without a
/// thing) reaching what belongs to another that nobody named (`c`, `cc`).
#[test]
fn unnamed_devices_agree_with_brute_force() {
    let attached = Device { client_id: "d".into(), thing: Some("d".into()), attached: true };
    let unattached = Device { client_id: "e".into(), thing: None, attached: false };
    let cases = [(attached, Context::attached_device()), (unattached, Context::unattached_device())];
    let actions = words(&['a', 'b', 'c'], 2);
    let rests = words(&['a', 'b', '/', 'c', 'd'], 2);
    let mut possible = 0;
    for seed in 0..SEEDS {
        let dice = &mut Dice(seed.wrapping_add(1 << 40));
        let policy = some_policy(dice);
        let prefix = dice.pick(&["", "a", "a/", "/"]);
        let target =
            Pattern::literal(prefix).then(&Pattern::arbitrary_name()).then_text("/").then(&Pattern::anything());
        let resources: Vec<String> = ["c", "cc"]
            .iter()
            .flat_map(|name| rests.iter().map(move |rest| format!("{prefix}{name}/{rest}")))
            .collect();
        let within = |text: &str| {
            let rest = text.strip_prefix(prefix).unwrap_or("");
            let name = rest.split('/').next().unwrap_or("");
            !name.is_empty() && name.chars().all(|c| c == 'c') && rest.contains('/')
        };
        possible += compare(seed, &policy, &cases, (&target, &within), (&actions, &resources));
    }
    assert_varied(possible, 2);
}

#[test]
fn inclusion_and_intersection_agree_with_brute_force() {
    let universe = words(&['a', 'b', 'c'], 5);
    for seed in 0..SEEDS {
        let dice = &mut Dice(seed.wrapping_add(1 << 41));
        let (left, right) = (dice.text(&["a", "b", "*", "?"], 3), dice.text(&["a", "b", "*", "?"], 3));
        let (l, r) = (Pattern::glob(&left), Pattern::glob(&right));
        // Two patterns of at most four positions differ, if at all, within five letters.
        let both = universe.iter().any(|w| matches(&left, w) && matches(&right, w));
        let inside = universe.iter().all(|w| !matches(&left, w) || matches(&right, w));
        assert_eq!(intersects(&l, &r), Some(both), "{left} and {right}");
        assert_eq!(includes(&r, &l), Some(inside), "{left} within {right}");
    }
}
