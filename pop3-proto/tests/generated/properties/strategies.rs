//! Strategies that generate cases.

use pop3_proto::{Channel, config::Pipelining};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::case::{Answer, Case, Offer, Setup};
use pop3_testkit::naive::begins_with_lf;

/// Fragments of what servers send, and of what they should not send.
const FRAGMENTS: [&[u8]; 34] = [
    b"+OK",
    b"+OK ",
    b"-ERR ",
    b"-ERR",
    b"+ ",
    b"+",
    b"\r\n",
    b"\r\n",
    b"\n",
    b"\r",
    b".",
    b"..",
    b"\r\n.\r\n",
    b".\n",
    b" ",
    b"1 ",
    b"2 120",
    b"0",
    b"x",
    b"<1@h>",
    b"STLS\r\n",
    b"SASL PLAIN SCRAM-SHA-256\r\n",
    b"PIPELINING\r\n",
    b"UIDL\r\n",
    b"\0",
    b"\xff\x80",
    b"[AUTH] ",
    b"[IN-USE]",
    b"\x16\x03\x01",
    b"4294967296 ",
    b"18446744073709551616",
    b"cj1h",
    b"===",
    &[b'A'; 150],
];

const SASL: [&str; 10] = [
    "PLAIN",
    "LOGIN",
    "CRAM-MD5",
    "SCRAM-SHA-1",
    "SCRAM-SHA-256",
    "SCRAM-SHA-512",
    "XOAUTH2",
    "OAUTHBEARER",
    "EXTERNAL",
    "ANONYMOUS",
];

/// Logins, with the options that matter only to some of them.
const LOGINS: [&str; 21] = [
    "login alice correct-horse iterations=1..9",
    "login alice correct-horse iterations=1..9",
    "login alice correct-horse only=USER/PASS",
    "login alice correct-horse only=PLAIN",
    "login alice correct-horse only=LOGIN",
    "login alice correct-horse only=CRAM-MD5",
    "login alice correct-horse only=APOP",
    "login alice correct-horse only=SCRAM-SHA-1 iterations=1..9",
    "login alice correct-horse only=SCRAM-SHA-256 iterations=1..9",
    "login alice correct-horse only=SCRAM-SHA-512 iterations=1..9",
    "login alice correct-horse binding=prefer iterations=1..9",
    "login alice correct-horse first=APOP,CRAM-MD5,PLAIN",
    "login alice correct-horse each=SCRAM-SHA-256,APOP,CRAM-MD5,PLAIN,LOGIN,USER/PASS iterations=1..9",
    "login alice wrong-password each=SCRAM-SHA-256,CRAM-MD5,PLAIN,LOGIN,USER/PASS iterations=1..9",
    "login-token alice ya29.bearer-token",
    "login-token alice ya29.bearer-token only=XOAUTH2",
    "login-token alice ya29.bearer-token only=OAUTHBEARER",
    "login-tokens alice ya29.stale-token ya29.bearer-token",
    "login-certificate",
    "login-anonymous trace",
    "login alice correct-horse only=ANONYMOUS",
];

/// Operations before a login, or instead of one.
const BEFORE: [&str; 8] = [
    "capa",
    "capabilities",
    "stls",
    "user alice",
    "pass correct-horse",
    "apop alice correct-horse",
    "user mallory",
    "pass wrong-password",
];

/// Operations in a logged-in session.
const INSIDE: [&str; 23] = [
    "stat",
    "list",
    "list 1",
    "list 2",
    "list streamed",
    "uidl",
    "uidl 1",
    "uidl 9",
    "uidl streamed",
    "retr 1",
    "retr 2",
    "retr 3",
    "top 1 0",
    "top 2 5",
    "dele 1",
    "dele 2",
    "noop",
    "rset",
    "capa",
    "capabilities",
    "short XTND X",
    "long XTND X",
    "stream XTND X",
];

/// Lines of messages, and lines that could be mistaken for the end of one.
const LINES: [&[u8]; 12] = [
    b"Subject: x\r\n",
    b"\r\n",
    b".\r\n",
    b"..\r\n",
    b".x\r\n",
    b"+OK\r\n",
    b"-ERR\r\n",
    b"a",
    b"\r",
    b"\n.\n",
    b"\0\xff",
    b"text text text text text text text text text\r\n",
];

/// Octets that resemble POP3, and arbitrary ones.
pub(crate) fn octets() -> impl Strategy<Value = Vec<u8>> {
    let fragment = prop_oneof![
        8 => select(&FRAGMENTS[..]).prop_map(<[u8]>::to_vec),
        1 => vec(any::<u8>(), 1..4),
    ];
    vec(fragment, 0..8).prop_map(|fragments| fragments.concat())
}

/// A complete answer, not always `+OK`.
pub(crate) fn complete_answer() -> impl Strategy<Value = Answer> {
    prop_oneof![
        7 => Just(Answer::Proper),
        1 => select(&["", "no", "[IN-USE] later", "[AUTH] who?", "[SYS/TEMP] down"][..])
            .prop_map(Answer::Refusal),
        1 => Just(Answer::Echo("")),
    ]
}

/// Any answer.
pub(crate) fn any_answer() -> impl Strategy<Value = Answer> {
    let echo = select(&["", "what? ", "[AUTH] ", "A"][..]);
    prop_oneof![
        20 => complete_answer(),
        1 => Just(Answer::BareLf),
        1 => echo.prop_map(Answer::Echo),
        4 => octets().prop_map(Answer::Instead),
        1 => octets().prop_map(Answer::Before),
        1 => octets().prop_map(Answer::After),
        1 => any::<u8>().prop_map(Answer::Cut),
        2 => (any::<u8>(), select(&b"\r\n. +-0a\0\xff"[..]))
            .prop_map(|(at, to)| Answer::Changed(at, to)),
    ]
}

