//! The steps of the sessions in `cuts`, and the expected error if the connection breaks at a given
//! place.

use pop3_proto::{command::Verb, error::Closed};

/// Connect, login, LIST, UIDL, three messages, three DELEs, QUIT.
pub(super) const STEPS: usize = 11;

/// The commands of these steps. The login has two.
pub(super) const COURSE: [Option<Verb>; STEPS + 1] = [
    None,
    Some(Verb::User),
    Some(Verb::Pass),
    Some(Verb::List),
    Some(Verb::Uidl),
    Some(Verb::Retr),
    Some(Verb::Retr),
    Some(Verb::Retr),
    Some(Verb::Dele),
    Some(Verb::Dele),
    Some(Verb::Dele),
    Some(Verb::Quit),
];

/// The command of each reply, and the position in the server's octets where the reply ends. The
/// greeting has no command.
pub(super) type Replies = [(Option<Verb>, usize); STEPS + 1];

/// Returns the expected error if the stream is closed after this many octets.
pub(super) fn expected_end(replies: &Replies, octets: usize) -> Expected {
    let next = replies.iter().position(|(_, end)| *end > octets).unwrap();
    let Some(verb) = replies[next].0 else {
        return Expected::NoGreeting;
    };
    if replies[next - 1].1 < octets {
        Expected::Truncated(verb)
    } else {
        Expected::Unanswered(verb)
    }
}

/// Returns whether nothing is in flight after this many octets: then the client may detect the
/// close before it sends more. Within the login, between LIST and UIDL, and between commands of the
/// same kind there is always a command in flight.
pub(super) fn may_be_idle(replies: &Replies, octets: usize) -> bool {
    let mut steps = replies.iter().zip(&replies[1..]);
    let next = steps.find(|((_, end), _)| *end == octets);
    next.is_some_and(|((last, _), (next, _))| {
        last != next && !matches!(next, Some(Verb::Pass | Verb::Uidl))
    })
}

/// The content of a [`Closed`], except for the number of commands in flight, which depends on the
/// client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expected {
    NoGreeting,
    Truncated(Verb),
    Unanswered(Verb),
    Idle,
}

impl Expected {
    #[track_caller]
    pub(super) fn of(closed: &Closed) -> Self {
        match *closed {
            Closed::NoGreeting { .. } => Self::NoGreeting,
            Closed::Truncated { verb, .. } => Self::Truncated(verb),
            Closed::Unanswered { verb, .. } => Self::Unanswered(verb),
            Closed::Idle { .. } => Self::Idle,
            ref other => panic!("{other:?}"),
        }
    }
}

/// Checks the error in TLS, where the exact octet is unknown and only the next reply is known.
#[track_caller]
pub(super) fn assert_cut_in_tls(closed: &Closed, steps: usize) {
    let expected = Expected::of(closed);
    match COURSE[if steps < 2 { steps } else { steps + 1 }] {
        None => assert_eq!(expected, Expected::NoGreeting),
        // The login has two replies.
        Some(Verb::User) => assert!(matches!(
            expected,
            Expected::Truncated(Verb::User | Verb::Pass)
                | Expected::Unanswered(Verb::User | Verb::Pass)
        )),
        // No TLS record of the server ends within a reply that fits into one record.
        Some(verb) => assert!(
            matches!(expected, Expected::Unanswered(v) if v == verb)
                || (expected == Expected::Truncated(verb) && verb == Verb::Retr)
                || (expected == Expected::Idle && verb != Verb::Uidl),
            "{expected:?} after {steps} steps"
        ),
    }
}
