//! Protocol violations by the server: at one reply or a few.

use std::time::Duration;

use fastrand::Rng;

use super::forge::{with_other_nonce, with_other_signature};
use super::line::{is_long, number, split_reply, verb};

/// When a violation is applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    /// At the reply of this number; the greeting is the first.
    Reply(usize),
    /// At the first reply to this command.
    To(&'static [u8]),
    /// At the first reply that it changes.
    Fits,
}

/// What a server does instead of answering correctly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Violation {
    /// Sends no reply at all.
    Missing,
    /// Sends the reply twice.
    Doubled,
    /// Sends the next reply first.
    Swapped,
    /// Sends the right reply late.
    Late(Duration),
    /// Sends a line before the command is complete.
    Early(&'static [u8]),
    /// Sends an unsolicited line after the reply.
    Surplus(&'static [u8]),
    /// Sends the number of another message.
    WrongNumber,
    /// Sends a multi-line reply without its terminator.
    Unterminated,
    /// Ends a multi-line reply early.
    EndsEarly,
    /// Sends `-ERR`, although it executed the command.
    ErrForOk,
    /// Sends `+OK`, regardless of the result of the command.
    OkInstead,
    /// Sends a line that is not a status line.
    Garbage,
    /// Sends a line that is too long, possibly without an end.
    Overlong,
    /// Sends cleartext octets where TLS is active or about to start.
    Injected,
    /// Sends a SCRAM server signature that was made without the password.
    ForgedSignature,
    /// Sends the first SCRAM server message with the nonce of another exchange.
    ForgedNonce,
    /// Closes the connection instead of answering, in TLS with or without close_notify.
    HangsUp { close_notify: bool },
    /// Closes the connection in the middle of the reply.
    HangsUpInside { close_notify: bool },
}

use Violation::*;

/// An action of a violating server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    /// Sends octets. The flag says whether a conforming server sends them.
    Say(Vec<u8>, bool),
    /// Sends octets outside TLS.
    Inject(Vec<u8>),
    Wait(Duration),
    HangUp {
        close_notify: bool,
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

impl Violation {
    /// Returns one of each kind.
    pub(crate) fn all(rng: &mut Rng) -> [Self; 18] {
        let surplus = SURPLUS[rng.usize(..SURPLUS.len())];
        let close_notify = rng.bool();
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
            HangsUp { close_notify },
            HangsUpInside { close_notify },
        ]
    }

    pub(crate) fn random(rng: &mut Rng) -> Self {
        // Mechanisms that verify the server must detect these.
        if rng.u8(..8) == 0 {
            return OkInstead;
        }
        let all = Self::all(rng);
        all[rng.usize(..all.len())].clone()
    }

    /// Returns whether the violation is due at the reply with this index.
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
                let acts = self.distort(line, reply.to_vec(), &mut rng.clone());
                acts != [Act::Say(reply.to_vec(), true)]
            }
        }
    }

    /// Returns the actions that replace the reply to a command. A violation that does not apply
    /// leaves the reply as it is.
    pub(crate) fn distort(&self, line: &[u8], reply: Vec<u8>, rng: &mut Rng) -> Vec<Act> {
        let (status, body) = split_reply(&reply);
        let ok = status.starts_with(b"+OK");
        let long = is_long(line) && ok;
        let one = ok && matches!(verb(line), b"LIST" | b"UIDL") && number(line).is_some();
        let violation = |octets: Vec<u8>| vec![Act::Say(octets, false)];
        match self {
            Missing => Vec::new(),
            Doubled => vec![Act::Say(reply.clone(), true), Act::Say(reply, false)],
            Late(time) => vec![Act::Wait(*time), Act::Say(reply, true)],
            Surplus(surplus) => vec![Act::Say(reply, true), Act::Say(surplus.to_vec(), false)],
            WrongNumber if one => {
                let mut words: Vec<_> = status.split(|octet| *octet == b' ').collect();
                let other = (number(line).unwrap() + rng.u32(1..3)).to_string();
                words[1] = other.as_bytes();
                violation([&words.join(&b' '), b"\r\n".as_slice()].concat())
            }
            Unterminated if long => {
                let lines = reply.trim_ascii_end();
                violation(lines[..lines.len() - 1].to_vec())
            }
            EndsEarly if long => {
                let lines: Vec<_> = body.split_inclusive(|octet| *octet == b'\n').collect();
                let (before, after) = lines.split_at(rng.usize(..=lines.len()));
                let parts = [status, b"\r\n", &before.concat(), b".\r\n", &after.concat()];
                violation(parts.concat())
            }
            ErrForOk if ok => violation(b"-ERR [SYS/TEMP] not now\r\n".to_vec()),
            OkInstead if !long => violation(b"+OK 1 7 welcome\r\n".to_vec()),
            Garbage => violation(b"warning: no status\r\n".to_vec()),
            Overlong => {
                let end: &[u8] = if rng.bool() { b"\r\n" } else { b"" };
                violation([b"+OK ", b"x".repeat(40 << 10).as_slice(), end].concat())
            }
            Injected => {
                // A partial line would be the start of the first reply inside TLS.
                let end: &[u8] = if rng.bool() { b"\r\n" } else { b" " };
                let injected = [b"+OK injected", end].concat();
                vec![Act::Say(reply, true), Act::Inject(injected)]
            }
            ForgedSignature => match with_other_signature(&reply, rng) {
                Some(forged) => violation(forged),
                None => vec![Act::Say(reply, true)],
            },
            ForgedNonce => match with_other_nonce(&reply, rng) {
                Some(forged) => violation(forged),
                None => vec![Act::Say(reply, true)],
            },
            HangsUp { close_notify } => vec![Act::HangUp {
                close_notify: *close_notify,
            }],
            HangsUpInside { close_notify } => {
                let part = reply[..rng.usize(..reply.len())].to_vec();
                let close_notify = *close_notify;
                vec![Act::Say(part, false), Act::HangUp { close_notify }]
            }
            // `Swapped` and `Early` involve more than one reply: the server handles them.
            _ => vec![Act::Say(reply, true)],
        }
    }
}