/// Conforming answers up to some point, and arbitrary ones after it. Without the conforming ones,
/// few cases would reach that point.
pub(crate) fn any_answers() -> impl Strategy<Value = Vec<Answer>> {
    let proper = (0..12usize).prop_map(|count| vec![Answer::Proper; count]);
    (proper, vec(any_answer(), 0..10)).prop_map(|(proper, any)| [proper, any].concat())
}

pub(crate) fn complete_answers() -> impl Strategy<Value = Vec<Answer>> {
    // A greeting that refuses ends everything immediately.
    let proper = (1..12usize).prop_map(|count| vec![Answer::Proper; count]);
    (proper, vec(complete_answer(), 0..10)).prop_map(|(proper, any)| [proper, any].concat())
}

/// Operations, of which the first is usually a login.
pub(crate) fn ops() -> impl Strategy<Value = Vec<String>> {
    let before = vec(select(&BEFORE[..]), 0..3);
    let login = prop_oneof![
        6 => select(&LOGINS[..]).prop_map(|login| vec![login]),
        2 => Just(vec!["user alice", "pass correct-horse"]),
        1 => Just(vec![]),
    ];
    let inside = vec(select(&INSIDE[..]), 0..12);
    let quit = prop_oneof![Just(vec![]), Just(vec!["quit"]), Just(vec!["quit", "noop"])];
    (
        prop_oneof![3 => Just(vec![]), 1 => before],
        login,
        inside,
        quit,
    )
        .prop_map(|parts| {
            let (before, login, inside, quit) = parts;
            let ops = [before, login, inside, quit].concat();
            ops.into_iter().map(str::to_owned).collect()
        })
}

pub(crate) fn setup() -> impl Strategy<Value = Setup> {
    let channel = select(
        &[
            Channel::TrustedByCaller,
            Channel::Plain,
            Channel::ImplicitTls,
        ][..],
    );
    let pipelining = select(&[Pipelining::Auto, Pipelining::Always, Pipelining::Never][..]);
    let rarely = || proptest::bool::weighted(0.2);
    let often = || proptest::bool::weighted(0.8);
    let flags = (rarely(), often(), often(), often(), rarely(), rarely());
    (channel, pipelining, flags).prop_map(|(channel, pipelining, flags)| Setup {
        channel,
        pipelining,
        strict: flags.0,
        ask_capa: flags.1,
        initial_response: flags.2,
        stls_required: flags.3,
        insecure: flags.4,
        small_limits: flags.5,
    })
}

pub(crate) fn offer() -> impl Strategy<Value = Offer> {
    let often = || proptest::bool::weighted(0.8);
    let sasl = prop_oneof![
        Just(SASL.to_vec()),
        subsequence(SASL.to_vec(), 0..=SASL.len())
    ];
    (often(), often(), often(), often(), sasl).prop_map(|(pipelining, capa, stls, apop, sasl)| {
        Offer {
            pipelining,
            capa,
            stls,
            apop,
            sasl,
        }
    })
}

/// Messages with every kind of line that could be mistaken for an end.
pub(crate) fn mail() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let line = select(&LINES[..]);
    let message = vec(line, 0..10).prop_map(|lines| {
        let lines = lines.concat();
        // A message whose first line ends in LF can end itself. Mail servers add a trace line in
        // front.
        let trace: &[u8] = if begins_with_lf(&lines) {
            b"Received: x\r\n"
        } else {
            b""
        };
        [trace, &lines].concat()
    });
    vec(message, 1..4)
}

/// A case with these answers.
pub(crate) fn case(answers: impl Strategy<Value = Vec<Answer>>) -> impl Strategy<Value = Case> {
    (setup(), offer(), ops(), answers, mail()).prop_map(|(client, server, ops, answers, mail)| {
        Case {
            client,
            server,
            ops,
            answers,
            mail,
        }
    })
}

/// How octets are partitioned: first into these sizes, then into pieces of one size.
#[derive(Debug, Clone)]
pub(crate) struct Pieces(Vec<usize>, usize);

impl Pieces {
    /// No partition.
    pub(crate) const WHOLE: Self = Self(Vec::new(), usize::MAX);

    pub(crate) fn sizes(&self) -> impl Iterator<Item = usize> + '_ {
        self.0.iter().copied().chain(core::iter::repeat(self.1))
    }
}

pub(crate) fn pieces() -> impl Strategy<Value = Pieces> {
    let sizes = vec(prop_oneof![1..8usize, 1..200usize], 0..40);
    let then = select(&[usize::MAX, usize::MAX, 64, 3, 2, 1][..]);
    (sizes, then).prop_map(|(sizes, then)| Pieces(sizes, then))
}

/// A case without deviations: in cleartext, and the server offers everything.
pub(crate) fn plain_case() -> Case {
    Case {
        client: Setup {
            channel: Channel::Plain,
            pipelining: Pipelining::Auto,
            strict: false,
            ask_capa: true,
            initial_response: true,
            stls_required: true,
            insecure: false,
            small_limits: false,
        },
        server: Offer {
            pipelining: true,
            capa: true,
            stls: true,
            apop: true,
            sasl: SASL.to_vec(),
        },
        ops: Vec::new(),
        answers: Vec::new(),
        mail: vec![b"Subject: x\r\n\r\n.x\r\n".to_vec()],
    }
}
