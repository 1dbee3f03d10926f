//! The random choices about a session, which are all derived from its seed here.

use std::fmt;
use std::time::Duration;

use fastrand::Rng;
use pop3_proto::server::ServerConfig;
use pop3_proto::{
    Channel, Config,
    config::{CapaPolicy, InitialResponse, Leniency, Pipelining, StlsPolicy},
    error::Limited,
    login::{LoginPolicy, Method},
};

use super::ask::Ask;
use super::deviation::Deviation;
use super::link::{Fault, LinkConfig};
use super::mail::{Message, maildrop};
use super::random::spread;
use super::violation::{Violation, When};

pub(crate) const USERNAME: &str = "alice";
pub(crate) const PASSWORD: &str = "correct horse battery";

/// The timeout for a handshake. Progress does not extend it, and some of these links need minutes.
pub(crate) const LONG_TIMEOUT: Duration = Duration::from_secs(100_000);

/// Limits of listings are below this value, or they are never reached.
const SMALL: usize = 300;

/// The kinds of faults that the sessions of a test may have.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Scope {
    pub(crate) tls: bool,
    pub(crate) deviations: bool,
    pub(crate) faults: bool,
    pub(crate) violations: bool,
    /// The application uses a client's operations instead of the connection.
    pub(crate) helpers: bool,
}

/// One session.
pub(crate) struct Plan {
    pub(crate) config: Config,
    pub(crate) channel: Channel,
    pub(crate) tls: bool,
    pub(crate) helpers: bool,
    pub(crate) account: ServerConfig,
    pub(crate) mail: Vec<Message>,
    pub(crate) method: Option<Method>,
    pub(crate) password: &'static str,
    pub(crate) deviations: Vec<Deviation>,
    pub(crate) violations: Vec<(When, Violation)>,
    pub(crate) fault: Option<Fault>,
    /// Whether the octets of the fault are counted from QUIT on.
    pub(crate) fault_at_quit: bool,
    pub(crate) to_client: LinkConfig,
    pub(crate) to_server: LinkConfig,
    /// The application's requests after the login, except QUIT.
    pub(crate) asks: Vec<Ask>,
    pub(crate) behaviour: Behaviour,
}

/// How the application behaves.
#[derive(Clone, Debug)]
pub(crate) struct Behaviour {
    /// Of 256 turns, how many end in a pause while an event may be pending.
    pub(crate) pause_rate: u8,
    /// How many events it polls in one turn.
    pub(crate) events_per_turn: usize,
    /// How many requests it keeps outstanding.
    pub(crate) max_outstanding: usize,
    /// Of 256 turns, how many abandon something.
    pub(crate) abandon_rate: u8,
    /// Whether it ends with QUIT.
    pub(crate) quits: bool,
    /// Whether it upgrades to TLS explicitly before it logs in.
    pub(crate) starts_tls: bool,
}

