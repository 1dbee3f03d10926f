//! Panics in callbacks that the application catches: the connection fails with an error, and no
//! request stays in flight without a deadline.

use std::panic::{AssertUnwindSafe, catch_unwind};

use pop3_proto::sasl::{Mechanism, OAuthError, Progress, Response, SaslError};
use pop3_proto::{
    Channel, Config, Error, Event, Login, Phase, Stat,
    command::Noop,
    login::{Credentials, CustomMechanism},
};
use pop3_testkit::conversation::Conversation;

/// Which callback panics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    Nowhere,
    InitialResponse,
    Respond,
    Work,
    Finish,
    Refused,
    IsMutual,
    ReadsChallenge,
    Drop,
}

/// A mechanism that answers any challenge after some work, and panics in one callback.
#[derive(Debug)]
struct Panics(At);

impl Panics {
    fn panic_if(&self, at: At) {
        assert!(self.0 != at, "the mechanism panics in {at:?}");
    }
}

impl Mechanism for Panics {
    fn name(&self) -> &str {
        "X-PANICS"
    }

    fn initial_response(&mut self) -> Option<Response> {
        self.panic_if(At::InitialResponse);
        (self.0 == At::IsMutual).then(Response::empty)
    }

    fn respond(&mut self, _: &[u8]) -> Result<Progress, SaslError> {
        self.panic_if(At::Respond);
        Ok(Progress::Work)
    }

    fn work(&mut self) -> Result<Progress, SaslError> {
        self.panic_if(At::Work);
        Ok(Progress::Respond(Response::new(*b"done")))
    }

    fn finish(&mut self) -> Result<(), SaslError> {
        self.panic_if(At::Finish);
        Ok(())
    }

    fn refused(&mut self) -> Option<OAuthError> {
        self.panic_if(At::Refused);
        None
    }

    fn is_mutual(&self) -> bool {
        self.panic_if(At::IsMutual);
        false
    }

    fn reads_challenge(&self) -> bool {
        self.panic_if(At::ReadsChallenge);
        true
    }
}

impl Drop for Panics {
    fn drop(&mut self) {
        // A second panic during unwinding would abort the process.
        if !std::thread::panicking() {
            self.panic_if(At::Drop);
        }
    }
}

fn custom_login(at: At) -> Login {
    let mechanism = CustomMechanism::new(Panics(at)).expect("a name");
    Login::with(Credentials::Mechanism(mechanism))
}

fn greeted() -> Conversation {
    let mut session = Conversation::new(Config::default(), Channel::TrustedByCaller);
    session.server("+OK ready\r\n");
    session.reported();
    session
}

/// Delivers these replies in order until one causes a panic. Returns whether one did.
fn panics(session: &mut Conversation, replies: &[&str]) -> bool {
    replies.iter().any(|reply| {
        let deliver = AssertUnwindSafe(|| {
            session.server(reply);
            session.settle();
        });
        catch_unwind(deliver).is_err()
    })
}

