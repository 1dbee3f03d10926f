//! Plays the conversations that the tests are made of: transcripts as in `transcripts/`, here inside
//! the tests since most of them vary one line of it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pop3_proto::config::Leniency;

use pop3_testkit::play::{Feeding, LineEnds, octets_of_server, play};
use pop3_testkit::transcript::Transcript;

/// A channel that is as good as TLS, with a server that has greeted.
pub(crate) const TRUSTED: &str = "set channel trusted\nS: +OK\n= greeting: \"\"\n";

/// What a connection does that can be used.
pub(crate) const USABLE: &str = "> quit\nC: QUIT\nS: +OK\n= quit: committed\n= closed\n";

/// It goes as written under each leniency, whole, octet by octet and in any two pieces. Where it
/// ends the connection, the next request gets the same error and nothing is written any more.
#[track_caller]
pub(crate) fn plays(story: impl AsRef<str>) {
    let story = read(story.as_ref());
    go(&story, Feeding::Whole);
    go(&story, Feeding::Octets);
    for position in 1..octets_of_server(&story.1) {
        go(&story, Feeding::CutAt(position));
    }
}

/// The same where it matters that octets come together.
#[track_caller]
pub(crate) fn plays_whole(story: impl AsRef<str>) {
    go(&read(story.as_ref()), Feeding::Whole);
}

/// The same whole and octet by octet: for long replies, and where each time a proof is computed.
#[track_caller]
pub(crate) fn plays_long(story: impl AsRef<str>) {
    let story = read(story.as_ref());
    go(&story, Feeding::Whole);
    go(&story, Feeding::Octets);
}

fn read(story: &str) -> (String, Transcript) {
    // Stories stand indented in the code.
    let lines: Vec<&str> = story.lines().map(str::trim_start).collect();
    let story = lines.join("\n");
    let no_file = |name: &str| Err(format!("no file {name}"));
    let transcript = Transcript::parse(&story, &no_file).expect("a transcript");
    (story, transcript)
}

#[track_caller]
fn go((story, transcript): &(String, Transcript), feeding: Feeding) {
    for leniency in [Leniency::Lenient, Leniency::Strict] {
        if let Err(what) = play(transcript, leniency, LineEnds::AsWritten, feeding) {
            panic!("under {leniency:?}, {what}\nin\n{story:.2000}");
        }
    }
}

pub(crate) fn base64(octets: impl AsRef<[u8]>) -> String {
    STANDARD.encode(octets)
}

/// A login on a trusted channel to a server that lists these mechanisms, up to its `AUTH`.
pub(crate) fn auth(mechanisms: &str, login: &str, command: &str) -> String {
    format!("{TRUSTED}> {login}\nC: CAPA\nS: +OK\nS: SASL {mechanisms}\nS: .\nC: AUTH {command}\n")
}

/// The end of a session: its login fails with this, and it is over.
pub(crate) fn dead(error: &str) -> String {
    format!("= login: failed: {error}\n= closed: {error}\n")
}
