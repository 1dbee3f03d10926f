//! Tests every violation and every deviation in the same session.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Duration;

use fastrand::Rng;
use pop3_proto::server::ServerConfig;
use pop3_proto::{
    Channel, Config,
    config::{InitialResponse, StlsPolicy},
    login::Method,
};

use super::ask::Ask::{self, *};
use super::deviation::Deviation;
use super::environment::play_plan;
use super::link::LinkConfig;
use super::mail::Message;
use super::plan::{Behaviour, LONG_TIMEOUT, PASSWORD, Plan, USERNAME};
use super::tally::Tally;
use super::transcript::Transcript;
use super::violation::{Violation, When};

/// Some requests of each kind, in a typical order.
const ASKS: [Ask; 14] = [
    Stat,
    List,
    Uidl,
    ListOne(1),
    UidlOne(2),
    Retr(1),
    Top(2, 1),
    Dele(1),
    ListStreamed,
    ListRaw,
    Noop,
    Capabilities,
    Retr(2),
    Rset,
];

/// The maximum number of replies in such a session.
const REPLIES: usize = 30;

/// A conforming server with everything that this client supports, and no faults.
fn plan(tls: bool, max_outstanding: usize) -> Plan {
    let mut config = Config::default();
    config.timeouts.tls = LONG_TIMEOUT;
    config.stls = if tls {
        StlsPolicy::Required
    } else {
        StlsPolicy::Off
    };
    let mail = (1..=3).map(|number| Message {
        unique_id: format!("uid-{number}"),
        octets: format!("Subject: {number}\r\n\r\n.dot\r\nline\r\n").into_bytes(),
    });
    let link_config = |piece, bursts| LinkConfig {
        piece,
        bursts,
        latency: Duration::from_millis(10),
        room: 64 << 10,
    };
    Plan {
        helpers: false,
        config,
        channel: if tls {
            Channel::Plain
        } else {
            Channel::TrustedByCaller
        },
        tls,
        account: ServerConfig::new(USERNAME, PASSWORD)
            .sasl(["SCRAM-SHA-256", "PLAIN"])
            .scram(b"salt".as_slice(), 3)
            .server_nonce("nonce")
            .stls(tls),
        mail: mail.collect(),
        method: None,
        password: PASSWORD,
        deviations: Vec::new(),
        violations: Vec::new(),
        fault: None,
        fault_at_quit: false,
        to_client: link_config(1500, 128),
        // Commands arrive in parts, so that they can be answered too early.
        to_server: link_config(if tls { 1500 } else { 4 }, 0),
        asks: ASKS.to_vec(),
        behaviour: Behaviour {
            pause_rate: 0,
            events_per_turn: 4,
            max_outstanding,
            abandon_rate: 0,
            quits: true,
            starts_tls: false,
        },
    }
}

/// Plays a session, and prints its plan if it fails.
fn play(name: &str, plan: impl Fn() -> Plan) -> Tally {
    let again = |transcript: &Transcript| play_plan(plan(), Rng::with_seed(1), transcript);
    catch_unwind(AssertUnwindSafe(|| again(&Transcript::default()))).unwrap_or_else(|panic| {
        let transcript = Transcript::kept();
        let _ = catch_unwind(AssertUnwindSafe(|| again(&transcript)));
        println!("{}\n\n{name}", transcript.shown());
        resume_unwind(panic)
    })
}

#[test]
fn violations_at_every_reply_are_rejected() {
    for violation in Violation::all(&mut Rng::with_seed(1)) {
        let mut total = Tally::NONE;
        for reply in 0..REPLIES {
            let tally = play(&format!("{violation:?} at {reply}"), || Plan {
                violations: vec![(When::Reply(reply), violation.clone())],
                ..plan(false, 1 + reply % 2 * 8)
            });
            total += tally;
        }
        assert!(
            total.violations_applied > 0,
            "{violation:?} was never applied"
        );
        let forged = violation == Violation::ForgedSignature;
        assert!(total.forged > 0 || !forged, "no proof was forged");
    }
}

#[test]
fn violations_around_stls_are_rejected() {
    // Greeting, CAPA, STLS, CAPA, AUTH, the client's proof, its last response.
    for violation in Violation::all(&mut Rng::with_seed(2)) {
        let mut total = Tally::NONE;
        for reply in 0..7 {
            total += play(&format!("{violation:?} at {reply}, TLS"), || Plan {
                violations: vec![(When::Reply(reply), violation.clone())],
                ..plan(true, 1)
            });
        }
        let injected = violation == Violation::Injected;
        assert!(total.injected_at_stls > 0 || !injected, "none in cleartext");
    }
}

#[test]
fn every_deviation_is_tolerated_without_loss() {
    for deviation in Deviation::ALL {
        let tally = play(&format!("{deviation:?}"), || {
            let mut plan = plan(false, 8);
            // Without an initial response there is an empty challenge, which some deviations
            // change.
            plan.config.initial_response = InitialResponse::Never;
            plan.method = Some(Method::Plain);
            plan.deviations.push(deviation);
            plan
        });
        assert!(
            tally.deviations_applied > 0,
            "{deviation:?} was never applied"
        );
        assert_eq!(
            (tally.logins, tally.committed),
            (1, 1),
            "{deviation:?}: {tally:?}"
        );
    }
}
