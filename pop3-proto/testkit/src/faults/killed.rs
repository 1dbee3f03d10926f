//! Kills all processes of Dovecot at a chosen octet, and restarts it to check which messages it has
//! deleted.

use std::sync::Arc;

use pop3_proto::{
    Connector, Dele, Endpoint, Error, List, MessageNumber, QuitOutcome, Uidl,
    command::Verb,
    error::{Advice, Closed, TransportErrorKind},
    tls::Roots,
};

use super::relay::{Place, Relay, Then};
use crate::dovecot::{Dovecot, Options, corpus};
use crate::parity::client::{Client, Enough};
use crate::session::{Way, login};

/// What the client receives from a killed server.
const ENDS: [Then; 2] = [Then::Close, Then::Reset];

/// A server with alice's mail, and the relay in front of it, in cleartext.
struct Scenario {
    server: Arc<Dovecot>,
    relay: Relay,
    mail: Vec<Vec<u8>>,
}

impl Scenario {
    fn new(messages: usize) -> Option<Self> {
        let server = Arc::new(Dovecot::start(Options::default())?);
        server.add_user("alice", "secret");
        let mail = corpus(messages);
        server.deliver("alice", &mail);
        let target = Arc::clone(&server);
        let relay = Relay::start(move || target.plain_port());
        Some(Self {
            server,
            relay,
            mail,
        })
    }

    fn log_in<C: Client>(&self) -> C {
        let endpoint = Endpoint::plain("localhost", Some(self.relay.port()));
        let mut client: C = log_in(&endpoint, Way::Clear, "");
        // Send CAPA now. Otherwise the client would send it with the next command, and its reply
        // would be counted.
        client.capa().unwrap();
        client
    }

    /// Kills the server at this place.
    fn kill_at(&self, place: Place, then: Then) {
        let server = Arc::clone(&self.server);
        self.relay.act(place, then, move || server.kill());
    }

    /// Kills the server after this many more octets from it.
    fn kill_in(&self, octets: usize, then: Then) {
        self.kill_at(Place::Octet(self.relay.said().len() + octets), then);
    }

    /// Restarts the server, and checks that a client gets exactly these messages.
    fn assert_left<C: Client>(&self, mail: &[Vec<u8>]) {
        assert!(self.relay.has_failed());
        self.server.restart();
        let mut client: C = log_in(
            &Way::ImplicitTls.endpoint(&self.server),
            Way::ImplicitTls,
            self.server.ca_pem(),
        );
        let uids = client.uidl().unwrap();
        let mut expected = mail.iter();
        client.retrieve(uids.numbers(), &mut |message| {
            let octets = message.unwrap().rest().unwrap();
            assert!(Some(&octets) == expected.next());
            Enough::NotYet
        });
        assert_eq!(expected.next(), None);
        assert!(client.quit().unwrap().is_committed());
    }
}

fn log_in<C: Client>(endpoint: &Endpoint, way: Way, ca: &str) -> C {
    let mut connector = Connector::default();
    connector.tls.roots = (!ca.is_empty()).then(|| Roots::from_pem(ca.as_bytes()).unwrap());
    connector.config = way.config();
    let mut client = C::connect_with(endpoint, &connector).unwrap();
    client.login(login("alice", "secret")).unwrap();
    client
}

fn number(n: usize) -> MessageNumber {
    MessageNumber::new(n as u32).unwrap()
}

/// Checks that the connection ended within the reply to this command, and that the error is
/// permanent.
#[track_caller]
fn assert_end(client: &mut impl Client, error: &Error, then: Then, within: Verb) {
    match (error, then) {
        (Error::Closed(closed), Then::Close) => {
            assert!(
                matches!(**closed, Closed::Truncated { verb, .. } if verb == within),
                "{error:?}"
            );
        }
        (Error::Transport(transport), Then::Reset) => {
            assert_eq!(transport.kind, TransportErrorKind::Reset, "{error:?}");
        }
        _ => panic!("{then:?}: {error:?}"),
    }
    assert!(error.is_fatal());
    assert_eq!(error.advice(), Some(Advice::Reconnect));
    assert_eq!(client.noop().as_ref(), Err(error));
    assert_eq!(client.quit().as_ref(), Err(error), "QUIT cannot be sent");
}

