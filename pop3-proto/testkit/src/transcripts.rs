//! Reads the files of `transcripts/`.

use std::path::{Path, PathBuf};

use pop3_proto::record::Transcript;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/transcripts")
}

/// Returns all transcripts with their names, or those whose file names contain the value of the
/// environment variable `POP3_TRANSCRIPT`.
pub fn transcripts() -> Vec<(String, Transcript)> {
    let include = |name: &str| {
        let path = folder().join("include").join(name);
        std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))
    };
    #[allow(
        clippy::disallowed_methods,
        reason = "a setting for a person at a terminal"
    )]
    let only = std::env::var("POP3_TRANSCRIPT").unwrap_or_default();
    let mut transcripts: Vec<_> = std::fs::read_dir(folder())
        .expect("the folder")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| {
            let stem = path.file_stem().and_then(|stem| stem.to_str());
            let extension = path.extension();
            extension.is_some_and(|extension| extension == "pop3")
                && stem.is_some_and(|stem| stem.contains(&only))
        })
        .map(|path| {
            let name = path.display().to_string();
            let text = std::fs::read_to_string(&path).expect("a text");
            let transcript = Transcript::parse_with(&text, &include)
                .unwrap_or_else(|error| panic!("{name}: {error}"));
            (name, transcript)
        })
        .collect();
    transcripts.sort_by(|a, b| a.0.cmp(&b.0));
    let least = if only.is_empty() { 100 } else { 1 };
    assert!(transcripts.len() >= least, "transcripts are missing");
    transcripts
}
