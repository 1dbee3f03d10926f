//! The input of both targets: the setup of the session, the operations of the application, the
//! behaviour of the transport. Any octets can be decoded, and every plan can be encoded.

use pop3_proto::{
    Config, MessageNumber,
    config::{CapaPolicy, Leniency, Pipelining},
};

use super::super::setup::{LARGE_BUFFER, limits, message};

/// Ends the list of operations. The octets after it describe the transport.
const END: u8 = 0xff;

/// Octets per operation.
const OPERATION: usize = 3;

/// The number of commands that an iterator yields, by index. Some are more than the window allows.
const COUNTS: [usize; 16] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 16, 24, 40, 100, 700];

/// The index of 16 in [`COUNTS`], which is the longest retrieval.
const MESSAGES: u8 = 11;

/// How many commands one session may submit. Operations beyond that are ignored.
const COMMANDS: usize = 1500;

/// A whole input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    pub setup: Setup,
    pub operations: Vec<Operation>,
    /// One octet for each [`Act`].
    pub link: Vec<u8>,
}

impl Plan {
    /// Decodes an octet for the setup, three for each operation until one is 0xff, and one for each
    /// act of the transport.
    pub fn decode(data: &[u8]) -> Self {
        let (&bits, mut rest) = data.split_first().unwrap_or((&0, &[]));
        let (mut operations, mut left) = (Vec::new(), COMMANDS);
        while let Some((&what, remaining)) = rest.split_first() {
            rest = remaining;
            if what == END {
                break;
            }
            let detail = rest.first().copied().unwrap_or_default();
            let polls = rest.get(1).copied().unwrap_or_default();
            rest = rest.get(OPERATION - 1..).unwrap_or_default();
            let operation = Operation::decode(what, detail, polls);
            match left.checked_sub(operation.commands()) {
                Some(less) => left = less,
                None => continue,
            }
            operations.push(operation);
        }
        Self {
            setup: Setup(bits),
            operations,
            link: rest.to_vec(),
        }
    }

    /// Returns the octets that decode to this plan.
    pub fn encode(&self) -> Vec<u8> {
        let operations = self.operations.iter().flat_map(Operation::encode);
        let mut octets = vec![self.setup.0];
        octets.extend(operations.chain([END]));
        octets.extend(&self.link);
        octets
    }
}

/// The setup of client and server, as bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setup(pub u8);

impl Setup {
    /// The two lowest bits: `Auto` with a server that advertises `PIPELINING`, `Always`, `Never`,
    /// and `Auto` with a server that does not.
    pub const ALWAYS: u8 = 1;
    pub const NEVER: u8 = 2;
    pub const NOT_ADVERTISED: u8 = 3;
    /// The server announces 3 MiB for each message, so two messages fill the window.
    pub const LARGE: u8 = 4;
    /// The client requests the sizes first, so that it uses them for its window.
    pub const LISTED: u8 = 8;
    pub const CAPA_NEVER: u8 = 0x10;
    pub const LARGE_BUFFER: u8 = 0x20;
    pub const STRICT: u8 = 0x40;

    pub fn config(self) -> Config {
        let mut config = Config::default();
        config.limits = limits(false);
        if self.has(Self::LARGE_BUFFER) {
            config.limits.receive_buffer = LARGE_BUFFER;
        }
        config.pipelining = match self.0 & 3 {
            Self::ALWAYS => Pipelining::Always,
            Self::NEVER => Pipelining::Never,
            _ => Pipelining::Auto,
        };
        if self.has(Self::CAPA_NEVER) {
            config.capa = CapaPolicy::Never;
        }
        if self.has(Self::STRICT) {
            config.leniency = Leniency::Strict;
        }
        config
    }

    pub fn has(self, bit: u8) -> bool {
        self.0 & bit != 0
    }

    pub fn advertises_pipelining(self) -> bool {
        self.0 & 3 != Self::NOT_ADVERTISED
    }
}

/// An operation of the application, and the poll at which its future is dropped if it is not ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operation {
    pub what: What,
    /// 0 means that it is never dropped. If dropping the future loses nothing, the operation is
    /// repeated.
    pub polls: u8,
}

