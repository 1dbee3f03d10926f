//! Reads the files of `transcripts/`.

use std::path::{Path, PathBuf};

use crate::transcript::Transcript;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/transcripts")
}

/// Returns all transcripts with their names.
pub fn transcripts() -> Vec<(String, Transcript)> {
    let include = |name: &str| {
        let path = folder().join("include").join(name);
        std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))
    };
    let mut transcripts: Vec<_> = std::fs::read_dir(folder())
        .expect("the folder")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "pop3")
        })
        .map(|path| {
            let name = path.display().to_string();
            let text = std::fs::read_to_string(&path).expect("a text");
            let transcript = Transcript::parse(&text, &include)
                .unwrap_or_else(|error| panic!("{name}: {error}"));
            (name, transcript)
        })
        .collect();
    transcripts.sort_by(|a, b| a.0.cmp(&b.0));
    assert!(transcripts.len() > 100, "transcripts are missing");
    transcripts
}
