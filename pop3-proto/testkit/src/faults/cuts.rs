//! Breaks or stalls the connection at every place of a session.
//!
//! The first session is not interrupted. It records after which octet of the server each step is
//! complete. Then the same session is interrupted. The client must report exactly those steps as
//! complete whose replies were received completely.

use std::ops::Range;
use std::time::{Duration, Instant};

use pop3_blocking::server::EmbeddedServer;
use pop3_proto::{
    Connector, Dele, Endpoint, Error, List, Login, QuitOutcome, Uidl,
    command::Verb,
    config::{CapaPolicy, Pipelining, StlsPolicy},
    error::Timeout,
    login::{LoginPolicy, Method},
    tls::Roots,
};

use super::course::{
    COURSE, Expected, Replies, STEPS, assert_cut_in_tls, expected_end, may_be_idle,
};
use super::embedded;
use super::relay::{Place, Relay, Then};
use crate::parity::client::{Client, Enough};

/// The messages contain lines that need dot-stuffing. One message ends with a line that resembles
/// the terminator.
const MAIL: [&str; 3] = [
    "Subject: 1\r\n\r\n.\r\n..\r\n",
    "\r\n",
    "Subject: 3\r\n\r\nthe last line, and it is a dot\r\n.\r\n",
];

const SHORT: Duration = Duration::from_millis(100);

/// The embedded server and a relay in front of it.
struct Scenario {
    server: EmbeddedServer,
    relay: Relay,
    endpoint: Endpoint,
    connector: Connector,
    mail: Vec<String>,
}

/// What was reported in a session.
#[derive(Debug, Default)]
struct Report {
    /// How many steps are complete: connect, login, LIST, UIDL, three messages, three DELEs, QUIT.
    steps: usize,
    quit: Option<Result<QuitOutcome, Error>>,
    /// The failures, in order.
    errors: Vec<Error>,
}

impl Scenario {
    fn new(tls: bool) -> Self {
        let mut mail = MAIL.map(str::to_owned).to_vec();
        if tls {
            // Make the message longer than several TLS records.
            mail[1] = mail[0].repeat(3_000);
        }
        let server = embedded("alice", &mail);
        let target = if tls {
            server.implicit_tls()
        } else {
            server.plain()
        }
        .port();
        let relay = Relay::start(move || target);
        let port = Some(relay.port());
        let mut connector = Connector::default();
        connector.tls.roots = Some(Roots::from_pem(server.ca_pem().as_bytes()).unwrap());
        connector.config.stls = StlsPolicy::Off;
        connector.config.allow_insecure_login = true;
        connector.config.capa = CapaPolicy::Never;
        connector.config.pipelining = Pipelining::Always;
        let endpoint = if tls {
            Endpoint::implicit_tls("localhost", port)
        } else {
            Endpoint::plain("localhost", port)
        };
        Self {
            server,
            relay,
            endpoint,
            connector,
            mail,
        }
    }

    /// Runs a session until it is complete or fails.
    fn session<C: Client>(&self) -> Report {
        let mut report = Report::default();
        if let Err(error) = self.steps::<C>(&mut report) {
            report.errors.push(error);
        }
        report
    }

    fn steps<C: Client>(&self, report: &mut Report) -> Result<(), Error> {
        let mut client = C::connect_with(&self.endpoint, &self.connector)?;
        report.steps += 1;
        let by_password = LoginPolicy::only(Method::UserPass);
        let login = Login::new("alice", "secret").unwrap();
        client.login(login.with_policy(by_password))?;
        report.steps += 1;
        let list = client.submit(List)?;
        let uidl = client.submit(Uidl)?;
        assert_eq!(client.wait(list)?.octets(), self.mail.concat().len() as u64);
        report.steps += 1;
        let numbers: Vec<_> = client.wait(uidl)?.numbers().collect();
        assert_eq!(numbers.len(), self.mail.len());
        report.steps += 1;

        let mut expected = self.mail.iter();
        client.retrieve(numbers.clone(), &mut |message| {
            let rest = message.and_then(|message| message.rest());
            let expected = expected.next();
            match rest {
                Ok(octets) => {
                    assert_eq!(
                        Some(octets.as_slice()),
                        expected.map(|mail| mail.as_bytes())
                    );
                    report.steps += 1;
                }
                Err(error) => report.errors.push(error),
            }
            Enough::NotYet
        });
        for reply in client.pipeline(numbers.into_iter().map(Dele), usize::MAX) {
            match reply {
                Ok(_) => report.steps += 1,
                Err(error) => report.errors.push(error),
            }
        }
        let outcome = client.quit();
        report.quit = Some(outcome.clone());
        if outcome?.is_committed() {
            report.steps += 1;
        }
        Ok(())
    }

