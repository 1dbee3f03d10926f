//! T-44: nothing secret is left in memory. Each way to log in has a process of its own: this test's
//! binary, run again for the one test that is ignored otherwise.

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::LazyLock;

use super::child::{CHOSEN, ECHOED, WAYS};

/// What was found at each stage.
type Stages = BTreeMap<String, Vec<String>>;

static FOUND: LazyLock<BTreeMap<&str, Stages>> =
    LazyLock::new(|| WAYS.into_iter().map(|way| (way, stages(way))).collect());

fn stages(way: &str) -> Stages {
    let output = Command::new(std::env::current_exe().unwrap())
        .args([
            "secrets::child::the_child",
            "--exact",
            "--ignored",
            "--nocapture",
        ])
        .args(["--test-threads", "1"])
        .env(CHOSEN, way)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{way}: {said}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let mut stages = Stages::new();
    for line in said.lines() {
        // libtest begins the line.
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
    assert!(stages.len() >= 5, "{way}: {said}");
    stages
}

/// Where it is not clean, of the places that `counts`.
fn left_overs(stage: &str, counts: impl Fn(&str) -> bool) -> Vec<String> {
    let mut left = Vec::new();
    for way in WAYS {
        let found = &FOUND[way][stage];
        let found = found.iter().filter(|found| counts(found));
        left.extend(found.map(|found| format!("{way}: {found}")));
    }
    left
}

fn on_stack(found: &str) -> bool {
    found.ends_with("its stack")
}

#[test]
fn the_scan_finds_what_is_there_and_nothing_else() {
    for way in WAYS {
        let stages = &FOUND[way];
        assert_eq!(stages["before"], [""; 0], "{way}");
        let (waiting, leaving) = (&stages["submitted"], &stages["in transit"]);
        if way != "X-OWN" {
            let password = |found: &String| found.starts_with("password in ");
            assert!(waiting.iter().any(password), "{way}: {waiting:?}");
        }
        let line = |found: &String| found.starts_with("line ");
        assert!(leaving.iter().any(line), "{way}: {leaving:?}");
    }
}

#[test]
fn t_44_what_has_left_is_gone_from_the_send_buffer() {
    assert_eq!(left_overs("sent", |found| !on_stack(found)), [""; 0]);
}

#[test]
fn t_44_a_login_that_is_answered_leaves_nothing_in_memory() {
    assert_eq!(left_overs("answered", |found| !on_stack(found)), [""; 0]);
}

#[test]
fn t_44_a_connection_that_is_dropped_leaves_nothing_in_memory() {
    assert_eq!(left_overs("dropped", |found| !on_stack(found)), [""; 0]);
}

/// The hash and the MAC work on copies of their own, and give digests by value.
fn of_another_crate(found: &str) -> bool {
    found.starts_with("password in") || found.starts_with("raw digest")
}

#[test]
fn t_44_no_line_and_no_digest_of_it_is_left_on_the_stack() {
    let ours = |found: &str| on_stack(found) && !of_another_crate(found);
    assert_eq!(left_overs("dropped", ours), [""; 0]);
}

#[test]
#[ignore = "hmac and md-5 leave copies on the stack; which of them last, depends on the compiler"]
fn t_44_no_key_is_left_on_the_stack() {
    assert_eq!(left_overs("dropped", on_stack), [""; 0]);
}

#[test]
#[ignore = "the receive buffer is not wiped"]
fn t_44_an_echo_of_the_password_leaves_nothing_in_memory() {
    let stages = stages(ECHOED);
    assert_eq!(stages["answered"], [""; 0]);
    assert_eq!(stages["dropped"], [""; 0]);
}
