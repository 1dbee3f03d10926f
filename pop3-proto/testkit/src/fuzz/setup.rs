//! The setup of a client from one octet, and the checks that all targets make.

use core::time::Duration;

use pop3_proto::{
    Channel, Config, Connection, Instant, MessageNumber, Phase,
    config::{CapaPolicy, InitialResponse, Leniency, Limits, Pipelining, StlsPolicy, Utf8Policy},
    login::LoginPolicy,
    tls::TlsInfo,
};

/// More than the length of a fuzzer's input, so that one read can return all of it.
pub const LARGE_BUFFER: usize = 8 << 10;

/// Returns configuration and channel for the bits of an octet.
pub fn setup(bits: u8) -> (Config, Channel) {
    let mut config = Config::default();
    config.limits = limits(bits & 2 != 0);
    if bits & 1 != 0 {
        config.leniency = Leniency::Strict;
    } else {
        config.utf8 = Utf8Policy::Auto;
    }
    config.pipelining = match bits >> 2 & 3 {
        1 => Pipelining::Always,
        2 => Pipelining::Never,
        more => {
            if more == 3 {
                config.limits.receive_buffer = LARGE_BUFFER;
            }
            Pipelining::Auto
        }
    };
    if bits & 0x10 != 0 {
        config.capa = CapaPolicy::Never;
        config.initial_response = InitialResponse::Never;
    }
    let channel = match bits >> 5 & 3 {
        0 => Channel::TrustedByCaller,
        1 => Channel::Plain,
        2 => {
            config.stls = StlsPolicy::Off;
            config.allow_insecure_login = true;
            Channel::Plain
        }
        _ => Channel::ImplicitTls,
    };
    if bits & 0x80 != 0 {
        config.keep_alive = Some(Duration::from_secs(60));
        config.timeouts.total = Some(Duration::from_secs(300));
    }
    (config, channel)
}

/// Returns limits that a fuzzer can reach, or larger ones. The buffers stay small, because clearing
/// a large one takes as long as the rest of a run.
pub fn limits(small: bool) -> Limits {
    let mut limits = Limits::default();
    limits.receive_buffer = 1;
    limits.line = 512;
    limits.challenge = 1024;
    if small {
        limits.line = 80;
        limits.capability_lines = 4;
        limits.capability_octets = 100;
        limits.listing_entries = 4;
        limits.listing_line = 40;
        limits.listing_octets = 100;
        limits.challenge = 200;
        limits.challenge_octets = 300;
        limits.challenges = 3;
        limits.command = 60;
    }
    limits
}

/// Allows few SCRAM iterations, so that SCRAM is fast.
pub fn with_few_iterations(policy: LoginPolicy) -> LoginPolicy {
    policy.with_scram_iterations(1..=2)
}

/// Returns the number of a message.
pub fn message(n: u32) -> MessageNumber {
    MessageNumber::new(n).unwrap()
}

/// Returns the result of a TLS handshake.
pub fn tls_info(exporter: bool) -> TlsInfo {
    let mut info = TlsInfo::default();
    info.exporter = exporter.then_some([7; 32]);
    info
}

/// Handles all deadlines that are due. A computation needs several calls.
pub fn handle_deadlines(connection: &mut Connection, now: Instant) {
    while connection.poll_timeout().is_some_and(|due| due <= now) {
        let before = connection.poll_timeout();
        let computing = connection.is_computing();
        connection.handle_timeout(now);
        let reported =
            connection.poll_timeout() != before || connection.is_computing() != computing;
        assert!(reported || computing, "a handled deadline is due again");
    }
}

/// Asserts that the connection wants no I/O and has no deadline.
pub fn assert_over(connection: &mut Connection) {
    assert_eq!(connection.phase(), Phase::Closed);
    assert!(!connection.wants_write() && connection.transmit().is_empty());
    assert!(!connection.wants_read() && connection.recv_buffer().is_none());
    assert!(!connection.wants_tls() && !connection.wants_request());
    assert_eq!(connection.poll_timeout(), None);
}
