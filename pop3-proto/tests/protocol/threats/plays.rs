//! Plays transcripts that are written inside the tests, since most tests vary one line of them. The
//! syntax is that of `transcripts/`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pop3_proto::config::Leniency;

use pop3_proto::record::Transcript;
use pop3_testkit::play::{Feeding, LineEnds, play};

/// A trusted channel to a server that has sent its greeting.
pub(crate) const TRUSTED: &str = "set channel trusted\nS: +OK\n= greeting: \"\"\n";

/// Shows that the connection can still be used.
pub(crate) const USABLE: &str = "> quit\nC: QUIT\nS: +OK\n= quit: committed\n= closed\n";

/// Plays a transcript under each leniency, with the input whole, octet by octet and split at each
/// place. If it closes the connection, the next request gets the same error and nothing is sent.
#[track_caller]
pub(crate) fn plays(text: impl AsRef<str>) {
    let text = read(text.as_ref());
    go(&text, Feeding::Whole);
    go(&text, Feeding::Octets);
    for position in 1..text.1.server_octets() {
        go(&text, Feeding::CutAt(position));
    }
}

/// Plays a transcript only with the input whole.
#[track_caller]
pub(crate) fn plays_whole(text: impl AsRef<str>) {
    go(&read(text.as_ref()), Feeding::Whole);
}

/// Plays a transcript whole and octet by octet, for long replies and expensive proofs.
#[track_caller]
pub(crate) fn plays_long(text: impl AsRef<str>) {
    let text = read(text.as_ref());
    go(&text, Feeding::Whole);
    go(&text, Feeding::Octets);
}

fn read(text: &str) -> (String, Transcript) {
    // The transcripts are indented in the code.
    let lines: Vec<&str> = text.lines().map(str::trim_start).collect();
    let text = lines.join("\n");
    let transcript = text.parse().expect("a transcript");
    (text, transcript)
}

#[track_caller]
fn go((text, transcript): &(String, Transcript), feeding: Feeding) {
    for leniency in [Leniency::Lenient, Leniency::Strict] {
        if let Err(what) = play(transcript, leniency, LineEnds::AsWritten, feeding) {
            panic!("under {leniency:?}, {what}\nin\n{text:.2000}");
        }
    }
}

pub(crate) fn base64(octets: impl AsRef<[u8]>) -> String {
    STANDARD.encode(octets)
}

/// A login up to its `AUTH`, on a trusted channel to a server that advertises these mechanisms.
pub(crate) fn auth(mechanisms: &str, login: &str, command: &str) -> String {
    format!("{TRUSTED}> {login}\nC: CAPA\nS: +OK\nS: SASL {mechanisms}\nS: .\nC: AUTH {command}\n")
}

/// The login fails with this error and the connection is closed.
pub(crate) fn login_fails(error: &str) -> String {
    format!("= login: failed: {error}\n= closed: {error}\n")
}
