//! I12: whole sessions with extreme values for every setting, against a conforming server and
//! against hostile input. There is no panic, no hang and no busy loop, and each request gets
//! exactly one result.

use core::time::Duration;

use pop3_proto::server::{Maildrop, Server, ServerConfig};
use pop3_proto::{
    Channel, Config, Connection, Dele, Event, Instant, List, Login, MessageNumber, Phase, Quit,
    Retr, Stat, Top, Uidl,
    command::Noop,
    config::{CapaPolicy, InitialResponse, Leniency, Limits, Pipelining, StlsPolicy, Timeouts},
    tls::TlsInfo,
};
use pop3_testkit::wire;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::strategies::octets;
use super::{Verdict, check};

/// More iterations than any of these sessions needs.
const TURNS: usize = 4_000;

fn size() -> impl Strategy<Value = usize> {
    let ends = [
        0,
        1,
        2,
        5,
        80,
        4096,
        usize::MAX - 4,
        usize::MAX - 1,
        usize::MAX,
    ];
    select(ends.to_vec())
}

fn span() -> impl Strategy<Value = Duration> {
    let ends = [
        Duration::ZERO,
        Duration::from_nanos(1),
        Duration::from_secs(60),
        Duration::from_secs(u64::MAX),
        Duration::MAX,
    ];
    select(ends.to_vec())
}

/// Sets every field by name. A new field is therefore a compile error until it is set here.
fn set_limits(limits: &mut Limits, sizes: &[usize]) {
    let fields = [
        &mut limits.receive_buffer,
        &mut limits.line,
        &mut limits.capability_lines,
        &mut limits.capability_octets,
        &mut limits.listing_entries,
        &mut limits.listing_line,
        &mut limits.listing_octets,
        &mut limits.challenge,
        &mut limits.challenge_octets,
        &mut limits.challenges,
        &mut limits.command,
    ];
    for (field, size) in fields.into_iter().zip(sizes) {
        *field = *size;
    }
}

fn set_timeouts(timeouts: &mut Timeouts, spans: &[Duration]) {
    let fields = [
        &mut timeouts.connect,
        &mut timeouts.tls,
        &mut timeouts.greeting,
        &mut timeouts.first_octet,
        &mut timeouts.stall,
        &mut timeouts.send,
        &mut timeouts.quit,
        &mut timeouts.quit_without_deletions,
    ];
    for (field, span) in fields.into_iter().zip(spans) {
        *field = *span;
    }
}

/// A mix of extreme and default settings. With only extreme values, sessions end too early.
fn config() -> impl Strategy<Value = Config> {
    let sizes = vec(prop_oneof![3 => Just(None), 2 => size().prop_map(Some)], 11);
    let spans = vec(prop_oneof![3 => Just(None), 2 => span().prop_map(Some)], 10);
    let switches = vec(any::<bool>(), 7);
    (sizes, spans, switches).prop_map(|(sizes, spans, switches)| {
        let mut config = Config::default();
        let usual = Limits::default();
        let usual = [
            usual.receive_buffer,
            usual.line,
            usual.capability_lines,
            usual.capability_octets,
            usual.listing_entries,
            usual.listing_line,
            usual.listing_octets,
            usual.challenge,
            usual.challenge_octets,
            usual.challenges,
            usual.command,
        ];
        let sizes: Vec<usize> = sizes
            .iter()
            .zip(usual)
            .map(|(size, usual)| size.unwrap_or(usual))
            .collect();
        set_limits(&mut config.limits, &sizes);
        let minute = Duration::from_secs(60);
        let of = |index: usize| spans.get(index).copied().flatten();
        let each: Vec<Duration> = (0..8).map(|index| of(index).unwrap_or(minute)).collect();
        set_timeouts(&mut config.timeouts, &each);
        config.timeouts.total = of(8);
        config.keep_alive = of(9);
        let is = |index: usize| switches.get(index).copied().unwrap_or_default();
        config.leniency = if is(0) {
            Leniency::Strict
        } else {
            Leniency::Lenient
        };
        config.pipelining = match (is(1), is(2)) {
            (true, _) => Pipelining::Always,
            (false, true) => Pipelining::Never,
            (false, false) => Pipelining::Auto,
        };
        config.capa = if is(3) {
            CapaPolicy::Never
        } else {
            CapaPolicy::Auto
        };
        config.initial_response = if is(4) {
            InitialResponse::Never
        } else {
            InitialResponse::Auto
        };
        config.stls = if is(5) {
            StlsPolicy::Off
        } else {
            StlsPolicy::Required
        };
        config.allow_insecure_login = is(6);
        config
    })
}

