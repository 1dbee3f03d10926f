//! Tests of any client: every command that an iterator yields gets one result, and each submitted
//! command is claimed separately. The tests use the embedded server, in cleartext and in TLS, with
//! and without pipelining. Each test counts the results.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};

use pop3_blocking::server::{EmbeddedServer, ServerConfig};
use pop3_proto::{
    Channel, Config, Connection, Connector, Dele, Error, Instant, List, Login, MessageNumber, Retr,
    Uidl,
    config::{CapaPolicy, Pipelining, StlsPolicy},
    error::Misuse,
    tls::Roots,
};

use super::client::{Body, Client, Enough};

const MESSAGES: u32 = 4;

/// The size of a large message in octets. Two such messages fill the window.
const OCTETS: usize = 3 << 20;

/// Starts a server with messages of this many octets.
fn server(octets: usize) -> EmbeddedServer {
    let line = format!("{}\r\n", "x".repeat(78));
    let mail = (1..=MESSAGES).map(|n| {
        let head = format!("Subject: message {n}\r\n\r\n");
        (format!("uid-{n}"), head + &line.repeat(octets / line.len()))
    });
    EmbeddedServer::start(ServerConfig::new("alice", "secret"), mail.collect()).unwrap()
}

/// Runs a test with a logged-in client of a new server, for each channel and pipelining policy.
fn everywhere<C: Client>(octets: usize, mut test: impl FnMut(C, &EmbeddedServer)) {
    for pipelining in [Pipelining::Auto, Pipelining::Never] {
        for (is_plain, stls) in [
            (true, StlsPolicy::Off),
            (true, StlsPolicy::Required),
            (false, StlsPolicy::Required),
        ] {
            let server = server(octets);
            let mut connector = Connector::default();
            connector.tls.roots = Some(Roots::from_pem(server.ca_pem().as_bytes()).unwrap());
            connector.config.pipelining = pipelining;
            connector.config.stls = stls;
            connector.config.allow_insecure_login = stls == StlsPolicy::Off;
            let endpoint = if is_plain {
                server.plain()
            } else {
                server.implicit_tls()
            };
            let mut client = C::connect_with(&endpoint, &connector).unwrap();
            client.login(alice()).unwrap();
            // The window uses the sizes from LIST, so two large messages in flight fill it.
            assert_eq!(client.list().unwrap().len(), MESSAGES as usize);
            test(client, &server);
        }
    }
}

fn alice() -> Login {
    Login::new("alice", "secret").unwrap()
}

fn number(n: u32) -> MessageNumber {
    MessageNumber::new(n).unwrap()
}

fn all() -> impl Iterator<Item = MessageNumber> {
    (1..=MESSAGES).map(number)
}

/// Reads one chunk, and ignores the rest.
fn peek(message: &mut dyn Body) {
    assert!(message.chunk().unwrap().is_some());
}

/// Deletes every message and commits. Counts the replies, and the remaining messages.
fn delete_all<C: Client>(mut client: C, server: &EmbeddedServer) {
    let replies = client.pipeline(all().map(Dele), usize::MAX);
    assert_eq!(replies.len(), MESSAGES as usize);
    assert!(replies.iter().all(Result::is_ok), "{replies:?}");
    assert!(client.quit().unwrap().is_committed());
    assert_eq!(server.maildrop().len(), 0);
}

pub fn messages_after_an_abandoned_one_arrive<C: Client>() {
    everywhere(OCTETS, |mut client: C, server| {
        let mut opened = Vec::new();
        client.retrieve(all(), &mut |message| {
            let message = message.unwrap();
            opened.extend(message.number());
            peek(message);
            Enough::NotYet
        });
        assert!(opened.iter().copied().eq(all()), "{opened:?}");
        delete_all(client, server);
    });
}

pub fn pipeline_after_an_abandoned_retrieval_sends_every_command<C: Client>() {
    for messages_read in [1, 2] {
        everywhere(OCTETS, |mut client: C, server| {
            let mut left = messages_read;
            client.retrieve(all(), &mut |message| {
                peek(message.unwrap());
                left -= 1;
                if left == 0 {
                    Enough::Enough
                } else {
                    Enough::NotYet
                }
            });
            delete_all(client, server);
        });
    }
}