/// The kind of operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    Call(Ask),
    /// One of three batches, about a message.
    Batch(u8, MessageNumber),
    /// A pipeline of `count` commands about consecutive messages. Only some of the replies may be
    /// read.
    Pipeline {
        kind: u8,
        count: u8,
        take: u8,
    },
    /// A retrieval of `count` messages. `reads` selects how much is read of messages at even and at
    /// uneven positions.
    Retrieve {
        top: bool,
        reads: u8,
        count: u8,
        take: u8,
    },
    /// One streamed command. `read` selects how much of its body is read.
    Open {
        kind: u8,
        number: MessageNumber,
        read: u8,
    },
    Submit(Ask),
    /// Waits for one of the submitted commands. `read` selects how much of its body is read, if it
    /// has one.
    Wait {
        which: u8,
        read: u8,
    },
    /// The server closes the connection.
    HangUp,
}

impl Operation {
    fn decode(what: u8, detail: u8, polls: u8) -> Self {
        let (kind, argument) = (what >> 5, what & 0x1f);
        let number = message(u32::from(detail % 10) + 1);
        let (count, take) = (detail & 0xf, detail >> 4);
        let what = match kind {
            0 => What::Call(Ask::decode(argument, number)),
            1 => What::Batch(argument % 3, number),
            2 => What::Pipeline {
                kind: argument & 3,
                count,
                take,
            },
            3 => What::Retrieve {
                top: argument & 0x10 != 0,
                reads: argument & 0xf,
                count: count.min(MESSAGES),
                take,
            },
            4 => What::Open {
                kind: argument >> 2 & 3,
                number,
                read: argument & 3,
            },
            5 => What::Submit(Ask::decode_any(argument, number)),
            6 => What::Wait {
                which: argument,
                read: detail & 3,
            },
            _ if argument >= 0x10 => What::HangUp,
            _ => What::Call(Ask::Quit),
        };
        Self { what, polls }
    }

    fn encode(&self) -> [u8; OPERATION] {
        let number = |ask: Ask| ask.number().map_or(0, detail);
        let (kind, argument, detail) = match self.what {
            What::Call(ask) => (0, ask.encode(), number(ask)),
            What::Batch(which, number) => (1, which, detail(number)),
            What::Pipeline { kind, count, take } => (2, kind, take << 4 | count),
            What::Retrieve {
                top,
                reads,
                count,
                take,
            } => (3, u8::from(top) << 4 | reads, take << 4 | count),
            What::Open { kind, number, read } => (4, kind << 2 | read, detail(number)),
            What::Submit(ask) => (5, ask.encode(), number(ask)),
            What::Wait { which, read } => (6, which, read),
            What::HangUp => (7, 0x10, 0),
        };
        [kind << 5 | argument, detail, self.polls]
    }

    /// Returns the maximum number of commands that the operation submits.
    fn commands(&self) -> usize {
        match self.what {
            What::Pipeline { count, .. } | What::Retrieve { count, .. } => how_many(count),
            _ => 4,
        }
    }
}

fn detail(number: MessageNumber) -> u8 {
    u8::try_from(number.get() - 1).unwrap_or_default()
}

/// Returns a pipelined command about this message: `DELE`, `UIDL`, `LIST` or `NOOP`.
pub fn pipelined(kind: u8, number: MessageNumber) -> Ask {
    match kind & 3 {
        0 => Ask::Dele(number),
        1 => Ask::UidlOne(number),
        2 => Ask::ListOne(number),
        _ => Ask::Noop,
    }
}

/// Returns a streamed command: `RETR`, `TOP`, or a `LIST` or `UIDL` that is not kept in memory.
pub fn streamed(kind: u8, number: MessageNumber) -> Ask {
    match kind & 3 {
        0 => Ask::Retr(number),
        1 => Ask::Top(number),
        2 => Ask::List,
        _ => Ask::Uidl,
    }
}

/// Returns the number of commands that a helper gets for this index.
pub fn how_many(count: u8) -> usize {
    COUNTS[usize::from(count & 0xf)]
}

/// Returns how many results of a helper are taken before it is dropped, or `None` for all.
pub fn enough(take: u8) -> Option<usize> {
    Some(how_many(take.checked_sub(1)?).max(1))
}

/// A command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    Stat,
    List,
    ListOne(MessageNumber),
    Uidl,
    UidlOne(MessageNumber),
    Dele(MessageNumber),
    Noop,
    Rset,
    Capa,
    Quit,
    Retr(MessageNumber),
    Top(MessageNumber),
}

