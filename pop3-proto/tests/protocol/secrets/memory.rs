//! T-44: no secret is left in memory. Each login runs in a separate process, which executes one
//! test of this binary that is ignored otherwise.

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::LazyLock;

use super::child::{CASES, CHOSEN, ECHOED};

/// The secrets that were found, by stage.
type Stages = BTreeMap<String, Vec<String>>;

static FOUND: LazyLock<BTreeMap<&str, Stages>> =
    LazyLock::new(|| CASES.into_iter().map(|case| (case, stages(case))).collect());

fn stages(case: &str) -> Stages {
    let output = Command::new(std::env::current_exe().unwrap())
        .args([
            "secrets::child::scan_own_memory_during_login",
            "--exact",
            "--ignored",
            "--nocapture",
        ])
        .args(["--test-threads", "1"])
        .env(CHOSEN, case)
        .output()
        .unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{case}: {stdout}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let mut stages = Stages::new();
    for line in stdout.lines() {
        // libtest may print the start of the line.
        let Some((_, line)) = line.split_once("STAGE ") else {
            continue;
        };
        let (stage, found) = line.split_once(": ").unwrap();
        let found = found.split("; ").filter(|found| !found.is_empty());
        stages
            .entry(stage.to_owned())
            .or_default()
            .extend(found.map(str::to_owned));
    }
    assert!(stages.len() >= 5, "{case}: {stdout}");
    stages
}

/// Returns the secrets that were found at a stage in places for which `counts` is true.
fn found_at(stage: &str, counts: impl Fn(&str) -> bool) -> Vec<String> {
    let mut left = Vec::new();
    for case in CASES {
        let found = &FOUND[case][stage];
        let found = found.iter().filter(|found| counts(found));
        left.extend(found.map(|found| format!("{case}: {found}")));
    }
    left
}

fn on_stack(found: &str) -> bool {
    found.ends_with("its stack")
}

#[test]
fn memory_scan_finds_known_secrets() {
    for case in CASES {
        let stages = &FOUND[case];
        assert_eq!(stages["before"], [""; 0], "{case}");
        let (submitted, in_transit) = (&stages["submitted"], &stages["in transit"]);
        if case != "X-OWN" {
            let password = |found: &String| found.starts_with("password in ");
            assert!(submitted.iter().any(password), "{case}: {submitted:?}");
        }
        let line = |found: &String| found.starts_with("line ");
        assert!(in_transit.iter().any(line), "{case}: {in_transit:?}");
    }
}

#[test]
fn t_44_sent_secrets_are_wiped_from_send_buffer() {
    assert_eq!(found_at("sent", |found| !on_stack(found)), [""; 0]);
}

#[test]
fn t_44_answered_login_leaves_no_secret_in_memory() {
    assert_eq!(found_at("answered", |found| !on_stack(found)), [""; 0]);
}

#[test]
fn t_44_dropped_connection_leaves_no_secret_in_memory() {
    assert_eq!(found_at("dropped", |found| !on_stack(found)), [""; 0]);
}

/// The hash and the MAC copy keys internally and return digests by value.
fn is_from_dependency(found: &str) -> bool {
    found.starts_with("password in") || found.starts_with("raw digest")
}

#[test]
fn t_44_no_line_or_digest_is_left_on_stack() {
    let ours = |found: &str| on_stack(found) && !is_from_dependency(found);
    assert_eq!(found_at("dropped", ours), [""; 0]);
}

#[test]
#[ignore = "hmac and md-5 leave copies on the stack; which of them remain depends on the compiler"]
fn t_44_no_key_is_left_on_the_stack() {
    assert_eq!(found_at("dropped", on_stack), [""; 0]);
}

#[test]
#[ignore = "the receive buffer is not wiped"]
fn t_44_echoed_password_leaves_nothing_in_memory() {
    let stages = stages(ECHOED);
    assert_eq!(stages["answered"], [""; 0]);
    assert_eq!(stages["dropped"], [""; 0]);
}