fn channel() -> impl Strategy<Value = Channel> {
    select(vec![
        Channel::Plain,
        Channel::ImplicitTls,
        Channel::TrustedByCaller,
    ])
}

/// The other end of the connection.
enum Peer {
    Server(Box<Server>),
    /// Sends these octets regardless of its input, and then closes.
    Hostile(Vec<Vec<u8>>),
}

impl Peer {
    fn receive(&mut self, octets: &[u8]) {
        if let Self::Server(server) = self {
            server.receive(octets);
        }
    }

    /// Lets the connection read the next octets, as many as fit. Returns how many, or `None` at the
    /// end of the stream.
    fn say(&mut self, connection: &mut Connection, now: Instant) -> Option<usize> {
        match self {
            Self::Server(server) => {
                let count = wire::receive(connection, server.transmit(), now);
                server.transmitted(count);
                (count > 0 || !server.is_closed()).then_some(count)
            }
            Self::Hostile(chunks) => {
                let chunk = chunks.first_mut()?;
                let count = wire::receive(connection, chunk, now);
                chunk.drain(..count);
                if chunk.is_empty() {
                    chunks.remove(0);
                }
                Some(count)
            }
        }
    }

    fn start_tls(&mut self) {
        if let Self::Server(server) = self
            && server.wants_tls()
        {
            server.tls_established();
        }
    }
}

fn server(implicit_tls: bool) -> Peer {
    let config = ServerConfig::new("alice", "secret").allow_plaintext_login(true);
    let maildrop: Maildrop = (1..=3)
        .map(|n| {
            (
                format!("uid-{n}"),
                b"Subject: x\r\n\r\n.dot\r\nbody\r\n".repeat(n),
            )
        })
        .collect();
    Peer::Server(Box::new(if implicit_tls {
        let mut server = Server::implicit_tls(config, maildrop);
        if server.wants_tls() {
            server.tls_established();
        }
        server
    } else {
        Server::new(config, maildrop)
    }))
}

/// Submits every operation, and moves octets and time until the session has ended.
fn run(config: &Config, channel: Channel, mut peer: Peer) -> Verdict {
    let mut connection = Connection::new(config.clone(), channel, Instant::ORIGIN);
    connection.seed([7; 32]);
    let first = MessageNumber::FIRST;
    let top = Top {
        number: first,
        lines: u32::MAX,
    };
    let login = Login::new("alice", "secret").expect("a login");
    let submitted = [
        connection.submit(login).is_ok(),
        connection.submit(Stat).is_ok(),
        connection.submit(List).is_ok(),
        connection.submit(Uidl).is_ok(),
        connection.submit(Retr(first)).is_ok(),
        connection.submit(top).is_ok(),
        connection.submit(Dele(first)).is_ok(),
        connection.submit(Noop).is_ok(),
        connection.submit(Quit).is_ok(),
    ];
    let submitted = submitted.into_iter().filter(|submitted| *submitted).count();
    let (mut results, mut now, mut closed) = (0, Instant::ORIGIN, false);
    for _ in 0..TURNS {
        while let Some(event) = connection.poll_event() {
            match event {
                Event::Reply {
                    result: Ok(pop3_proto::reply::Reply::BodyHead(_)),
                    ..
                }
                | Event::Body { .. } => {}
                Event::Reply { .. } | Event::BodyEnd { .. } => results += 1,
                Event::Closed(_) => closed = true,
                _ => {}
            }
        }
        if closed {
            prop_assert_eq!(results, submitted, "results of {} requests", submitted);
            prop_assert_eq!(connection.poll_timeout(), None);
            return Ok(());
        }
        let mut moved = false;
        if connection.wants_tls() {
            peer.start_tls();
            connection.tls_established(TlsInfo::default(), now);
            moved = true;
        }
        let octets = wire::send(&mut connection, usize::MAX, now);
        if !octets.is_empty() {
            peer.receive(&octets);
            moved = true;
        }
        if connection.wants_read() {
            match peer.say(&mut connection, now) {
                Some(0) => {}
                Some(_) => moved = true,
                None => {
                    connection.handle_eof(now);
                    moved = true;
                }
            }
        }
        // If the command limit is shorter than QUIT, the session stays open.
        let greeted = connection.phase() != Phase::Greeting;
        if greeted && !moved && connection.outstanding() == 0 {
            prop_assert_eq!(results, submitted, "results of {} requests", submitted);
            return Ok(());
        }
        // Advance the clock only if nothing else can happen.
        match connection.poll_timeout() {
            Some(due) if due <= now || !moved => {
                now = now.max(due);
                connection.handle_timeout(now);
            }
            Some(_) => {}
            None => {
                let waits = connection.outstanding() > 0 && !moved;
                prop_assert!(
                    !waits || connection.error().is_some(),
                    "a request is outstanding and there is no deadline"
                );
            }
        }
    }
    Err(TestCaseError::fail("the session does not terminate"))
}

