//! Every command that the documents show works as it stands there.

use super::program::{Program, Ran, repository};

/// The `sh` blocks of a Markdown file.
fn blocks(text: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut block: Option<String> = None;
    for line in text.lines() {
        match (&mut block, line.trim()) {
            (None, "```sh") => block = Some(String::new()),
            (Some(text), "```") => {
                blocks.push(std::mem::take(text));
                block = None;
            }
            (Some(text), _) => text.push_str(&format!("{line}\n")),
            (None, _) => {}
        }
    }
    blocks
}

/// The folder as a reader would have it: a copy of what the commands touch.
fn copy(from: &std::path::Path, to: &std::path::Path) {
    std::fs::create_dir_all(to).expect("made");
    for entry in std::fs::read_dir(from).expect("readable") {
        let path = entry.expect("readable").path();
        let target = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy(&path, &target);
        } else {
            std::fs::copy(&path, &target).expect("copied");
        }
    }
}

fn runs(document: &str) {
    let text = std::fs::read_to_string(repository(document)).expect("readable");
    let blocks = blocks(&text);
    let program = Program::new();
    for folder in ["examples", "profiles"] {
        copy(&repository(folder), &program.dir.path().join(folder));
    }
    let bin = program.dir.path().join("bin");
    std::fs::create_dir_all(&bin).expect("made");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_fleetctl"), bin.join("fleetctl")).expect("linked");
    for block in blocks {
        // The reader's build command stands for the program that is built already; answering is not possible here.
        let script = block.replace("cargo run --release --", "fleetctl");
        let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap_or_default());
        let mut shell = std::process::Command::new("bash");
        shell.args(["-euo", "pipefail", "-c", &script]).current_dir(program.dir.path()).env("PATH", path);
        let ran = Ran::from(shell.output().expect("bash starts"));
        assert_eq!(ran.code, 0, "{document}:\n{block}\n{}{}", ran.out, ran.err);
    }
}

#[test]
fn the_readme() {
    runs("README.md");
}

#[test]
fn the_documents_and_examples() {
    let mut documents = vec!["examples/lab/README.md".to_owned()];
    for entry in std::fs::read_dir(repository("docs")).expect("readable") {
        let name = entry.expect("readable").file_name().into_string().expect("UTF-8");
        documents.extend(name.ends_with(".md").then(|| format!("docs/{name}")));
    }
    documents.sort();
    documents.iter().for_each(|document| runs(document));
}

#[test]
fn what_init_writes_can_be_applied() {
    for example in ["starter", "factory-fleet", "lab"] {
        let program = Program::new();
        assert_eq!(program.run(&["init", "here", "--example", example]).code, 0, "{example}");
        let tested = program.run(&["test", "here"]);
        assert_eq!((tested.code, tested.err.as_str()), (0, ""), "{example}: {}", tested.out);
        let applied = program.run(&["apply", "--sandbox", "--auto-approve", "here"]);
        assert_eq!(applied.code, 0, "{example}: {}{}", applied.out, applied.err);
        assert_eq!(program.run(&["plan", "--sandbox", "--detailed-exitcode", "here"]).code, 0, "{example}");
        assert_eq!(program.run(&["init", "here", "--example", example]).code, 1, "{example}: nothing is overwritten");
    }
}
