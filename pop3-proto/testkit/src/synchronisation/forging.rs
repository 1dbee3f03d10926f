//! A server that does not stuff dots (RFC 1939 section 3), so that the sender of a message can end it
//! early and forge the replies that follow.

use std::time::Duration;

use pop3_blocking::server::{EmbeddedServer, On, ServerConfig, Verb};
use pop3_proto::Endpoint;

/// A message of the server.
#[derive(Debug, Clone)]
pub struct Mail {
    pub id: String,
    /// What is sent after `+OK` in the reply to `RETR`, before the terminator.
    pub text: Vec<u8>,
}

/// The server of Alice. It offers no TLS, and `RETR` does not say how long a message is.
#[derive(Debug)]
pub struct Forging(EmbeddedServer);

impl Forging {
    /// Starts a server that sends what follows the first line that is a single dot separately, after a
    /// pause.
    pub fn start(mail: Vec<Mail>, pipelining: bool, pause: Duration) -> Self {
        let retr = || On::command(Verb::Retr);
        let status = "+OK";
        let mut config = ServerConfig::new("alice", "secret")
            .pipelining(pipelining)
            .without(Verb::Stls)
            .fault(retr().status(status).unwrap())
            .fault(retr().unstuffed().unwrap());
        for mail in &mail {
            let end = mail.text.windows(5).position(|end| end == b"\r\n.\r\n");
            if let Some(end) = end {
                let octets = status.len() + 2 + end + 5;
                let early = retr().unique_id(mail.id.clone());
                config = config.fault(early.pause(octets, pause).unwrap());
            }
        }
        let mail = mail.into_iter().map(|mail| (mail.id, mail.text));
        Self(EmbeddedServer::start(config, mail.collect()).unwrap())
    }

    pub fn endpoint(&self) -> Endpoint {
        Endpoint::plain("127.0.0.1", Some(self.0.plain().port()))
    }

    /// Returns the messages that are left.
    pub fn left(&self) -> Vec<Mail> {
        let left = self.0.maildrop();
        let mail = left.messages().map(|message| Mail {
            id: String::from_utf8_lossy(message.unique_id()).into_owned(),
            text: message.octets().to_vec(),
        });
        mail.collect()
    }
}
