//! `fleetctl test`: the shipped tests hold, they can fail, and what fails or is mistaken is said well.

use std::path::Path;

use serde_json::Value;

use super::program::{Program, Ran, repository};

/// Runs `fleetctl test` in the repository.
fn here(arguments: &[&str]) -> Ran {
    let program = Program::new();
    let mut command = program.command();
    command.current_dir(repository("")).arg("test").args(arguments);
    Ran::from(command.output().expect("it starts"))
}

#[test]
fn every_test_that_is_shipped_holds() {
    let ran = here(&["profiles", "examples"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{}{}", ran.out, ran.err);
    for entry in std::fs::read_dir(repository("profiles")).expect("readable") {
        let name = entry.expect("readable").file_name().into_string().expect("UTF-8");
        if let Some(stem) = name.strip_suffix(".yaml").filter(|stem| !stem.ends_with("_test")) {
            assert!(ran.out.contains(&format!("profiles/{stem}_test.yaml: ")), "{name} has no tests");
        }
    }
}

/// A profile with one thing changed, by a description of the change.
struct Mutant {
    change: String,
    profile: String,
}

/// Every behaviour of a profile text, weakened and tightened in each of its parts. The shipped profiles have one form:
/// `alarmWhen`, `alarmAfter` and `clearAfter` on lines of their own.
fn mutants(profile: &str) -> Vec<Mutant> {
    let lines: Vec<&str> = profile.lines().collect();
    let mut behavior = "";
    let mut mutants = Vec::new();
    for (number, line) in lines.iter().enumerate() {
        let indent = line.len() - line.trim_start().len();
        match line.trim().split_once(": ") {
            _ if line.trim_start().starts_with('#') => {}
            None if indent == 2 => behavior = line.trim().trim_end_matches(':'),
            Some((key, value)) if indent == 4 => {
                for changed in changes(key, value) {
                    let line = format!("    {key}: {changed}");
                    let text = [&lines[..number], &[line.as_str()], &lines[number + 1..]].concat();
                    mutants.push(Mutant { change: format!("{behavior}.{key}: {changed}"), profile: text.join("\n") });
                }
            }
            _ => {}
        }
    }
    mutants
}

/// What `value` could be instead.
fn changes(key: &str, value: &str) -> Vec<String> {
    let quoted = |text: String| format!("\"{text}\"");
    match key {
        "alarmAfter" | "clearAfter" => {
            let count: u8 = value.parse().expect("a number");
            [count + 1, count - 1].into_iter().filter(|count| *count > 0).map(|count| count.to_string()).collect()
        }
        "alarmWhen" => {
            let text = value.trim_matches('"');
            if let Some(list) = text.strip_prefix("any not in [").and_then(|rest| rest.strip_suffix(']')) {
                let items: Vec<&str> = list.split(", ").collect();
                let without = |index: usize| {
                    let kept: Vec<&str> = (0..items.len()).filter(|i| *i != index).map(|i| items[i]).collect();
                    format!("any not in [{}]", kept.join(", "))
                };
                let never = if list.contains('/') { "any in [192.0.2.0/32]" } else { "any in [1]" };
                let mut found: Vec<String> = (0..items.len()).filter(|_| items.len() > 1).map(without).collect();
                found.extend([format!("any in [{list}]"), never.to_owned()]);
                return found.into_iter().map(quoted).collect();
            }
            let (sign, rest) = text.split_once(' ').expect("`> 5 in 5m`");
            let (number, after) = rest.split_once(' ').map_or((rest, String::new()), |(n, a)| (n, format!(" {a}")));
            let limit: f64 = number.replace('_', "").parse().expect("a number");
            let whole =
                |limit: f64| if number.contains('.') { format!("{limit}") } else { format!("{}", limit as u64) };
            let opposite = if sign == ">" { "<=" } else { ">=" };
            let mut found = vec![format!("{opposite} {number}{after}")];
            // Twice and half the limit: a test that does not notice either says little about the limit.
            let other = [whole(limit * 2.0), whole(limit / 2.0)].into_iter().filter(|other| other != number);
            found.extend(other.map(|other| format!("{sign} {other}{after}")));
            found.into_iter().map(quoted).collect()
        }
        _ => Vec::new(),
    }
}

#[test]
fn every_shipped_profile_has_a_test_that_notices_a_change_of_any_behaviour() {
    let program = Program::new();
    let mut made = Vec::new();
    for entry in std::fs::read_dir(repository("profiles")).expect("readable") {
        let path = entry.expect("readable").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        let Some(stem) = name.strip_suffix(".yaml").filter(|stem| !stem.ends_with("_test")) else { continue };
        let profile = std::fs::read_to_string(&path).expect("readable");
        for (index, mutant) in mutants(&profile).into_iter().enumerate() {
            let folder = format!("{stem}-{index}");
            for other in std::fs::read_dir(repository("profiles")).expect("readable") {
                let other = other.expect("readable").path();
                let other_name = other.file_name().expect("a name").to_string_lossy().into_owned();
                // The canary's tests compare it with the baseline.
                if other.is_file() && !other_name.ends_with("_test.yaml") {
                    program.write(&format!("{folder}/{other_name}"), &std::fs::read_to_string(other).expect("text"));
                }
            }
            let test = std::fs::read_to_string(path.with_file_name(format!("{stem}_test.yaml"))).expect("its test");
            program.write(&format!("{folder}/{stem}_test.yaml"), &test);
            program.write(&format!("{folder}/{name}"), &mutant.profile);
            made.push((folder, format!("{name}: {}", mutant.change)));
        }
    }
    assert!(made.len() > 200, "{} changes are not all", made.len());
    let ran = program.run(&["test", "--json", "."]);
    let report: Value = serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}: {}", ran.err));
    let files = report["files"].as_array().expect("a list");
    let mut unnoticed = Vec::new();
    for (folder, change) in &made {
        let file = files.iter().find(|file| Path::new(file["file"].as_str().expect("a path")).starts_with(folder));
        let file = file.expect("each was tested");
        assert_eq!(file["diagnostics"], serde_json::json!([]), "{change} is still a profile");
        if file["tests"].as_array().expect("a list").iter().all(|test| test["passed"] == true) {
            unnoticed.push(change);
        }
    }
    assert!(unnoticed.is_empty(), "{} of {} changes go unnoticed: {unnoticed:#?}", unnoticed.len(), made.len());
}