/// Asserts that the connection wants nothing more and that each request got the error.
fn assert_failed(session: &mut Conversation, requests: usize) {
    let connection = &mut session.connection;
    assert_eq!(connection.error(), Some(&Error::CallbackPanicked));
    assert_eq!(connection.phase(), Phase::Closed);
    assert_eq!(connection.poll_timeout(), None);
    assert!(!connection.wants_read() && !connection.wants_write() && !connection.wants_tls());
    assert!(!connection.wants_request() && !connection.is_computing());
    let late = connection
        .submit(Noop)
        .expect_err("the connection has failed");
    assert_eq!(late, Error::CallbackPanicked);
    let mut failed = 0;
    let mut ends = 0;
    for event in session.events() {
        match event {
            Event::Reply { result, .. } => {
                assert_eq!(result, Err(Error::CallbackPanicked));
                failed += 1;
            }
            Event::Closed(result) => {
                assert_eq!(result, Err(Error::CallbackPanicked));
                ends += 1;
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((failed, ends), (requests, 1));
    session.assert_over();
}

const LISTED: &str = "+OK\r\nSASL X-PANICS\r\n.\r\n";
const NOT_LISTED: &str = "-ERR\r\n";

#[test]
fn panicking_mechanism_ends_the_connection() {
    for (at, replies) in [
        (At::InitialResponse, &[LISTED][..]),
        (At::Respond, &[LISTED, "+ \r\n"]),
        (At::Work, &[LISTED, "+ \r\n"]),
        (At::Finish, &[LISTED, "+ \r\n", "+OK\r\n"]),
        (At::Refused, &[LISTED, "+ \r\n", "-ERR\r\n"]),
        (At::IsMutual, &[NOT_LISTED, "+ text\r\n"]),
        (At::ReadsChallenge, &[LISTED, "+ text?\r\n"]),
    ] {
        let mut session = greeted();
        session
            .connection
            .submit(custom_login(at))
            .expect("it is queued");
        session.connection.submit(Stat).expect("it is queued");
        assert!(panics(&mut session, replies), "{at:?} was not reached");
        assert_failed(&mut session, 2);
    }
}

#[test]
fn mechanism_without_panic_logs_in() {
    let mut session = greeted();
    session
        .connection
        .submit(custom_login(At::Nowhere))
        .expect("it is queued");
    assert!(!panics(&mut session, &[LISTED, "+ \r\n", "+OK\r\n"]));
    assert_eq!(session.connection.phase(), Phase::Transaction);
    assert_eq!(session.connection.error(), None);
}

#[test]
fn mechanism_panicking_in_drop_leaves_no_request() {
    for replies in [
        &[LISTED, "+ \r\n", "+OK\r\n"][..],
        &[LISTED, "+ \r\n", "-ERR\r\n"],
        &[LISTED, "+ \r\n", "+OK\r\n", "-ERR\r\n"],
    ] {
        let mut session = greeted();
        session
            .connection
            .submit(custom_login(At::Drop))
            .expect("it is queued");
        assert!(
            panics(&mut session, replies),
            "the mechanism was not dropped"
        );
        assert_failed(&mut session, 1);
    }
}

#[test]
fn abandoned_login_panicking_in_drop_keeps_queue_usable() {
    // Nothing was sent: the login is queued after a command, or its command is in the send buffer.
    for waits in [true, false] {
        let mut session = greeted();
        if waits {
            session.ask("capa");
            session.settle();
        }
        let login = session
            .connection
            .submit(custom_login(At::Drop))
            .expect("a login");
        let stat = session.connection.submit(Stat).expect("it is queued");
        let range = login.id()..login.id().next();
        let abandon = AssertUnwindSafe(|| session.connection.abandon(range));
        assert!(catch_unwind(abandon).is_err(), "the mechanism was dropped");
        if waits {
            assert_eq!(session.connection.outstanding(), 2);
            session.server("-ERR\r\n");
        }
        let events = session.events();
        assert!(
            matches!(events.last(), Some(Event::Reply { id, result: Err(Error::Misuse(_)) }) if *id == stat.id()),
            "{events:?}"
        );
        assert_eq!(session.connection.outstanding(), 0);
        assert_eq!(session.exchange("capa", "-ERR\r\n"), ["capa: unknown"]);
    }
}

#[test]
fn panic_inside_submit_ends_the_connection() {
    let mut session = greeted();
    session.exchange("capa", LISTED);
    session.sent();
    let submit = AssertUnwindSafe(|| session.connection.submit(custom_login(At::InitialResponse)));
    assert!(catch_unwind(submit).is_err());
    assert_failed(&mut session, 1);
}

#[test]
fn pending_event_is_reported_before_the_panic() {
    let mut session = greeted();
    session.exchange("capa", LISTED);
    session.sent();
    session.ask("capa");
    session.settle();
    session
        .connection
        .submit(custom_login(At::InitialResponse))
        .expect("it is queued");
    // Polling the reply to CAPA starts the login.
    session.arrive(LISTED.as_bytes());
    let take = AssertUnwindSafe(|| session.connection.poll_event());
    assert!(catch_unwind(take).is_err());
    assert_failed(&mut session, 1);
}
