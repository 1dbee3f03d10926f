//! Recordings of sessions with servers: their replay needs no server and ends in the same way.

use std::path::Path;

use pop3_blocking::record::{Recorder, Transcript, replay};
use pop3_blocking::server::{EmbeddedServer, Maildrop, On, ServerConfig, Verb};
use pop3_blocking::{Client, Connector, Error, List, Login, Stat, Uidl, connect_with};

use super::support::trusting;

/// Checks that a recording replays, from its text, and ends in the same error.
pub(crate) fn replays(name: &str, recorder: &Recorder, error: Option<&Error>) -> String {
    let recordings = recorder.transcripts();
    assert_eq!(recordings.len(), 1);
    let text = recordings[0].to_string();
    keep(name, &text);
    let transcript: Transcript = text.parse().expect("a transcript");
    let replayed = replay(&transcript).unwrap_or_else(|why| panic!("{why}\n{text}"));
    assert_eq!(replayed.error(), error, "{text}");
    text
}

/// Writes a recording to the folder in the environment variable `POP3_RECORDINGS`, if it is set. The
/// recorded sessions in `pop3-proto/tests/transcripts` were written in this way.
fn keep(name: &str, text: &str) {
    if let Some(folder) = std::env::var_os("POP3_RECORDINGS") {
        let file = Path::new(&folder).join(format!("recorded-{name}.pop3"));
        std::fs::write(file, text).expect("write the recording");
    }
}

/// Fetches all messages, as a program that keeps them on the server does.
pub(crate) fn fetch(
    mut client: Client<impl pop3_blocking::Stream>,
    login: Login,
) -> Result<(), Error> {
    client.login(login)?;
    let (_, _, ids) = client.batch((Stat, List, Uidl))?;
    let mut messages = client.retrieve(ids.numbers());
    while let Some(message) = messages.next() {
        message?.to_vec(1 << 20)?;
    }
    client.confirm()?;
    client.quit().map(drop)
}

fn mail() -> Maildrop {
    Maildrop::from_iter([
        ("one", "Subject: one\r\n\r\nfirst\r\n"),
        ("two", "Subject: two\r\n\r\na dot:\r\n.\r\nthe rest\r\n"),
        ("three", "Subject: three\r\n\r\nlast\r\n"),
    ])
}

fn recorded(server: &EmbeddedServer) -> (Recorder, Connector) {
    let recorder = Recorder::new();
    let mut connector = trusting(server);
    connector.record_with(&recorder);
    (recorder, connector)
}

fn alice() -> Login {
    Login::new("alice", "correct-Horse-7").unwrap()
}

#[test]
fn session_over_tls_is_recorded_and_replayed() {
    let config = ServerConfig::new("alice", "correct-Horse-7").sasl(["SCRAM-SHA-256"]);
    let server = EmbeddedServer::start(config, mail()).unwrap();
    for endpoint in [server.plain(), server.implicit_tls()] {
        let (recorder, connector) = recorded(&server);
        let client = connect_with(&endpoint, &connector).unwrap();
        fetch(client, alice()).unwrap();
        let text = replays("embedded-server", &recorder, None);
        assert!(text.contains("C: AUTH SCRAM-SHA-256 "), "{text}");
        for private in ["correct-Horse-7", "alice", "Subject", "the rest"] {
            assert!(!text.contains(private), "{private}\n{text}");
        }
    }
}

#[test]
fn session_with_a_faulty_server_is_recorded() {
    let config = ServerConfig::new("alice", "correct-Horse-7");
    let server = EmbeddedServer::start(config, mail()).unwrap();
    server.add_fault(On::command(Verb::Retr).message(2).unstuffed().unwrap());
    let (recorder, mut connector) = recorded(&server);
    connector.config.pipelining = pop3_blocking::config::Pipelining::Always;
    let client = connect_with(&server.implicit_tls(), &connector).unwrap();
    let error = fetch(client, alice()).unwrap_err();
    assert!(matches!(error, Error::Protocol(_)), "{error:?}");
    let text = recorder.transcripts()[0].to_string();
    keep("faulty-server", &text);
    let transcript: Transcript = text.parse().unwrap();
    let replayed = replay(&transcript).unwrap();
    // The octets that the error quotes are replaced.
    let kind = |error: &Error| format!("{error:?}").split("got").next().map(str::to_owned);
    assert_eq!(replayed.error().and_then(kind), kind(&error), "{text}");
    assert!(!text.contains("the rest"), "{text}");
}
