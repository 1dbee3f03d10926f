//! Properties of the source code that no transcript can show.

use std::path::{Path, PathBuf};

use super::names::{CRATES, read, workspace};

/// Returns all Rust files below a folder.
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
fn t_98_all_crates_forbid_unsafe_code() {
    // A file cannot override `forbid`, and each crate inherits the lints of the workspace.
    assert!(read(&workspace().join("Cargo.toml")).contains("\nunsafe_code = \"forbid\"\n"));
    for name in CRATES {
        let manifest = read(&workspace().join(name).join("Cargo.toml"));
        assert!(manifest.contains("\n[lints]\nworkspace = true\n"), "{name}");
    }
}

#[test]
fn t_95_no_code_depends_on_the_implementation_capability() {
    for name in CRATES {
        for path in sources(&workspace().join(name).join("src")) {
            // The server module sets its own IMPLEMENTATION.
            if path.components().any(|part| part.as_os_str() == "server") {
                continue;
            }
            let asks = read(&path).matches(".implementation()").count();
            assert_eq!(asks, 0, "{}", path.display());
        }
    }
}

#[test]
fn t_61_no_crate_depends_on_a_regex_library() {
    for name in CRATES {
        let manifest = read(&workspace().join(name).join("Cargo.toml"));
        let dependencies = manifest.split("[dev-dependencies]").next();
        assert!(
            !dependencies.unwrap_or_default().contains("regex"),
            "{name}"
        );
    }
}

/// The modules of the core, from the lowest layer to the highest. Names in the root are re-exports.
const LAYERS: &str = "
    ground      text time hex base64 mac saslprep
    commands    verb phase command_table misuse
    values      secret types apop channel config quirk status redact refusal
    logins      sasl method login_plan
    errors      error
    replies     listing capability language swallowed received preview reply
    lines       command_line
    exchanges   confirm context login exchange
    requests    command ticket event observe operation inputs
    machine     core tls connection
    mailbox     sync
    recordings  record
    clients     batch endpoint connector engine client blocking
    tests       server
    traits      serialize arbitrary
";

/// Returns the modules of the crate that a source file imports, without those in comments.
fn imports(source: &str) -> Vec<String> {
    let code: String = source
        .lines()
        .map(|line| line.split("//").next().unwrap_or_default())
        .collect();
    let named = code.split("crate::").skip(1);
    named
        .flat_map(|rest| match rest.strip_prefix('{') {
            // The crate has no nested lists: rustfmt and review keep one module per line.
            Some(list) => panic!("name one module in each `use crate::`: {{{list:.40}"),
            None => rest
                .split(|c: char| !c.is_alphanumeric() && c != '_')
                .next(),
        })
        .map(str::to_owned)
        .collect()
}

#[test]
fn core_modules_import_only_lower_layers() {
    let folder = workspace().join("pop3-proto/src");
    let layers: Vec<&str> = LAYERS
        .lines()
        .flat_map(|line| line.split_whitespace().skip(1))
        .collect();
    let mut checked = 0;
    for path in sources(&folder) {
        let inside = path.strip_prefix(&folder).expect("a file of the folder");
        let module = inside.iter().next().and_then(|part| part.to_str());
        let module = module.expect("a name in UTF-8").trim_end_matches(".rs");
        // The guides have no code.
        if matches!(module, "lib" | "guide") {
            continue;
        }
        let layer = |name: &str| layers.iter().position(|layer| *layer == name);
        let own_layer = layer(module).unwrap_or_else(|| panic!("{module} is missing from LAYERS"));
        for import in imports(&read(&path)) {
            if import == module {
                continue;
            }
            let below = layer(&import).is_some_and(|layer| layer < own_layer);
            assert!(below, "{} imports {import}", inside.display());
            checked += 1;
        }
    }
    assert!(checked > 300, "only {checked} imports were found");
}
