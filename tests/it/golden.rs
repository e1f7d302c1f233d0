//! Specs in, what people see out: `tests/golden/CASE/fleet.yaml` and `expected.txt`, and `before.yaml` where something is
//! live already. `FLEETCTL_UPDATE_GOLDEN=1` writes the expectations anew; look at the difference before committing it.

use std::path::Path;

use super::program::{Program, repository};

fn case(name: &str) {
    let folder = repository("tests/golden").join(name);
    let program = Program::new();
    for entry in std::fs::read_dir(&folder).expect("readable") {
        let path = entry.expect("readable").path();
        std::fs::copy(&path, program.dir.path().join(path.file_name().expect("a name"))).expect("copied");
    }
    if program.dir.path().join("before.yaml").exists() {
        let before = program.run(&["apply", "--sandbox", "--auto-approve", "before.yaml"]);
        assert_eq!(before.code, 0, "{name}: {}{}", before.out, before.err);
    }
    let ran = program.run(&["plan", "--sandbox", "fleet.yaml"]);
    let seen = format!("exit {}\n--- standard output\n{}--- standard error\n{}", ran.code, ran.out, ran.err);
    compare(&folder.join("expected.txt"), &seen, name);
}

pub fn compare(path: &Path, seen: &str, name: &str) {
    if std::env::var_os("FLEETCTL_UPDATE_GOLDEN").is_some() {
        std::fs::write(path, seen).expect("written");
    }
    let expected = std::fs::read_to_string(path).expect("readable");
    pretty_assertions::assert_str_eq!(expected, seen, "{name}");
}

#[test]
fn a_first_plan_shows_what_will_be_there() {
    case("create");
}

#[test]
fn a_later_plan_shows_each_change_in_its_own_way() {
    case("changes");
}

#[test]
fn mistakes_are_shown_with_their_places() {
    case("mistakes");
}
