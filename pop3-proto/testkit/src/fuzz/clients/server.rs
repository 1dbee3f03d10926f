//! A server that conforms to the RFCs. It also computes the expected result of each command.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use super::super::text::lines;
use super::plan::{Ask, Setup};

/// The messages, which all differ. Some have dots at the start of lines, one is empty, and one
/// exceeds the receive buffer.
static MAIL: LazyLock<[String; 8]> = LazyLock::new(|| {
    let long = |letter: &str, count| {
        let lines = (0..count).map(|n| format!("{letter}{n} {}\r\n", letter.repeat(n % 70)));
        lines.collect::<String>()
    };
    [
        "Subject: one\r\n\r\nhello\r\n".into(),
        "Subject: two\r\n\r\n.\r\n..\r\n.dot\r\n.".to_owned() + "\r\n",
        "Subject: three\r\n\r\n".to_owned() + &long("c", 60),
        String::new(),
        "\r\n".into(),
        "Subject: six\r\n\r\n".to_owned() + &long(".", 40),
        "Subject: seven\r\n\r\n+OK\r\n-ERR\r\n".into(),
        "Subject: eight\r\n\r\n".to_owned() + &long("h", 12),
    ]
});

/// The result of a command for the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    Done,
    Refused,
    Stat(u32, u64),
    Sizes(Vec<(u32, u64)>),
    Ids(Vec<(u32, String)>),
    Capabilities,
    Committed,
    /// A streamed reply has begun.
    BodyHead,
    /// `QUIT` was written and no reply was received. Only the client returns this value.
    Unknown,
}

/// The reply to a command.
#[derive(Debug)]
pub struct Answer {
    pub value: Value,
    /// The lines of a multi-line reply, without dot-stuffing.
    pub body: Option<Vec<u8>>,
    status: String,
}

impl Answer {
    /// Writes the reply in wire format.
    pub fn write(&self, octets: &mut Vec<u8>) {
        octets.extend_from_slice(self.status.as_bytes());
        octets.extend_from_slice(b"\r\n");
        let Some(body) = &self.body else {
            return;
        };
        for line in lines(body, true) {
            if line.starts_with(b".") {
                octets.push(b'.');
            }
            octets.extend_from_slice(line);
            octets.extend_from_slice(b"\r\n");
        }
        octets.extend_from_slice(b".\r\n");
    }

    fn one(value: Value, status: String) -> Self {
        Self {
            value,
            body: None,
            status,
        }
    }

    fn many(value: Value, status: &str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            value,
            body: Some(body.into()),
            status: status.into(),
        }
    }
}

/// The state of the session on the server.
#[derive(Debug)]
pub struct Server {
    setup: Setup,
    pub deleted: BTreeSet<u32>,
    /// Whether the server has answered `QUIT`.
    pub over: bool,
}

impl Server {
    pub fn new(setup: Setup) -> Self {
        Self {
            setup,
            deleted: BTreeSet::new(),
            over: false,
        }
    }

    /// Returns the size that the server announces for a message.
    fn size(&self, number: u32) -> u64 {
        let large = self.setup.has(Setup::LARGE);
        mail(number).len() as u64 + if large { 3 << 20 } else { 0 }
    }

    fn left(&self) -> impl Iterator<Item = u32> {
        (1..=MAIL.len() as u32).filter(|number| !self.deleted.contains(number))
    }

    /// Executes a command.
    pub fn answer(&mut self, ask: Ask) -> Answer {
        let number = ask.number().map(pop3_proto::MessageNumber::get);
        if number.is_some_and(|number| !self.left().any(|left| left == number)) {
            return Answer::one(Value::Refused, "-ERR no such message".into());
        }
        let number = number.unwrap_or_default();
        let id = |number| (number, format!("uid-{number}"));
        match ask {
            Ask::Noop => Answer::one(Value::Done, "+OK".into()),
            Ask::Stat => {
                let octets = self.left().map(|number| self.size(number)).sum();
                let messages = self.left().count() as u32;
                let status = format!("+OK {messages} {octets}");
                Answer::one(Value::Stat(messages, octets), status)
            }
            Ask::List => {
                let sizes = self.left().map(|number| (number, self.size(number)));
                let sizes: Vec<_> = sizes.collect();
                let body = sizes
                    .iter()
                    .map(|(number, size)| format!("{number} {size}\r\n"));
                let body: String = body.collect();
                Answer::many(Value::Sizes(sizes), "+OK", body)
            }
            Ask::ListOne(_) => {
                let size = self.size(number);
                let status = format!("+OK {number} {size}");
                Answer::one(Value::Sizes(vec![(number, size)]), status)
            }
            Ask::Uidl => {
                let ids: Vec<_> = self.left().map(id).collect();
                let body = ids.iter().map(|(number, id)| format!("{number} {id}\r\n"));
                let body: String = body.collect();
                Answer::many(Value::Ids(ids), "+OK", body)
            }
            Ask::UidlOne(_) => {
                let (number, id) = id(number);
                let status = format!("+OK {number} {id}");
                Answer::one(Value::Ids(vec![(number, id)]), status)
            }
            Ask::Dele(_) => {
                self.deleted.insert(number);
                Answer::one(Value::Done, "+OK deleted".into())
            }
            Ask::Rset => {
                self.deleted.clear();
                Answer::one(Value::Done, "+OK".into())
            }
            Ask::Capa => Answer::many(Value::Capabilities, "+OK", self.capabilities()),
            Ask::Quit => {
                self.over = true;
                Answer::one(Value::Committed, "+OK".into())
            }
            Ask::Retr(_) => Answer::many(Value::Done, "+OK", mail(number)),
            Ask::Top(_) => Answer::many(Value::Done, "+OK", top(mail(number))),
        }
    }

    fn capabilities(&self) -> String {
        let pipelining = if self.setup.advertises_pipelining() {
            "PIPELINING\r\n"
        } else {
            ""
        };
        format!("USER\r\nUIDL\r\nTOP\r\n{pipelining}")
    }
}

fn mail(number: u32) -> &'static str {
    &MAIL[number as usize - 1]
}

/// Returns the header and one line of the body.
fn top(mail: &str) -> &str {
    let header = mail.find("\r\n\r\n").map_or(mail.len(), |end| end + 4);
    let line = mail[header..]
        .find("\r\n")
        .map_or(mail.len(), |end| header + end + 2);
    &mail[..line]
}