impl Plan {
    pub(crate) fn new(scope: Scope, rng: &mut Rng) -> Self {
        let channel = channel(scope, rng);
        let mut config = config(rng);
        if channel == Channel::Plain && !scope.tls {
            config.stls = StlsPolicy::Off;
            config.allow_insecure_login = rng.u8(..4) != 0;
        }
        let (to_client, to_server) = (LinkConfig::random(rng), LinkConfig::random(rng));
        // No large messages here: one octet at a time, they would take most of the run time.
        let large = to_client.piece > 1000 && to_client.room > 1000;
        let mail = maildrop(rng, large, config.leniency);
        let deviations = if scope.deviations {
            Deviation::some(rng, config.leniency)
        } else {
            Vec::new()
        };
        let violations = if scope.violations {
            violations(scope, rng)
        } else {
            Vec::new()
        };
        let fault_at_quit = scope.faults && rng.u8(..4) == 0;
        let fault = (scope.faults && rng.u8(..8) != 0).then(|| {
            if fault_at_quit {
                Fault::at_quit(rng)
            } else {
                Fault::random(rng, scope.tls)
            }
        });
        if scope.faults && rng.u8(..4) == 0 {
            config.timeouts.total = Some(Duration::from_secs(rng.u64(1..100)));
        }
        if scope.faults && rng.u8(..4) == 0 {
            config.timeouts.tls = Duration::from_secs(rng.u64(1..10));
        }
        let stls = !(scope.violations && rng.u8(..8) == 0);
        let asks = rng.usize(..30);
        let asks = (0..asks).map(|_| Ask::random(rng, mail.len())).collect();
        Self {
            account: account(rng, scope.tls && channel == Channel::Plain && stls),
            method: method(rng),
            asks,
            password: if rng.u8(..16) == 0 { "wrong" } else { PASSWORD },
            behaviour: behaviour(rng, scope.tls && channel == Channel::Plain),
            tls: scope.tls,
            helpers: scope.helpers,
            config,
            channel,
            mail,
            deviations,
            violations,
            fault,
            fault_at_quit,
            to_client,
            to_server,
        }
    }

    /// Returns whether an injection of cleartext octets is the only possible fault.
    pub(crate) fn only_injects(&self) -> bool {
        let injects = matches!(self.violations[..], [(_, Violation::Injected)]);
        let timeouts = &self.config.timeouts;
        let patient = timeouts.total.is_none() && timeouts.tls == LONG_TIMEOUT;
        injects && self.fault.is_none() && patient
    }

    /// Returns whether the session must succeed, because the only possible faults are tolerated
    /// deviations.
    pub(crate) fn is_faultless(&self) -> bool {
        self.fault.is_none()
            && self.violations.is_empty()
            && self.config.timeouts.total.is_none()
            && self.config.timeouts.tls == LONG_TIMEOUT
    }

    /// Returns the limit of a listing, if it is a small one.
    pub(crate) fn listing_limit(&self, what: Limited) -> Option<usize> {
        let limits = &self.config.limits;
        let limit = match what {
            Limited::Line => limits.listing_line,
            Limited::Lines => limits.listing_entries,
            Limited::Octets => limits.listing_octets,
            _ => return None,
        };
        (limit < SMALL).then_some(limit)
    }

    /// Returns whether no secret may be visible on the wire.
    pub(crate) fn is_secret(&self) -> bool {
        self.channel != Channel::TrustedByCaller && !self.config.allow_insecure_login
    }

    /// Returns the policy of the login.
    pub(crate) fn policy(&self) -> LoginPolicy {
        self.method
            .map_or_else(LoginPolicy::default, LoginPolicy::only)
            // Use few iterations, to save computing time.
            .with_scram_iterations(1..=10_000)
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let config = &self.config;
        let limits = [
            config.limits.listing_entries,
            config.limits.listing_octets,
            config.limits.listing_line,
        ];
        let from = if self.fault_at_quit {
            "QUIT"
        } else {
            "the start"
        };
        write!(
            f,
            "{:?}, TLS: {}, {:?}, {:?}, CAPA {:?}, {:?}, listings {limits:?}, method {:?}, \
             {} messages, deviations {:?}, violations {:?}, fault {:?} from {from}, to client {:?}, \
             to server {:?}, {:?}",
            self.channel,
            self.tls,
            config.leniency,
            config.pipelining,
            config.capa,
            config.timeouts,
            self.method,
            self.mail.len(),
            self.deviations,
            self.violations,
            self.fault,
            self.to_client,
            self.to_server,
            self.behaviour,
        )
    }
}

fn channel(scope: Scope, rng: &mut Rng) -> Channel {
    match (scope.tls, rng.u8(..4)) {
        (true, 0 | 1) => Channel::ImplicitTls,
        (false, 0..=2) => Channel::TrustedByCaller,
        _ => Channel::Plain,
    }
}