pub fn server_killed_within_message_delivers_only_earlier_messages<C: Client>() {
    let Some(scenario) = Scenario::new(33) else {
        return;
    };
    for then in ENDS {
        let mut client: C = scenario.log_in();
        // More messages are in flight, and this one still has a hundred octets.
        scenario.kill_at(Place::Said("Message-ID: <14.test@", 1, 10), then);
        let (mut whole, mut failures) = (0, Vec::new());
        client.retrieve((1..=33).map(number), &mut |message| {
            match message {
                Ok(message) => {
                    let expected = &scenario.mail[whole];
                    let mut octets = Vec::new();
                    let end = loop {
                        match message.chunk() {
                            Ok(Some(chunk)) => octets.extend(chunk),
                            Ok(None) => break Ok(()),
                            Err(error) => break Err(error),
                        }
                    };
                    match end {
                        Ok(()) => {
                            assert!(octets == *expected, "message {}", whole + 1);
                            whole += 1;
                        }
                        Err(error) => {
                            assert!(octets.len() < expected.len() && expected.starts_with(&octets));
                            assert_eq!(message.chunk().as_ref(), Err(&error), "and again");
                            failures.push(error);
                        }
                    }
                }
                Err(error) => failures.push(error),
            }
            Enough::NotYet
        });
        assert_eq!(whole, 14);
        assert!(failures.iter().all(|error| *error == failures[0]));
        assert_end(&mut client, &failures[0], then, Verb::Retr);
        scenario.assert_left::<C>(&scenario.mail);
    }
}

pub fn server_killed_within_listing_yields_no_listing<C: Client>() {
    let Some(scenario) = Scenario::new(110) else {
        return;
    };
    for then in ENDS {
        for (place, verb) in [
            (Place::Said("\r\n100 ", 1, 5), Verb::List),
            (Place::Said(".test,W=", 100, 3), Verb::Uidl),
        ] {
            let mut client: C = scenario.log_in();
            scenario.kill_at(place, then);
            let list = client.submit(List).unwrap();
            let uidl = client.submit(Uidl).unwrap();
            let list = client.wait(list);
            assert_eq!(list.is_ok(), verb == Verb::Uidl, "{list:?}");
            let error = client.wait(uidl).unwrap_err();
            assert_end(&mut client, &error, then, verb);
            scenario.assert_left::<C>(&scenario.mail);
        }
    }
}

pub fn server_killed_within_dele_batch_deletes_nothing<C: Client>() {
    let Some(scenario) = Scenario::new(110) else {
        return;
    };
    for then in ENDS {
        let mut client: C = scenario.log_in();
        let marked = "+OK Marked to be deleted.\r\n".len();
        scenario.kill_in(20 * marked + 7, then);
        let deles = (1..=scenario.mail.len()).map(|n| Dele(number(n)));
        let replies = client.pipeline(deles, usize::MAX);
        let marked = replies.iter().take_while(|reply| reply.is_ok()).count();
        assert_eq!(marked, 20);
        let error = replies[marked].clone().unwrap_err();
        let failures = &replies[marked..];
        assert!(failures.iter().all(|reply| reply.as_ref() == Err(&error)));
        assert_end(&mut client, &error, then, Verb::Dele);
        scenario.assert_left::<C>(&scenario.mail);
    }
}

pub fn server_killed_before_quit_deletes_nothing<C: Client>() {
    let Some(scenario) = Scenario::new(5) else {
        return;
    };
    for then in ENDS {
        let mut client: C = scenario.log_in();
        client.dele(number(1)).unwrap();
        // After the whole reply.
        scenario.kill_in("+OK Marked to be deleted.\r\n".len(), then);
        client.dele(number(2)).unwrap();
        client.until_something_comes();
        let error = client.quit().unwrap_err();
        assert!(error.is_fatal(), "{error:?}");
        drop(client);
        let asked = scenario.relay.asked();
        assert!(!asked.windows(4).any(|octets| octets == b"QUIT"));
        scenario.assert_left::<C>(&scenario.mail);
    }
}

pub fn server_killed_at_quit_leaves_outcome_unknown<C: Client>() {
    let quit_reply = "+OK Logging out, messages deleted.\r\n".len();
    let asked = |octets| Place::Asked("QUIT\r\n", octets);
    // The place where the server is killed, as an octet of the reply or of the command; the
    // reported outcome; and whether the messages are deleted.
    for (place, committed, deleted) in [
        (Err(asked(0)), None, false),
        (Err(asked(5)), None, false),
        (Ok(0), None, true),
        (Ok(5), None, true),
        (Ok(quit_reply - 1), None, true),
        (
            Ok(quit_reply),
            Some(&b"Logging out, messages deleted."[..]),
            true,
        ),
    ] {
        for then in ENDS {
            let Some(scenario) = Scenario::new(5) else {
                return;
            };
            let mut client: C = scenario.log_in();
            let deles = [1, 3].map(|n| Dele(number(n)));
            assert!(client.pipeline(deles, 2).iter().all(Result::is_ok));
            match place.clone() {
                Ok(octets) => scenario.kill_in(octets, then),
                Err(place) => scenario.kill_at(place, then),
            }
            let report = match client.quit().unwrap() {
                QuitOutcome::Committed(status) => Some(status.text),
                outcome => {
                    assert_eq!(outcome, QuitOutcome::Unknown);
                    None
                }
            };
            let report = report.as_ref().map(|text| text.as_bytes());
            assert_eq!(report, committed, "{place:?}, {then:?}");
            let mut left = scenario.mail.clone();
            if deleted {
                left.remove(2);
                left.remove(0);
            }
            scenario.assert_left::<C>(&left);
        }
    }
}
