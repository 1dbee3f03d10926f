//! What the sources promise and no conversation can show.

use std::path::{Path, PathBuf};

use super::names::{CRATES, read, workspace};

/// All Rust files below a folder.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|end| end == "rs") {
            found.push(path);
        }
    }
    found
}

#[test]
fn t_98_no_crate_may_hold_unsafe_code() {
    // `forbid` cannot be taken back by a file, and each crate takes the rules of the workspace.
    assert!(read(&workspace().join("Cargo.toml")).contains("\nunsafe_code = \"forbid\"\n"));
    for name in CRATES {
        let manifest = read(&workspace().join(name).join("Cargo.toml"));
        assert!(manifest.contains("\n[lints]\nworkspace = true\n"), "{name}");
    }
}

#[test]
fn t_95_no_code_asks_who_the_server_says_it_is() {
    for name in CRATES {
        for path in sources(&workspace().join(name).join("src")) {
            // The server side has a name of its own.
            if path.components().any(|part| part.as_os_str() == "server") {
                continue;
            }
            let asks = read(&path).matches(".implementation()").count();
            assert_eq!(asks, 0, "{}", path.display());
        }
    }
}

#[test]
fn t_61_nothing_is_scanned_by_regular_expressions() {
    for name in CRATES {
        let manifest = read(&workspace().join(name).join("Cargo.toml"));
        let dependencies = manifest.split("[dev-dependencies]").next();
        assert!(
            !dependencies.unwrap_or_default().contains("regex"),
            "{name}"
        );
    }
}
