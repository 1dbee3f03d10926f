//! A client with extreme values of each timeout and limit: an operation returns a result or an
//! error, and the client does not run a busy loop.

use std::io::{self, Read, Write};
use std::time::Duration;

use pop3_blocking::proto::{Channel, Connection};
use pop3_blocking::proto::{
    Instant,
    config::{Limits, Timeouts},
};
use pop3_blocking::server::{Server, ServerConfig};
use pop3_blocking::{Client, Config, Error, Stream};

use super::support::{alice, message, number};

/// A server in memory. It panics after `MOST` calls, because the client must be in a busy loop.
struct Counting {
    server: Server,
    calls: u32,
}

const MOST: u32 = 2_000;

impl Counting {
    fn count(&mut self) {
        self.calls += 1;
        assert!(self.calls < MOST, "the loop spins");
    }
}

impl Read for Counting {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.count();
        assert!(!buffer.is_empty(), "an empty read looks like end of file");
        let octets = self.server.transmit().read(buffer)?;
        self.server.transmitted(octets);
        if octets == 0 && !self.server.is_closed() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        Ok(octets)
    }
}

impl Write for Counting {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.count();
        self.server.receive(octets);
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Stream for Counting {
    fn set_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.count();
        assert_ne!(
            timeout,
            Some(Duration::ZERO),
            "sockets reject a timeout of zero"
        );
        Ok(())
    }
}

fn session(config: Config) -> Result<(), Error> {
    let maildrop = (1..=3).map(|n| (format!("uid-{n}"), message(n))).collect();
    let account = ServerConfig::new("alice", "secret").allow_plaintext_login(true);
    let stream = Counting {
        server: Server::new(account, maildrop),
        calls: 0,
    };
    let session = Connection::new(config, Channel::TrustedByCaller, Instant::ORIGIN);
    let mut client: Client<Counting> = pop3_blocking::start(session, stream)?;
    client.login(alice())?;
    client.uidl()?;
    client.retr_to_vec(number(1), usize::MAX)?;
    let mut messages = client.retrieve((1..=3).map(number));
    while let Some(message) = messages.next() {
        message?.to_vec(1000)?;
    }
    client.noop()?;
    client.quit().map(drop)
}

#[test]
fn sessions_work_with_extreme_timeouts() {
    let fields: [fn(&mut Timeouts) -> &mut Duration; 8] = [
        |timeouts| &mut timeouts.connect,
        |timeouts| &mut timeouts.tls,
        |timeouts| &mut timeouts.greeting,
        |timeouts| &mut timeouts.first_octet,
        |timeouts| &mut timeouts.stall,
        |timeouts| &mut timeouts.send,
        |timeouts| &mut timeouts.quit,
        |timeouts| &mut timeouts.quit_without_deletions,
    ];
    for field in fields {
        for span in [Duration::ZERO, Duration::from_nanos(1)] {
            let mut config = Config::default();
            *field(&mut config.timeouts) = span;
            let result = session(config);
            assert!(
                matches!(result, Ok(()) | Err(Error::Timeout(_))),
                "{result:?}"
            );
        }
        let mut config = Config::default();
        *field(&mut config.timeouts) = Duration::MAX;
        assert_eq!(session(config), Ok(()));
    }
    for (total, ok) in [(Duration::ZERO, false), (Duration::MAX, true)] {
        let mut config = Config::default();
        config.timeouts.total = Some(total);
        let result = session(config);
        assert_eq!(result.is_ok(), ok, "{result:?}");
    }
    for keep_alive in [Duration::ZERO, Duration::MAX] {
        let mut config = Config::default();
        config.keep_alive = Some(keep_alive);
        assert_eq!(session(config), Ok(()));
    }
}

#[test]
fn sessions_work_with_extreme_limits() {
    let fields: [fn(&mut Limits) -> &mut usize; 11] = [
        |limits| &mut limits.receive_buffer,
        |limits| &mut limits.line,
        |limits| &mut limits.capability_lines,
        |limits| &mut limits.capability_octets,
        |limits| &mut limits.listing_entries,
        |limits| &mut limits.listing_line,
        |limits| &mut limits.listing_octets,
        |limits| &mut limits.challenge,
        |limits| &mut limits.challenge_octets,
        |limits| &mut limits.challenges,
        |limits| &mut limits.command,
    ];
    for field in fields {
        for size in [0, 1, 2] {
            let mut config = Config::default();
            *field(&mut config.limits) = size;
            let result = session(config);
            let typed = matches!(
                result,
                Ok(()) | Err(Error::Limit(_) | Error::Misuse(_) | Error::Auth(_))
            );
            assert!(typed, "{result:?}");
        }
        let mut config = Config::default();
        *field(&mut config.limits) = usize::MAX;
        assert_eq!(session(config), Ok(()));
    }
}
