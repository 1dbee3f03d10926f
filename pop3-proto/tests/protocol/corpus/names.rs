//! Transcripts and tests, by the names that the lists use.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The crates of the workspace.
pub(super) const CRATES: [&str; 4] = [
    "pop3-proto",
    "pop3-blocking",
    "pop3-tokio",
    "pop3-async-std",
];

/// The root folder of the workspace.
pub(super) fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Returns the text of a file.
pub(super) fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|why| panic!("{}: {why}", path.display()))
}

/// All names that a list can contain.
pub(crate) struct Names {
    /// The texts of the transcripts, by file name.
    pub(crate) transcripts: BTreeMap<String, String>,
    /// All tests, such as `threats::stls::t_02_…` or
    /// `pop3-blocking::client::session_end::quit_commits_deletions`.
    pub(crate) tests: Vec<String>,
}

impl Names {
    pub(crate) fn all() -> Self {
        let mut tests = Vec::new();
        for name in CRATES {
            let prefix = match name {
                "pop3-proto" => String::new(),
                other => format!("{other}::"),
            };
            for folder in ["tests", "examples"] {
                tests_below(&workspace().join(name).join(folder), &prefix, &mut tests);
            }
        }
        let folder = workspace().join("pop3-proto/tests/transcripts");
        let files = std::fs::read_dir(folder).expect("the transcripts");
        let paths = files.map(|file| file.expect("a file").path());
        let transcripts = paths
            .filter(|path| path.extension().is_some_and(|end| end == "pop3"))
            .map(|path| (stem(&path) + ".pop3", read(&path)));
        Self {
            transcripts: transcripts.collect(),
            tests,
        }
    }

    /// Returns whether a transcript or test with this name exists.
    pub(crate) fn has(&self, name: &str) -> bool {
        if name.ends_with(".pop3") {
            self.transcripts.contains_key(name)
        } else {
            self.tests.iter().any(|test| test == name)
        }
    }
}

/// Returns the rows that a transcript names.
pub(crate) fn rows_of(transcript: &str) -> impl Iterator<Item = &str> {
    let lines = transcript.lines();
    lines
        .filter_map(|line| line.strip_prefix("# Rows: "))
        .flat_map(str::split_whitespace)
}

/// Returns whether a transcript is the same under both leniencies: no line is for one of them only.
pub(crate) fn is_same_for_both(transcript: &str) -> bool {
    let only_one = ["[strict] ", "[lenient] ", "only strict", "only lenient"];
    !(transcript.lines()).any(|line| only_one.iter().any(|marked| line.starts_with(marked)))
}

fn stem(path: &Path) -> String {
    path.file_stem()
        .expect("a name")
        .to_string_lossy()
        .into_owned()
}

/// Finds the tests below a folder, each with its module path, as `cargo test` prints it. The path
/// does not contain the folder of the test binary.
fn tests_below(folder: &Path, prefix: &str, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let prefix = match stem(&path).as_str() {
            "main" | "mod" => prefix.to_owned(),
            _ if path.join("main.rs").exists() => prefix.to_owned(),
            stem => format!("{prefix}{stem}::"),
        };
        if path.is_dir() {
            tests_below(&path, &prefix, found);
        } else if path.extension().is_some_and(|end| end == "rs") {
            let tests = tests_in(&read(&path));
            found.extend(tests.into_iter().map(|test| format!("{prefix}{test}")));
        }
    }
}

/// Returns the functions after `#[test]`, `#[tokio::test]` and the like. Ignored tests do not
/// count.
fn tests_in(source: &str) -> Vec<String> {
    let mut tests = Vec::new();
    let mut is_test = false;
    for line in source.lines().map(str::trim_start) {
        if line.starts_with("#[") {
            is_test |= line.starts_with("#[test]") || line.contains("::test");
            is_test &= !line.starts_with("#[ignore");
            continue;
        }
        let function = line.strip_prefix("async ").unwrap_or(line);
        if let Some(rest) = function.strip_prefix("fn ") {
            let name = rest.split_once('(').map(|(name, _)| name.to_owned());
            tests.extend(name.filter(|_| core::mem::take(&mut is_test)));
        }
    }
    tests
}
