//! A conversation to run, as plain data.

use pop3_proto::server::{Maildrop, ServerConfig};
use pop3_proto::{
    Channel, Config,
    config::{CapaPolicy, InitialResponse, Leniency, Limits, Pipelining, StlsPolicy},
};

pub(crate) const USER: &str = "alice";
pub(crate) const PASSWORD: &str = "correct-horse";
pub(crate) const TOKEN: &str = "ya29.bearer-token";
pub(crate) const CHALLENGE: &str = "<1896.697170952@dbc.mtview.ca.us>";

/// The settings of both sides, the operations of the client, and the server's answers.
#[derive(Clone)]
pub(crate) struct Case {
    pub(crate) client: Setup,
    pub(crate) server: Offer,
    /// Operations, in the syntax of transcripts.
    pub(crate) ops: Vec<String>,
    /// The first answer is for the greeting, and the others are for the lines from the client. If
    /// there are more lines, they get conforming answers.
    pub(crate) answers: Vec<Answer>,
    pub(crate) mail: Vec<Vec<u8>>,
}

/// How the client is set up.
#[derive(Debug, Clone)]
pub(crate) struct Setup {
    pub(crate) channel: Channel,
    pub(crate) strict: bool,
    pub(crate) pipelining: Pipelining,
    pub(crate) ask_capa: bool,
    pub(crate) initial_response: bool,
    pub(crate) stls_required: bool,
    pub(crate) insecure: bool,
    pub(crate) small_limits: bool,
}

/// What the server offers.
#[derive(Debug, Clone)]
pub(crate) struct Offer {
    pub(crate) pipelining: bool,
    pub(crate) capa: bool,
    pub(crate) stls: bool,
    pub(crate) apop: bool,
    pub(crate) sasl: Vec<&'static str>,
}

/// How the conforming answer to a line is changed.
#[derive(Clone)]
pub(crate) enum Answer {
    Proper,
    /// The conforming answer with LF line ends.
    BareLf,
    /// `-ERR` with this text.
    Refusal(&'static str),
    /// A status line that echoes the client's line after these octets. It is a refusal unless they
    /// begin with `+OK`.
    Echo(&'static str),
    Instead(Vec<u8>),
    Before(Vec<u8>),
    After(Vec<u8>),
    /// Only the first n/256 of the answer.
    Cut(u8),
    /// The octet at n/256 of the answer is replaced.
    Changed(u8, u8),
}

impl Setup {
    pub(crate) fn config(&self) -> Config {
        let mut config = Config::default();
        if self.strict {
            config.leniency = Leniency::Strict;
        }
        config.pipelining = self.pipelining;
        if !self.ask_capa {
            config.capa = CapaPolicy::Never;
        }
        if !self.initial_response {
            config.initial_response = InitialResponse::Never;
        }
        if !self.stls_required {
            config.stls = StlsPolicy::Off;
        }
        config.allow_insecure_login = self.insecure;
        if self.small_limits {
            config.limits = small_limits();
        }
        config
    }
}

/// Limits that conversations of this size exceed.
pub(crate) fn small_limits() -> Limits {
    let mut limits = Limits::default();
    limits.receive_buffer = 512;
    limits.line = 128;
    limits.capability_lines = 12;
    limits.capability_octets = 256;
    limits.listing_entries = 6;
    limits.listing_line = 48;
    limits.listing_octets = 96;
    limits.challenge = 256;
    limits.challenge_octets = 512;
    limits.challenges = 4;
    limits
}

impl Offer {
    pub(crate) fn config(&self) -> ServerConfig {
        let config = ServerConfig::new(USER, PASSWORD)
            .pipelining(self.pipelining)
            .capa(self.capa)
            .stls(self.stls)
            .sasl(self.sasl.iter().copied())
            .token(TOKEN)
            .external(USER)
            // The smallest iteration count; the client's policy has to allow it.
            .scram(&b"salt"[..], 1);
        if self.apop {
            config.apop_challenge(CHALLENGE)
        } else {
            config
        }
    }
}

impl Case {
    /// Adds a login and then these operations, on a channel that needs no TLS.
    pub(crate) fn ops_after_login<S: AsRef<str>>(&mut self, ops: &[S]) {
        self.client.channel = Channel::TrustedByCaller;
        let login = ["user alice", "pass correct-horse"];
        let ops = ops.iter().map(AsRef::as_ref);
        self.ops = login.into_iter().chain(ops).map(str::to_owned).collect();
    }

    pub(crate) fn maildrop(&self) -> Maildrop {
        let uids = (1..).map(|number| format!("uid-{number}"));
        uids.zip(self.mail.iter().cloned()).collect()
    }
}

impl core::fmt::Debug for Case {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        writeln!(f, "{:?}\n{:?}", self.client, self.server)?;
        for message in &self.mail {
            writeln!(f, "mail {}", message.escape_ascii())?;
        }
        for op in &self.ops {
            writeln!(f, "> {op}")?;
        }
        write!(f, "S: {:?}", self.answers)
    }
}

impl core::fmt::Debug for Answer {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Proper => write!(f, "proper"),
            Self::BareLf => write!(f, "proper with LF"),
            Self::Refusal(words) => write!(f, "-ERR {words}"),
            Self::Echo(before) => write!(f, "an echo after {before:?}"),
            Self::Instead(octets) => write!(f, "\"{}\"", octets.escape_ascii()),
            Self::Before(octets) => write!(f, "\"{}\" and proper", octets.escape_ascii()),
            Self::After(octets) => write!(f, "proper and \"{}\"", octets.escape_ascii()),
            Self::Cut(at) => write!(f, "proper up to {at}/256"),
            Self::Changed(at, to) => write!(f, "proper but for {to:#04x} at {at}/256"),
        }
    }
}