pub fn helper_after_an_abandoned_helper_gets_every_result<C: Client>() {
    everywhere(OCTETS, |mut client: C, server| {
        let abandon = |client: &mut C| {
            client.retrieve(all(), &mut |message| {
                peek(message.unwrap());
                Enough::Enough
            });
        };
        abandon(&mut client);
        let mut opened = 0;
        client.retrieve(all(), &mut |message| {
            assert!(message.unwrap().rest().unwrap().len() > OCTETS / 2);
            opened += 1;
            Enough::NotYet
        });
        assert_eq!(opened, MESSAGES);
        abandon(&mut client);
        assert_eq!(client.stat().unwrap().messages, MESSAGES);
        abandon(&mut client);
        let (sizes, uids) = client.batch((List, Uidl)).unwrap();
        assert_eq!((sizes.len(), uids.len()), (4, 4));
        abandon(&mut client);
        client
            .open(Retr(number(2)), &mut |body| peek(body))
            .unwrap();
        abandon(&mut client);
        client.noop().unwrap();
        abandon(&mut client);
        delete_all(client, server);
    });
}

/// Submits five commands: both listings, and then the commands that fetch a message, delete it and
/// fetch the next one.
macro_rules! submit_all {
    ($client:ident) => {{
        let list = $client.submit(List).unwrap();
        let uidl = $client.submit(Uidl).unwrap();
        let first = $client.submit(Retr(number(1))).unwrap();
        let dele = $client.submit(Dele(number(1))).unwrap();
        let second = $client.submit(Retr(number(2))).unwrap();
        (list, uidl, first, dele, second)
    }};
}

pub fn whole_and_streamed_commands_are_claimed_by_tickets<C: Client>() {
    everywhere(1000, |mut client: C, server| {
        let (list, uidl, first, dele, second) = submit_all!(client);
        assert_eq!(client.wait(list).unwrap().len(), 4);
        assert_eq!(client.wait(uidl).unwrap().len(), 4);
        for (ticket, n) in [(first, 1), (second, 2)] {
            let mut octets = Vec::new();
            let mut read = |body: &mut dyn Body| {
                assert_eq!(body.number(), Some(number(n)));
                octets = body.rest().unwrap();
                assert_eq!(
                    body.chunk(),
                    Ok(None),
                    "reading after the end returns the end"
                );
            };
            client.wait_open(ticket, &mut read).unwrap();
            let subject = format!("Subject: message {n}\r\n");
            assert!(octets.starts_with(subject.as_bytes()));
            if n == 1 {
                client.wait(dele).unwrap();
            }
        }
        // A refused command spends its ticket, and a body can be opened only once.
        let missing = client.submit(Retr(number(1))).unwrap();
        let spent = Err(Error::Misuse(Misuse::TicketSpent));
        let mut unexpected = |_: &mut dyn Body| panic!("there is no body");
        let refused = client.wait_open(missing, &mut unexpected);
        assert!(matches!(refused, Err(Error::Refused(_))), "{refused:?}");
        assert_eq!(client.wait_open(missing, &mut unexpected), spent);
        assert_eq!(client.wait_open(first, &mut unexpected), spent);
        assert!(client.quit().unwrap().is_committed());
        assert_eq!(server.maildrop().len(), 3);
    });
}

