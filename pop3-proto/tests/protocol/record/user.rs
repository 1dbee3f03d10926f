//! What an application can do with a connection, and how it is recorded: tokens, limits, panics,
//! custom mechanisms, and requests in the middle of a segment.

use pop3_proto::error::{LimitError, Limited};
use pop3_proto::record::{Recorder, Transcript, replay};
use pop3_proto::sasl::{Mechanism, Progress, Response, SaslError};
use pop3_proto::{Channel, Config, Event, Login, MessageNumber, Retr};
use pop3_testkit::conversation::Conversation;

fn recorded() -> (Recorder, Conversation) {
    let recorder = Recorder::new();
    let mut config = Config::default();
    config.pipelining = pop3_proto::config::Pipelining::Always;
    let mut session = Conversation::new(config, Channel::TrustedByCaller);
    assert!(recorder.attach(&mut session.connection));
    session.server("+OK ready\r\n");
    session.ask("user alice");
    session.ask("pass secret");
    session.server("+OK\r\n");
    session.server("+OK\r\n");
    (recorder, session)
}

/// Returns the recording, which must replay.
fn replayed(recorder: &Recorder) -> String {
    let recording = recorder.transcripts().pop().expect("a recording");
    let text = recording.to_string();
    let transcript: Transcript = text.parse().expect("a recording");
    replay(&transcript).unwrap_or_else(|why| panic!("{why}\n{text}"));
    text
}

#[test]
fn requests_in_the_middle_of_a_segment_are_recorded() {
    let (recorder, mut session) = recorded();
    session.ask("retr 1");
    session.ask("retr 2");
    session.batches();
    // An application that requests the next message when the first one begins.
    let now = session.now;
    session.arrive(b"+OK\r\none\r\n.\r\n+OK\r\ntwo\r\n");
    let opened = session.connection.poll_event();
    assert!(matches!(opened, Some(Event::Reply { .. })), "{opened:?}");
    let three = MessageNumber::new(3).expect("a number");
    session.connection.submit(Retr(three)).expect("a request");
    while session.connection.poll_event().is_some() {}
    session.connection.handle_eof(now);
    while session.connection.poll_event().is_some() {}
    let text = replayed(&recorder);
    assert!(
        text.contains("= retr 1: opened\n>> retr 3\n= retr 1: body"),
        "{text}"
    );
}

#[test]
fn single_requests_that_are_abandoned_are_recorded() {
    let (recorder, mut session) = recorded();
    session.ask("noop");
    session.ask("stat");
    let noop = session.connection.next_id();
    session.batches();
    let requests = pop3_proto::RequestId::clone(&noop);
    session.ask("list 1");
    session.connection.abandon(requests..requests.next());
    session.server("+OK\r\n+OK 1 10\r\n");
    let text = replayed(&recorder);
    assert!(text.contains("> abandon 5\n"), "{text}");
}

#[test]
fn limits_and_panics_of_the_application_are_recorded() {
    let (recorder, mut session) = recorded();
    session.ask("retr 1");
    session.batches();
    let limit = LimitError::new(Limited::Message, 10);
    session.connection.exceeded(limit);
    session.settle();
    assert!(replayed(&recorder).contains("> exceeded message 10\n"));

    let (recorder, mut session) = recorded();
    session.connection.callback_panicked();
    session.settle();
    assert!(replayed(&recorder).contains("> panicked\n= closed: panicked\n"));
}

/// A mechanism of the application, with a secret.
#[derive(Debug)]
struct Own(u8);

impl Mechanism for Own {
    fn name(&self) -> &str {
        "X-OWN"
    }

    fn initial_response(&mut self) -> Option<Response> {
        Some(Response::new("hush-hush-1"))
    }

    fn respond(&mut self, _challenge: &[u8]) -> Result<Progress, SaslError> {
        self.0 += 1;
        Ok(Progress::Respond(Response::new("hush-hush-2")))
    }

    fn finish(&mut self) -> Result<(), SaslError> {
        Ok(())
    }
}

#[test]
fn custom_mechanism_is_recorded_without_its_responses() {
    let recorder = Recorder::new();
    let mut session = Conversation::new(Config::default(), Channel::TrustedByCaller);
    assert!(recorder.attach(&mut session.connection));
    session.server("+OK ready\r\n");
    let login = Login::mechanism(Own(0)).expect("a mechanism");
    session.connection.submit(login).expect("a login");
    session.server("+OK\r\nSASL X-OWN\r\n.\r\n");
    session.server("+ YQ==\r\n");
    session.server("+ Yg==\r\n");
    session.server("+OK\r\n");
    session.server("-ERR\r\n");
    let text = replayed(&recorder);
    assert!(
        text.contains("> login-mechanism X-OWN 3 initial\n"),
        "{text}"
    );
    assert!(text.contains("= login: ok\n"), "{text}");
}

#[test]
fn tokens_are_recorded_as_they_were_provided() {
    let recorder = Recorder::new();
    let mut session = Conversation::new(Config::default(), Channel::TrustedByCaller);
    assert!(recorder.attach(&mut session.connection));
    session.server("+OK ready\r\n");
    let login = Login::bearer_on_request("alice").expect("a login");
    let id = session.connection.submit(login).expect("a login").id();
    session.server("+OK\r\nSASL XOAUTH2\r\n.\r\n");
    session.wait(5);
    let token = pop3_proto::Secret::new("ya29.real").expect("a token");
    session
        .connection
        .provide_token(id, Ok(token))
        .expect("wanted");
    session.server("+OK\r\n");
    let text = replayed(&recorder);
    assert!(
        text.contains("= login: token wanted\n> token token-1\nC: AUTH XOAUTH2 "),
        "{text}"
    );
}
