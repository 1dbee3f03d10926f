//! The names of files: the ledger of an account, and staged messages.

use std::time::{SystemTime, UNIX_EPOCH};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use sha2::{Digest as _, Sha256};

/// How the names of ledgers begin.
const LEDGER: &str = ".pop3-ledger-";
/// How the second part of the name of a staged message begins.
const STAGED: &str = "pop3-";
/// The longest name of an account in a file name, in octets. Many file systems have a limit of 255.
const LONGEST: usize = 180;
/// The characters of a file name that are not encoded. Letters in upper case are, because some file
/// systems do not distinguish them.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'@')
    .remove(b'.')
    .remove(b'-')
    .remove(b'_');

/// Returns the name of the file with the ledger of this account.
pub(super) fn ledger(account: &str) -> String {
    let encoded = encode(account);
    if encoded.len() <= LONGEST {
        format!("{LEDGER}{encoded}")
    } else {
        format!("{LEDGER}{}", digest(account, 32))
    }
}

/// Returns the account whose ledger has this name.
pub(super) fn account_of(file: &str) -> Option<String> {
    let encoded = file.strip_prefix(LEDGER)?;
    let account = percent_decode_str(encoded).decode_utf8().ok()?;
    // A digest, or another file.
    (account.contains('@') && encode(&account) == encoded).then(|| account.into_owned())
}

fn encode(account: &str) -> String {
    let mut encoded = String::new();
    for part in utf8_percent_encode(account, ENCODED) {
        if part.starts_with('%') {
            encoded.push_str(part);
            continue;
        }
        for letter in part.chars() {
            match letter {
                'A'..='Z' => encoded.push_str(&format!("%{:02X}", u32::from(letter))),
                _ => encoded.push(letter),
            }
        }
    }
    encoded
}

/// Returns the start of the SHA-256 digest of an account, in hexadecimal digits.
fn digest(account: &str, digits: usize) -> String {
    let digest = Sha256::digest(account);
    let hex: String = digest.iter().map(|octet| format!("{octet:02x}")).collect();
    hex.chars().take(digits).collect()
}

/// The names of the staged messages of one account. They have the form that a Maildir requires, so
/// they need not change when a message is published: `time.pop3-account-fetch.host`.
#[derive(Debug, Clone)]
pub(super) struct Staged {
    /// Distinguishes the accounts that share a Maildir: each removes only its own files.
    mark: String,
    host: String,
}

impl Staged {
    pub(super) fn new(account: &str) -> Self {
        Self {
            mark: format!("{STAGED}{}-", digest(account, 12)),
            host: host_name(),
        }
    }

    /// Returns the name of a file that is created now.
    pub(super) fn file(&self, fetch: &str) -> String {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let seconds = now.unwrap_or_default().as_secs();
        format!("{seconds}.{}{fetch}.{}", self.mark, self.host)
    }

    /// Returns the name of the fetch, if this account has staged the file.
    pub(super) fn fetch<'f>(&self, file: &'f str) -> Option<&'f str> {
        file.split('.').nth(1)?.strip_prefix(&self.mark)
    }
}

/// Returns whether a file in `tmp/` was staged by this program for any account.
pub(super) fn is_staged(file: &str) -> bool {
    file.split('.')
        .nth(1)
        .is_some_and(|part| part.starts_with(STAGED))
}

/// Returns the name of this host, with characters that a Maildir file name may contain.
fn host_name() -> String {
    let name = gethostname::gethostname().to_string_lossy().into_owned();
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() || "-._".contains(c) {
            c
        } else {
            '_'
        }
    };
    name.chars().map(plain).take(64).collect()
}