fn violations(scope: Scope, rng: &mut Rng) -> Vec<(When, Violation)> {
    let mut violations: Vec<_> = (0..rng.usize(1..3))
        .map(|_| {
            let at = if rng.bool() {
                rng.usize(4..25)
            } else {
                spread(rng, 5)
            };
            (When::Reply(at), Violation::random(rng))
        })
        .collect();
    // Violations that random choices would almost never produce.
    let aimed = match rng.u8(..8) {
        0 | 1 if scope.tls => Some((When::To(b"STLS"), Violation::Injected)),
        2 => Some((When::Fits, Violation::ForgedSignature)),
        3 => Some((When::Fits, Violation::ForgedNonce)),
        _ => None,
    };
    if let Some(aimed) = aimed {
        violations[0] = aimed;
    }
    violations
}

fn config(rng: &mut Rng) -> Config {
    let mut config = Config::default();
    if rng.u8(..4) == 0 {
        config.leniency = Leniency::Strict;
    }
    config.pipelining = match rng.u8(..8) {
        0 => Pipelining::Never,
        1 => Pipelining::Always,
        _ => Pipelining::Auto,
    };
    if rng.u8(..8) == 0 {
        config.capa = CapaPolicy::Never;
    }
    if rng.u8(..4) == 0 {
        config.initial_response = InitialResponse::Never;
    }
    if rng.u8(..4) == 0 {
        config.keep_alive = Some(Duration::from_secs(rng.u64(5..100)));
    }
    config.timeouts.tls = LONG_TIMEOUT;
    // The smallest limits that a SCRAM challenge fits into, up to the whole buffer.
    config.limits.line = 1024;
    config.limits.challenge = 1024;
    config.limits.receive_buffer = match rng.u8(..3) {
        0 => 0,
        1 => rng.usize(1024..4096),
        _ => 16 << 10,
    };
    // Limits that the maildrops here come close to.
    match rng.u8(..16) {
        0 => config.limits.listing_entries = rng.usize(..8),
        1 => config.limits.listing_octets = rng.usize(..100),
        2 => config.limits.listing_line = rng.usize(4..14),
        _ => {}
    }
    config
}

fn account(rng: &mut Rng, stls: bool) -> ServerConfig {
    const MECHANISMS: [&str; 6] = [
        "SCRAM-SHA-512",
        "SCRAM-SHA-256",
        "SCRAM-SHA-1",
        "PLAIN",
        "LOGIN",
        "CRAM-MD5",
    ];
    let mechanisms: Vec<_> = MECHANISMS.into_iter().filter(|_| rng.bool()).collect();
    let account = ServerConfig::new(USERNAME, PASSWORD)
        .sasl(mechanisms)
        .scram(b"salt".as_slice(), rng.u32(1..20))
        .server_nonce(format!("{:x}", rng.u64(..)))
        .stls(stls)
        .pipelining(rng.u8(..4) != 0)
        .capa(stls || rng.u8(..8) != 0);
    if rng.bool() {
        account.apop_challenge(format!("<{}@example.org>", rng.u32(..)))
    } else {
        account
    }
}

fn method(rng: &mut Rng) -> Option<Method> {
    Some(match rng.u8(..16) {
        0 => Method::UserPass,
        1 => Method::Plain,
        2 => Method::Login,
        3 => Method::CramMd5,
        4 => Method::Apop,
        5 => Method::ScramSha256,
        _ => return None,
    })
}

fn behaviour(rng: &mut Rng, stls: bool) -> Behaviour {
    Behaviour {
        pause_rate: if rng.bool() { 0 } else { rng.u8(..60) },
        events_per_turn: rng.usize(1..8),
        max_outstanding: 1 << rng.u32(..6),
        abandon_rate: if rng.bool() { 0 } else { rng.u8(..60) },
        quits: rng.u8(..8) != 0,
        starts_tls: stls && rng.u8(..4) == 0,
    }
}
