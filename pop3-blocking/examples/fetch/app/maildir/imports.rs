//! What is known when an account has no ledger yet: the list of an older version of this program, and
//! the ledgers of the same user at other host names.

use std::fs::{self, OpenOptions};
use std::io::{self, BufRead as _, BufReader, ErrorKind};
use std::path::Path;

use percent_encoding::percent_decode;
use pop3_blocking::sync::{Day, FetchName, Ledger};

use super::files::{self, failed};
use super::ledger_file::LedgerFile;
use super::names;
use super::store::Folders;

/// The list of an older version: lines of an account with its port and a unique-id, both
/// percent-encoded. It is only read.
const LIST: &str = ".pop3-uids";

/// Returns a ledger with what is known, and its text.
pub(super) fn new_ledger(root: &Path, account: &str, today: Day) -> io::Result<(Ledger, String)> {
    let mut ledger = Ledger::new();
    let ids = listed(&root.join(LIST), account)?;
    let mut text = Ledger::HEADER.to_owned();
    text += &ledger.import_known(ids.iter().map(Vec::as_slice), today);
    for other in elsewhere(root, account)? {
        if let Some((_, known, _)) = LedgerFile::open(root.join(names::ledger(&other)))? {
            // What this ledger records as stored must not remain invisible.
            let unpublished: Vec<_> = known.unpublished().iter().map(FetchName::as_str).collect();
            Folders::new(root, &other).publish_staged(&unpublished)?;
            text += &ledger.import_elsewhere(&known, today);
        }
    }
    Ok((ledger, text))
}

/// Returns the unique-ids of this account in the list.
fn listed(path: &Path, account: &str) -> io::Result<Vec<Vec<u8>>> {
    let file = match files::open_regular(path, OpenOptions::new().read(true)) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        opened => opened?,
    };
    let mut ids = Vec::new();
    let mut reader = BufReader::new(file);
    let mut line = Vec::new();
    while reader
        .read_until(b'\n', &mut line)
        .map_err(failed("read", path))?
        > 0
    {
        ids.extend(id_of(&line, account));
        line.clear();
    }
    Ok(ids)
}

/// Returns the unique-id in a line, if the line belongs to this account. A line without a line end may
/// be truncated, so it is ignored.
fn id_of(line: &[u8], account: &str) -> Option<Vec<u8>> {
    let line = line.strip_suffix(b"\n")?;
    let space = line.iter().position(|&octet| octet == b' ')?;
    let (owner, id) = line.split_at_checked(space)?;
    let owner = percent_decode(owner).decode_utf8().ok()?;
    let (name, port) = owner.rsplit_once(':').unwrap_or((&owner, ""));
    let name = match port.parse::<u16>() {
        Ok(_) => name,
        Err(_) => &owner,
    };
    if canonical(name) != account {
        return None;
    }
    let id: Vec<u8> = percent_decode(id.get(1..)?).collect();
    // Messages that shared a unique-id have a number after a line break. It identifies nothing.
    (!id.contains(&b'\n')).then_some(id)
}

/// Returns the other accounts of the Maildir that have the same user name at another host.
fn elsewhere(root: &Path, account: &str) -> io::Result<Vec<String>> {
    let user = |account: &str| account.rsplit_once('@').map(|(user, _)| user.to_owned());
    let mut others = Vec::new();
    for entry in fs::read_dir(root).map_err(failed("read", root))? {
        let name = entry.map_err(failed("read", root))?.file_name();
        let other = name.to_str().and_then(names::account_of);
        others.extend(other.filter(|other| other != account && user(other) == user(account)));
    }
    others.sort();
    Ok(others)
}

/// Returns the name of an account, which does not depend on the case of host names: the host, and the
/// domain of the user.
pub(crate) fn canonical(account: &str) -> String {
    let (user, host) = account.rsplit_once('@').unwrap_or(("", account));
    let host = host.to_ascii_lowercase();
    match user.rsplit_once('@') {
        Some((user, domain)) => format!("{user}@{}@{host}", domain.to_ascii_lowercase()),
        None => format!("{user}@{host}"),
    }
}