#[test]
fn i12_extreme_settings_work_with_a_server() {
    check(400, (config(), channel()), |(config, channel)| {
        run(&config, channel, server(channel == Channel::ImplicitTls))
    });
}

#[test]
fn i12_extreme_settings_survive_hostile_input() {
    let long = |octet: u8| vec![octet; 300_000];
    let line = select(vec![
        b"+OK\r\n".to_vec(),
        b"+OK ready <1@h>\r\n".to_vec(),
        b"+OK\r\nPIPELINING\r\nSTLS\r\nSASL PLAIN SCRAM-SHA-256\r\n.\r\n".to_vec(),
        b"+ AAAA\r\n".to_vec(),
        b"-ERR\r\n".to_vec(),
        b"+OK\n".to_vec(),
        b"1 2\r\n".repeat(1000),
        b"\r\n".to_vec(),
        b".\r\n".to_vec(),
        long(b'x'),
        long(b'\r'),
        long(b'\n'),
        b"+ ".to_vec().into_iter().chain(long(b'A')).collect(),
        b"+OK ".to_vec().into_iter().chain(long(b'9')).collect(),
    ]);
    let chunks = vec(prop_oneof![4 => line, 1 => octets()], 0..12);
    check(
        400,
        (config(), channel(), chunks),
        |(config, channel, mut chunks)| {
            chunks.retain(|chunk| !chunk.is_empty());
            run(&config, channel, Peer::Hostile(chunks))
        },
    );
}

#[test]
fn zero_keep_alive_interval_sends_once_a_second() {
    let mut config = Config::default();
    config.keep_alive = Some(Duration::ZERO);
    let mut connection = Connection::new(config, Channel::TrustedByCaller, Instant::ORIGIN);
    let login = Login::new("alice", "secret").expect("a login");
    connection.submit(login).expect("a login");
    let mut server = server(false);
    let mut now = Instant::ORIGIN;
    let mut noops = 0;
    for _ in 0..TURNS {
        while connection.poll_event().is_some() {}
        let octets = wire::send(&mut connection, usize::MAX, now);
        noops += usize::from(octets == b"NOOP\r\n");
        server.receive(&octets);
        if connection.wants_read() && server.say(&mut connection, now).expect("it is open") > 0 {
            continue;
        }
        now = now + Duration::from_millis(100);
        if now > Instant::since_origin(Duration::from_secs(60)) {
            break;
        }
        if connection.poll_timeout().is_some_and(|due| due <= now) {
            connection.handle_timeout(now);
        }
    }
    assert!((50..=60).contains(&noops), "{noops} in a minute");
}
