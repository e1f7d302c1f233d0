//! The invariants that `ARCHITECTURE.md` states, checked on the source itself.

use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// All files below `folder` with one of the extensions, with their texts.
fn texts(folder: &str, extensions: &[&str]) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten() {
            let path = entry.expect("readable").path();
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            if path.is_dir() && !["target", ".git", "node_modules", ".venv"].contains(&name.as_str()) {
                folders.push(path);
            } else if extensions.iter().any(|extension| name.ends_with(extension)) {
                let text = std::fs::read_to_string(&path).expect("UTF-8");
                found.push((path.strip_prefix(root()).expect("below the root").to_owned(), text));
            }
        }
    }
    found.sort();
    found
}

/// Fails for every file in `folder` (but not `except`) in which `forbidden` stands.
fn never(folder: &str, except: &[&str], forbidden: &[&str], why: &str) {
    for (path, text) in texts(folder, &[".rs"]) {
        if except.iter().any(|part| path.starts_with(part)) {
            continue;
        }
        for word in forbidden {
            assert!(!text.contains(word), "{}: `{word}`: {why}", path.display());
        }
    }
}

#[test]
fn only_aws_and_resources_and_the_index_reader_name_the_sdk() {
    never(
        "src",
        &["src/aws", "src/resources", "src/live.rs"],
        &["aws_sdk_", "aws_smithy", "aws_config"],
        "I/O with AWS has its rooms",
    );
    never("crates", &[], &["aws_sdk_", "aws_smithy", "aws_config"], "only the root package names the SDK");
}

#[test]
fn deciding_is_synchronous() {
    for part in ["src/spec", "src/render", "src/paths"] {
        never(part, &[], &["async fn", ".await", "tokio::"], "deciding is pure and synchronous");
    }
    for file in
        ["src/plan.rs", "src/diff.rs", "src/graph.rs", "src/ownership.rs", "src/scope.rs", "src/policy_document.rs"]
    {
        let text = std::fs::read_to_string(root().join(file)).expect("readable");
        assert!(!text.contains("async fn") && !text.contains(".await"), "{file}: deciding is pure and synchronous");
    }
}

#[test]
fn stages_do_not_import_the_kinds() {
    let rooms = ["src/spec", "src/aws", "src/render"];
    for room in rooms {
        never(room, &[], &["crate::resources"], "stages get the registry through `kind`");
    }
    for file in ["src/plan.rs", "src/live.rs", "src/apply.rs", "src/graph.rs", "src/diff.rs"] {
        let text = std::fs::read_to_string(root().join(file)).expect("readable");
        assert!(!text.contains("crate::resources"), "{file} gets the registry through `kind`");
    }
    never(
        "src/resources",
        &[],
        &["crate::plan", "crate::apply", "crate::live", "crate::cli", "crate::render"],
        "kinds know no stage",
    );
}

#[test]
fn the_sandbox_shares_no_type_with_the_engine() {
    never("crates", &[], &["fleetctl::", "use fleetctl"], "a misreading must not cancel out");
    let manifest = std::fs::read_to_string(root().join("crates/fleet-sandbox/Cargo.toml")).expect("readable");
    assert!(!manifest.contains("path = \"../..\""), "the sandbox does not depend on the engine");
}

#[test]
fn pure_crates_have_no_io() {
    for part in ["crates/fleet-detect/src", "crates/fleet-audit/src"] {
        never(
            part,
            &[],
            &[
                "async fn",
                "tokio",
                "std::net::Tcp",
                "std::net::Udp",
                "SystemTime::now",
                "Instant::now",
                "std::env::",
                "std::fs::",
            ],
            "these libraries are pure",
        );
    }
}

#[test]
fn no_file_names_a_machine_or_leaves_work_undone() {
    // Put together here, so that this file does not hold the words itself.
    let marks =
        [["TO", "DO"].concat(), ["FIX", "ME"].concat(), ["unimple", "mented!"].concat(), ["todo", "!("].concat()];
    let places = ["work", "farm", "root"].map(|folder| format!("\"/{folder}/"));
    for (path, text) in texts(".", &[".rs", ".md", ".yaml", ".yml", ".py", ".sh", ".toml"]) {
        for word in marks.iter().chain(&places) {
            assert!(!text.contains(word.as_str()), "{}: holds `{word}`", path.display());
        }
    }
}

#[test]
fn no_room_is_called_by_a_name_that_says_nothing() {
    for (path, _) in texts(".", &[".rs", ".py"]) {
        let stem = path.file_stem().expect("a name").to_string_lossy().into_owned();
        assert!(
            !["utils", "util", "helpers", "common", "manager", "misc"].contains(&stem.as_str()),
            "{}",
            path.display()
        );
    }
}

#[test]
fn files_stay_readable() {
    for (path, text) in texts(".", &[".rs"]) {
        let lines = text.lines().count();
        assert!(lines <= 600, "{}: {lines} lines; part it", Path::new(&path).display());
    }
}