    /// Checks the invariants of a session, regardless of how it ended.
    #[track_caller]
    fn assert_consistent(&self, report: &Report, quit_in_cleartext: bool) {
        let left = self.server.maildrop().len();
        match &report.quit {
            Some(Ok(QuitOutcome::Committed(_))) => assert_eq!((left, report.steps), (0, STEPS)),
            Some(Ok(QuitOutcome::Unknown)) => assert!(report.steps < STEPS),
            Some(Err(_)) | None => {
                assert_eq!(left, self.mail.len(), "{report:?}");
                if quit_in_cleartext {
                    let asked = self.relay.asked();
                    assert!(
                        !asked.windows(4).any(|octets| octets == b"QUIT"),
                        "{report:?}"
                    );
                }
            }
            Some(Ok(outcome)) => panic!("{outcome:?}"),
        }
        // All operations fail with the same error.
        assert!(
            report.errors.iter().all(|error| *error == report.errors[0]),
            "{report:?}"
        );
    }
}

/// Runs a session without a fault. Returns the positions in the server's octets where each reply
/// ends and where each step is complete.
fn learn<C: Client>() -> (Replies, Vec<usize>) {
    let scenario = Scenario::new(false);
    let report = scenario.session::<C>();
    assert_eq!((report.steps, &*report.errors), (STEPS, &[][..]));
    let said = scenario.relay.said();
    let mut at = 0;
    let mut reply = |end: &str| {
        let rest = &said[at..];
        let end = end.as_bytes();
        at += rest
            .windows(end.len())
            .position(|part| part == end)
            .unwrap()
            + end.len();
        at
    };
    let replies = COURSE.map(|verb| {
        let many = matches!(verb, Some(Verb::List | Verb::Uidl | Verb::Retr));
        (verb, reply(if many { "\r\n.\r\n" } else { "\r\n" }))
    });
    let steps = replies.iter().filter(|(verb, _)| *verb != Some(Verb::User));
    let ends: Vec<_> = steps.map(|(_, end)| *end).collect();
    assert_eq!((ends.len(), ends.last()), (STEPS, Some(&said.len())));
    (replies, ends)
}

/// Returns how many steps are complete after this many octets.
fn complete(ends: &[usize], octets: usize) -> usize {
    ends.iter().filter(|end| **end <= octets).count()
}

/// Checks sessions that are interrupted after these octets.
fn cut<C: Client>(replies: &Replies, ends: &[usize], places: &[usize], then: Then) {
    let mut scenario = Scenario::new(false);
    for &octets in places {
        if scenario.server.maildrop().is_empty() {
            scenario = Scenario::new(false);
        }
        scenario.relay.fail(Place::Octet(octets), then);
        let report = scenario.session::<C>();
        assert!(scenario.relay.has_failed());
        scenario.assert_consistent(&report, true);
        // If the reset arrives first, the result of connecting is the reset, and the greeting is
        // lost.
        let overtaken = then == Then::Reset && report.steps == 0;
        if !(overtaken && complete(ends, octets) == 1) {
            assert_eq!(report.steps, complete(ends, octets), "{octets}: {report:?}");
        }
        // After a close, QUIT may or may not have been sent.
        let deles = ends[STEPS - 2];
        match &report.quit {
            Some(Ok(QuitOutcome::Unknown)) => assert!(octets >= deles, "{octets}: {report:?}"),
            Some(Ok(_)) => assert_eq!(Some(&octets), ends.last()),
            _ => assert!(octets <= deles, "{octets}: {report:?}"),
        }
        if let Some(error) = report.errors.first() {
            match (error, then) {
                (Error::Closed(closed), Then::Close) => {
                    let (found, expected) = (Expected::of(closed), expected_end(replies, octets));
                    let idle = found == Expected::Idle && may_be_idle(replies, octets);
                    assert!(
                        found == expected || idle,
                        "{octets}: {report:?}, {expected:?}"
                    );
                }
                (Error::Transport(_), Then::Reset) => {}
                _ => panic!("{octets}: {error:?}"),
            }
        }
    }
}