pub fn bodies_of_unclaimed_tickets_are_skipped<C: Client>() {
    everywhere(OCTETS, |mut client: C, server| {
        let spent = Err(Error::Misuse(Misuse::TicketSpent));
        // The body is not opened, or it is opened and not read.
        for open in [false, true] {
            let (_, uidl, first, dele, second) = submit_all!(client);
            if open {
                client.wait_open(first, &mut |_| {}).unwrap();
            }
            client.wait(dele).unwrap();
            assert_eq!(client.wait_open(first, &mut |_| {}), spent);
            assert_eq!(client.wait(uidl).map(drop), spent);
            client.wait_open(second, &mut |body| peek(body)).unwrap();
            client.rset().unwrap();
        }
        // All tickets are dropped before each kind of operation.
        let submit = |client: &mut C| {
            for n in all() {
                client.submit(Retr(n)).unwrap();
            }
        };
        submit(&mut client);
        assert_eq!(client.stat().unwrap().messages, MESSAGES);
        submit(&mut client);
        assert_eq!(client.batch((List, Uidl)).unwrap().0.len(), 4);
        submit(&mut client);
        let mut opened = 0;
        client.retrieve(all(), &mut |message| {
            peek(message.unwrap());
            opened += 1;
            Enough::NotYet
        });
        assert_eq!(opened, MESSAGES);
        submit(&mut client);
        delete_all(client, server);
    });
}

/// Serves one client on a socket, and returns the result of the script.
fn scripted<C: Client, T: Send>(
    script: impl FnOnce(TcpStream) -> T + Send,
    test: impl FnOnce(C),
) -> T {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let mut config = Config::default();
    config.capa = CapaPolicy::Never;
    config.pipelining = Pipelining::Always;
    std::thread::scope(|scope| {
        let server = scope.spawn(move || {
            let (mut socket, _) = listener.accept().unwrap();
            socket.set_nodelay(true).unwrap();
            socket.write_all(b"+OK ready\r\n").unwrap();
            for line in ["USER alice\r\n", "PASS secret\r\n"] {
                assert_eq!(read_once(&mut socket), line);
                socket.write_all(b"+OK\r\n").unwrap();
            }
            script(socket)
        });
        let session = Connection::new(config, Channel::TrustedByCaller, Instant::ORIGIN);
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        let mut client = C::start(session, stream).unwrap();
        client.login(alice()).unwrap();
        test(client);
        server.join().unwrap()
    })
}

/// Reads once, which returns one segment.
fn read_once(socket: &mut TcpStream) -> String {
    let mut octets = vec![0; 1000];
    let count = socket.read(&mut octets).unwrap();
    octets.truncate(count);
    String::from_utf8(octets).unwrap()
}

pub fn listings_messages_and_deletions_share_two_round_trips<C: Client>() {
    let batches = scripted(
        |mut socket| {
            let mut batches = Vec::new();
            loop {
                let batch = read_once(&mut socket);
                if batch.is_empty() {
                    return batches;
                }
                let replies = batch.lines().map(|line| match line {
                    "LIST" | "UIDL" => "+OK\r\n1 100\r\n2 200\r\n.\r\n",
                    "RETR 1" | "RETR 2" => "+OK\r\nhello\r\n.\r\n",
                    _ => "+OK\r\n",
                });
                let replies: String = replies.collect();
                socket.write_all(replies.as_bytes()).unwrap();
                batches.push(batch);
            }
        },
        |mut client: C| {
            let (list, uidl, first, dele, second) = submit_all!(client);
            assert_eq!(client.wait(list).unwrap().len(), 2);
            assert_eq!(client.wait(uidl).unwrap().len(), 2);
            let mut hello = |body: &mut dyn Body| assert_eq!(body.rest().unwrap(), b"hello\r\n");
            client.wait_open(first, &mut hello).unwrap();
            client.wait(dele).unwrap();
            client.wait_open(second, &mut hello).unwrap();
        },
    );
    let expected = ["LIST\r\nUIDL\r\nRETR 1\r\n", "DELE 1\r\nRETR 2\r\n"];
    assert_eq!(batches, expected);
}

pub fn abort_closes_the_connection<C: Client>() {
    scripted(
        |mut socket| {
            assert_eq!(read_once(&mut socket), "RETR 1\r\n");
            // The rest of this message never comes, and the client must not wait for it.
            socket.write_all(b"+OK\r\nhello\r\n").unwrap();
            let mut rest = Vec::new();
            // A client that closes with unread octets resets the connection.
            let _ = socket.read_to_end(&mut rest);
            assert!(rest.is_empty(), "{}", rest.escape_ascii());
        },
        |mut client: C| {
            client
                .open(Retr(number(1)), &mut |body| peek(body))
                .unwrap();
            client.abort();
        },
    );
}
