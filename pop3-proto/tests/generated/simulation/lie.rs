//! How a server breaks the rules: at one reply or a few, by name.

use std::time::Duration;

use fastrand::Rng;

use super::forge::{with_other_nonce, with_other_signature};
use super::line::{is_long, number, split_reply, verb};

/// When a lie is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    /// At the reply of this number; the greeting is the first.
    Reply(usize),
    /// At the first reply to this.
    To(&'static [u8]),
    /// At the first reply that it changes.
    Fits,
}

/// What a server does instead of answering as it should.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Lie {
    /// No reply at all.
    Missing,
    /// The reply twice.
    Doubled,
    /// The next reply first.
    Swapped,
    /// The right reply, late.
    Late(Duration),
    /// A line before the command is there as a whole.
    Early(&'static [u8]),
    /// A line behind the reply that answers nothing.
    Surplus(&'static [u8]),
    /// The number of another message.
    WrongNumber,
    /// A multi-line reply without its terminator.
    Unterminated,
    /// A multi-line reply that ends before its time.
    EndsEarly,
    /// `-ERR`, though the command was done.
    ErrForOk,
    /// `+OK`, whatever became of the command.
    OkInstead,
    /// A line that is no status.
    Garbage,
    /// A line that never ends, or nearly.
    Overlong,
    /// Octets outside TLS where TLS is, or is about to be.
    Injected,
    /// The server's proof in SCRAM, made without the password.
    ForgedSignature,
    /// The server's first message in SCRAM, with the nonce of another exchange.
    ForgedNonce,
    /// Hangs up instead of answering, in TLS with or without a farewell.
    HangsUp { farewell: bool },
    /// Hangs up in the middle of the reply.
    HangsUpInside { farewell: bool },
}

use Lie::*;

/// What a liar does, one after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    /// Octets, and whether they are what an honest server says.
    Say(Vec<u8>, bool),
    /// Octets outside TLS.
    Inject(Vec<u8>),
    Wait(Duration),
    HangUp {
        farewell: bool,
    },
    StartTls,
}

const SURPLUS: [&[u8]; 6] = [
    b"+OK\r\n",
    b"+OK 1 7\r\n",
    b"-ERR timed out\r\n",
    b"WAT\r\n",
    b".\r\n",
    b"\0\xff\r\n",
];

impl Lie {
    /// One of each kind.
    pub(crate) fn all(rng: &mut Rng) -> [Self; 18] {
        let surplus = SURPLUS[rng.usize(..SURPLUS.len())];
        let farewell = rng.bool();
        [
            Missing,
            Doubled,
            Swapped,
            Late(Duration::from_secs(rng.u64(1..400))),
            Early(surplus),
            Surplus(surplus),
            WrongNumber,
            Unterminated,
            EndsEarly,
            ErrForOk,
            OkInstead,
            Garbage,
            Overlong,
            Injected,
            ForgedSignature,
            ForgedNonce,
            HangsUp { farewell },
            HangsUpInside { farewell },
        ]
    }

    pub(crate) fn random(rng: &mut Rng) -> Self {
        // Mechanisms that prove something must see through it.
        if rng.u8(..8) == 0 {
            return OkInstead;
        }
        let all = Self::all(rng);
        all[rng.usize(..all.len())].clone()
    }

    /// Whether it is due at this reply, of which there were so many before.
    pub(crate) fn is_due(
        &self,
        when: When,
        index: usize,
        line: &[u8],
        reply: &[u8],
        rng: &Rng,
    ) -> bool {
        match when {
            When::Reply(at) => at == index,
            When::To(command) => verb(line) == command,
            When::Fits => {
                let acts = self.twist(line, reply.to_vec(), &mut rng.clone());
                acts != [Act::Say(reply.to_vec(), true)]
            }
        }
    }

    /// What this lie makes of the reply to a command. One that does not fit leaves it as it is.
    pub(crate) fn twist(&self, line: &[u8], reply: Vec<u8>, rng: &mut Rng) -> Vec<Act> {
        let (status, body) = split_reply(&reply);
        let ok = status.starts_with(b"+OK");
        let long = is_long(line) && ok;
        let one = ok && matches!(verb(line), b"LIST" | b"UIDL") && number(line).is_some();
        let lie = |octets: Vec<u8>| vec![Act::Say(octets, false)];
        match self {
            Missing => Vec::new(),
            Doubled => vec![Act::Say(reply.clone(), true), Act::Say(reply, false)],
            Late(time) => vec![Act::Wait(*time), Act::Say(reply, true)],
            Surplus(surplus) => vec![Act::Say(reply, true), Act::Say(surplus.to_vec(), false)],
            WrongNumber if one => {
                let mut words: Vec<_> = status.split(|octet| *octet == b' ').collect();
                let other = (number(line).unwrap() + rng.u32(1..3)).to_string();
                words[1] = other.as_bytes();
                lie([&words.join(&b' '), b"\r\n".as_slice()].concat())
            }
            Unterminated if long => {
                let lines = reply.trim_ascii_end();
                lie(lines[..lines.len() - 1].to_vec())
            }
            EndsEarly if long => {
                let lines: Vec<_> = body.split_inclusive(|octet| *octet == b'\n').collect();
                let (before, behind) = lines.split_at(rng.usize(..=lines.len()));
                let parts = [
                    status,
                    b"\r\n",
                    &before.concat(),
                    b".\r\n",
                    &behind.concat(),
                ];
                lie(parts.concat())
            }
            ErrForOk if ok => lie(b"-ERR [SYS/TEMP] not now\r\n".to_vec()),
            OkInstead if !long => lie(b"+OK 1 7 welcome\r\n".to_vec()),
            Garbage => lie(b"warning: no status\r\n".to_vec()),
            Overlong => {
                let end: &[u8] = if rng.bool() { b"\r\n" } else { b"" };
                lie([b"+OK ", b"x".repeat(40 << 10).as_slice(), end].concat())
            }
            Injected => {
                // Half a line would be the begin of the first reply inside TLS.
                let end: &[u8] = if rng.bool() { b"\r\n" } else { b" " };
                let injected = [b"+OK injected", end].concat();
                vec![Act::Say(reply, true), Act::Inject(injected)]
            }
            ForgedSignature => match with_other_signature(&reply, rng) {
                Some(forged) => lie(forged),
                None => vec![Act::Say(reply, true)],
            },
            ForgedNonce => match with_other_nonce(&reply, rng) {
                Some(forged) => lie(forged),
                None => vec![Act::Say(reply, true)],
            },
            HangsUp { farewell } => vec![Act::HangUp {
                farewell: *farewell,
            }],
            HangsUpInside { farewell } => {
                let part = reply[..rng.usize(..reply.len())].to_vec();
                let farewell = *farewell;
                vec![Act::Say(part, false), Act::HangUp { farewell }]
            }
            // `Swapped` and `Early` are about more than one reply: the server does them.
            _ => vec![Act::Say(reply, true)],
        }
    }
}