pub fn close_at_any_octet_completes_only_received_replies<C: Client>() {
    let (replies, ends) = learn::<C>();
    let all: Vec<_> = (1..=*ends.last().unwrap()).collect();
    cut::<C>(&replies, &ends, &all, Then::Close);
}

pub fn reset_anywhere_completes_only_received_replies<C: Client>() {
    let (replies, ends) = learn::<C>();
    let around = |end: &usize| -> Range<usize> { end - 3..end + 2 };
    let all = *ends.last().unwrap();
    let places = ends.iter().flat_map(around).filter(|place| *place <= all);
    cut::<C>(&replies, &ends, &places.collect::<Vec<_>>(), Then::Reset);
}

pub fn close_without_close_notify_completes_only_received_replies<C: Client>() {
    let mut scenario = Scenario::new(true);
    assert_eq!(scenario.session::<C>().steps, STEPS);
    let all = scenario.relay.said().len();
    let mut steps = Vec::new();
    // These places are in the handshake, the short replies, the long message, and at the end.
    let places = (1..4000).step_by(97).chain((4000..all - 400).step_by(4001));
    for octets in places.chain((all - 400..all).step_by(13)) {
        for then in [Then::Close, Then::Reset] {
            if scenario.server.maildrop().is_empty() {
                scenario = Scenario::new(true);
            }
            scenario.relay.fail(Place::Octet(octets), then);
            let report = scenario.session::<C>();
            // The length of the handshake varies by some octets.
            if scenario.relay.has_failed() {
                scenario.assert_consistent(&report, false);
                if let (Some(Error::Closed(closed)), Then::Close) = (report.errors.first(), then) {
                    assert_cut_in_tls(closed, report.steps);
                }
                steps.push(report.steps);
            }
        }
    }
    // The places must include ones before the login, within a message, and at the end.
    for step in [0, 5, STEPS - 1] {
        assert!(steps.contains(&step), "{step} of {steps:?}");
    }
}

pub fn stalled_connection_fails_at_its_deadline<C: Client>() {
    let (_, ends) = learn::<C>();
    // These places are in a status line, between CR and LF, after a whole reply, and in a body or a
    // listing.
    let kinds = |end: &usize| [end - 4, end - 1, *end];
    let places = ends.iter().flat_map(kinds);
    for octets in places.filter(|octets| Some(octets) != ends.last()) {
        // On a busy machine the short deadline may pass before that place is reached. Then try a
        // longer one.
        let (report, taken, deadline) = [SHORT, 10 * SHORT, 100 * SHORT]
            .into_iter()
            .find_map(|deadline| {
                let (struck, report, taken) = stalled::<C>(octets, deadline);
                let there = struck && report.steps == complete(&ends, octets);
                (there || deadline > 10 * SHORT).then_some((report, taken, deadline))
            })
            .unwrap();
        assert_eq!(
            report.steps,
            complete(&ends, octets),
            "{octets}: {report:?}"
        );
        assert!(taken >= deadline, "{taken:?}");
        assert!(taken < deadline + 100 * SHORT, "{taken:?}");
        if octets >= ends[STEPS - 2] {
            assert_eq!(report.quit, Some(Ok(QuitOutcome::Unknown)));
            continue;
        }
        match report.errors[0] {
            Error::Timeout(Timeout::Stall { .. }) => assert!(!ends.contains(&octets)),
            Error::Timeout(Timeout::FirstOctet { .. }) => assert!(ends.contains(&octets)),
            ref error => panic!("{octets}: {error:?}"),
        }
    }
}

/// Runs a session that stalls after this many octets. Returns whether it reached that place, the
/// report, and the duration.
fn stalled<C: Client>(octets: usize, deadline: Duration) -> (bool, Report, Duration) {
    let mut scenario = Scenario::new(false);
    let timeouts = &mut scenario.connector.config.timeouts;
    (timeouts.greeting, timeouts.first_octet) = (deadline, deadline);
    (timeouts.stall, timeouts.quit) = (deadline, deadline);
    timeouts.quit_without_deletions = deadline;
    scenario.relay.fail(Place::Octet(octets), Then::Stall);
    let start = Instant::now();
    let report = scenario.session::<C>();
    let taken = start.elapsed();
    let struck = scenario.relay.has_failed();
    scenario.assert_consistent(&report, true);
    (struck, report, taken)
}