/// The codes of streamed commands.
const RETR: u8 = 0x1e;
const TOP: u8 = 0x1f;

impl Ask {
    fn decode(which: u8, number: MessageNumber) -> Self {
        match which % 11 {
            0 => Self::Noop,
            1 => Self::Stat,
            2 => Self::List,
            3 => Self::ListOne(number),
            4 => Self::Uidl,
            5 => Self::UidlOne(number),
            6 | 7 => Self::Dele(number),
            8 => Self::Rset,
            9 => Self::Capa,
            _ => Self::Quit,
        }
    }

    fn decode_any(which: u8, number: MessageNumber) -> Self {
        match which {
            RETR => Self::Retr(number),
            TOP => Self::Top(number),
            _ => Self::decode(which, number),
        }
    }

    fn encode(self) -> u8 {
        match self {
            Self::Retr(_) => RETR,
            Self::Top(_) => TOP,
            Self::Noop => 0,
            Self::Stat => 1,
            Self::List => 2,
            Self::ListOne(_) => 3,
            Self::Uidl => 4,
            Self::UidlOne(_) => 5,
            Self::Dele(_) => 6,
            Self::Rset => 8,
            Self::Capa => 9,
            Self::Quit => 10,
        }
    }

    pub fn number(self) -> Option<MessageNumber> {
        match self {
            Self::ListOne(number)
            | Self::UidlOne(number)
            | Self::Dele(number)
            | Self::Retr(number)
            | Self::Top(number) => Some(number),
            _ => None,
        }
    }

    /// Returns the command line.
    pub fn line(self) -> String {
        match self {
            Self::Stat => "STAT\r\n".into(),
            Self::List => "LIST\r\n".into(),
            Self::ListOne(number) => format!("LIST {number}\r\n"),
            Self::Uidl => "UIDL\r\n".into(),
            Self::UidlOne(number) => format!("UIDL {number}\r\n"),
            Self::Dele(number) => format!("DELE {number}\r\n"),
            Self::Noop => "NOOP\r\n".into(),
            Self::Rset => "RSET\r\n".into(),
            Self::Capa => "CAPA\r\n".into(),
            Self::Quit => "QUIT\r\n".into(),
            Self::Retr(number) => format!("RETR {number}\r\n"),
            Self::Top(number) => format!("TOP {number} 1\r\n"),
        }
    }
}

/// What the transport does when the client reads or writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// It moves at most this many octets.
    Move(usize),
    /// It is not ready once, and this many seconds pass.
    Wait(u64),
    /// It is interrupted.
    Interrupt,
    /// The client reads the end of the stream, because the server has closed the connection.
    Eof,
    /// Reading fails.
    Reset,
    /// The server stops responding, and time passes until the client times out.
    Silence,
    /// Writing fails.
    WriteFails,
}

impl Act {
    pub fn decode(octet: u8) -> Self {
        let low = usize::from(octet & 0x3f) + 1;
        match octet {
            0..0x40 => Self::Move(low),
            0x40..0x80 => Self::Move(low * 16),
            0x80..0xc0 | 0xf4.. => Self::Move(usize::MAX),
            0xc0..0xe0 => Self::Wait(0),
            0xe0..0xe8 => Self::Interrupt,
            0xe8..0xf0 => Self::Wait(u64::from(octet & 7)),
            0xf0 => Self::Eof,
            0xf1 => Self::Reset,
            0xf2 => Self::Silence,
            0xf3 => Self::WriteFails,
        }
    }

    pub fn encode(self) -> u8 {
        let low = |n: usize| u8::try_from(n.clamp(1, 0x40) - 1).unwrap_or_default();
        match self {
            Self::Move(usize::MAX) => 0x80,
            Self::Move(octets @ 0..=0x40) => low(octets),
            Self::Move(octets) => 0x40 | low(octets / 16),
            Self::Wait(0) => 0xc0,
            Self::Interrupt => 0xe0,
            Self::Wait(seconds) => 0xe8 | u8::try_from(seconds.min(7)).unwrap_or_default(),
            Self::Eof => 0xf0,
            Self::Reset => 0xf1,
            Self::Silence => 0xf2,
            Self::WriteFails => 0xf3,
        }
    }
}
