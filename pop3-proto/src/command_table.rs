//! The table with the protocol's rules for each command.

use core::fmt;

use crate::phase::Phase;
use crate::verb::Verb;

/// What follows the first line of a reply that begins with `+OK`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Nothing: the reply is one line.
    Line,
    /// Lines up to the terminator, collected.
    Lines,
    /// Several lines that are kept. In a listing, a malformed line is left out.
    SalvagedLines,
    /// Lines up to the terminator, streamed to the application as they are received.
    Stream,
}

/// The protocol's rules for a command.
pub(crate) struct Row {
    pub(crate) verb: Verb,
    /// The keyword as it is sent. That of a raw command is part of its line.
    pub(crate) keyword: &'static str,
    /// The shape of the reply to the command without arguments, and with arguments.
    pub(crate) shape: (Shape, Shape),
    /// The phases in which the command is allowed.
    pub(crate) phases: &'static [Phase],
    /// Whether the command is sent only when no other command is in flight.
    pub(crate) barrier: bool,
    /// Whether the command contains a secret.
    pub(crate) sensitive: bool,
}

const ANY: &[Phase] = &[Phase::Authorization, Phase::Transaction];
const BEFORE: &[Phase] = &[Phase::Authorization];
const AFTER: &[Phase] = &[Phase::Transaction];
const ONE: (Shape, Shape) = (Shape::Line, Shape::Line);
const MANY: (Shape, Shape) = (Shape::Lines, Shape::Lines);
const BODY: (Shape, Shape) = (Shape::Stream, Shape::Stream);
const LISTING: (Shape, Shape) = (Shape::Lines, Shape::Line);

const fn row(
    verb: Verb,
    keyword: &'static str,
    shape: (Shape, Shape),
    phases: &'static [Phase],
) -> Row {
    Row {
        verb,
        keyword,
        shape,
        phases,
        barrier: false,
        sensitive: false,
    }
}

const fn barrier(row: Row) -> Row {
    Row {
        barrier: true,
        ..row
    }
}

const fn sensitive(row: Row) -> Row {
    Row {
        sensitive: true,
        barrier: true,
        ..row
    }
}

/// In the order of `Verb`.
static TABLE: [Row; 19] = [
    barrier(row(Verb::Capa, "CAPA", MANY, ANY)),
    barrier(row(Verb::Stls, "STLS", ONE, BEFORE)),
    barrier(row(Verb::User, "USER", ONE, BEFORE)),
    sensitive(row(Verb::Pass, "PASS", ONE, BEFORE)),
    sensitive(row(Verb::Apop, "APOP", ONE, BEFORE)),
    sensitive(row(Verb::Auth, "AUTH", ONE, BEFORE)),
    barrier(row(Verb::AuthMechanisms, "AUTH", MANY, BEFORE)),
    row(Verb::Stat, "STAT", ONE, AFTER),
    row(Verb::List, "LIST", LISTING, AFTER),
    row(Verb::Uidl, "UIDL", LISTING, AFTER),
    row(Verb::Retr, "RETR", BODY, AFTER),
    row(Verb::Top, "TOP", BODY, AFTER),
    row(Verb::Dele, "DELE", ONE, AFTER),
    row(Verb::Noop, "NOOP", ONE, AFTER),
    barrier(row(Verb::Rset, "RSET", ONE, AFTER)),
    barrier(row(Verb::Quit, "QUIT", ONE, ANY)),
    barrier(row(Verb::Utf8, "UTF8", ONE, BEFORE)),
    barrier(row(Verb::Lang, "LANG", LISTING, ANY)),
    barrier(row(Verb::Raw, "", ONE, ANY)),
];

impl Verb {
    pub(crate) fn row(self) -> &'static Row {
        static NONE: Row = row(Verb::Raw, "", ONE, &[]);
        let row = TABLE.get(self as usize).unwrap_or(&NONE);
        debug_assert!(row.verb == self);
        row
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if *self == Self::Raw {
            "the raw command"
        } else {
            self.row().keyword
        })
    }
}
