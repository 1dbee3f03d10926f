//! What the sessions of `cuts` ask for, and how one ends for its client that is cut at some place.

use pop3_proto::{command::Verb, error::Closed};

/// Connect, login, LIST, UIDL, three messages, three DELEs, QUIT.
pub(super) const STEPS: usize = 11;

/// What is asked for in these steps; two commands make the login.
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

/// What each reply is to, and behind which octet of the server it ends. The greeting is to nothing.
pub(super) type Replies = [(Option<Verb>, usize); STEPS + 1];

/// How a stream ends that is closed behind so many octets.
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

/// Whether nothing is in flight behind so many octets: then the client may see the end before it asks
/// for more. Within the login, between LIST and UIDL, and between commands of one kind something is.
pub(super) fn may_be_idle(replies: &Replies, octets: usize) -> bool {
    let mut steps = replies.iter().zip(&replies[1..]);
    let next = steps.find(|((_, end), _)| *end == octets);
    next.is_some_and(|((last, _), (next, _))| {
        last != next && !matches!(next, Some(Verb::Pass | Verb::Uidl))
    })
}

/// What a [`Closed`] says but for the number of commands in flight, which is the client's affair.
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
            Closed::NoGreeting => Self::NoGreeting,
            Closed::Truncated { verb, .. } => Self::Truncated(verb),
            Closed::Unanswered { verb, .. } => Self::Unanswered(verb),
            Closed::Idle { .. } => Self::Idle,
            ref other => panic!("{other:?}"),
        }
    }
}

/// In TLS the place is not known to the octet, but which reply was the next to come.
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
        // No record of the server ends within a reply that fits in one.
        Some(verb) => assert!(
            matches!(expected, Expected::Unanswered(v) if v == verb)
                || (expected == Expected::Truncated(verb) && verb == Verb::Retr)
                || (expected == Expected::Idle && verb != Verb::Uidl),
            "{expected:?} behind {steps} steps"
        ),
    }
}
