//! Backpressure: a slow application stops reading, and memory stays bounded.

use std::time::Duration;

use pop3_proto::server::{Maildrop, Server, ServerConfig};
use pop3_proto::{Event, Quit, Retr};

use pop3_testkit::tls::authority::Authority;
use pop3_testkit::tls::link::{Link, end_of, login};
use pop3_testkit::tls::peer::Peer;

/// The octets of a message that a session may buffer before the application polls: ciphertext, part
/// of a record inside rustls, and plaintext.
const MAX_BUFFERED: usize = (64 + 16 + 16 + 64) << 10;

fn logged_in(octets: usize) -> Link {
    let authority = Authority::new();
    let mut maildrop = Maildrop::new();
    let line = b"The quick brown fox jumps over the lazy dog, time and again and again..\r\n";
    let message: Vec<u8> = line.iter().copied().cycle().take(octets).collect();
    maildrop.push("uid-1", message);
    let server = Server::implicit_tls(ServerConfig::new("alice", "secret"), maildrop);
    let peer = Peer::implicit_tls(Some(server), authority.server());
    let mut link = Link::implicit_tls(authority.client("localhost"), peer);
    link.session.submit(login()).unwrap();
    link.run();
    link
}

fn retrieving(octets: usize) -> Link {
    let mut link = logged_in(octets);
    link.session.submit(Retr(1.try_into().unwrap())).unwrap();
    link
}

#[test]
fn nothing_is_read_while_an_event_is_pending() {
    let mut link = retrieving(1 << 20);
    while link.step() {}
    let read = link.read;
    assert!(
        read < MAX_BUFFERED,
        "{read} octets were read without a poll"
    );
    assert!(!link.session.wants_read() && !link.session.wants_write());
    for _ in 0..10 {
        link.session.handle_timeout(link.now);
        assert_eq!(link.session.recv_buffer(), None);
    }
    assert_eq!(link.session.poll_timeout(), None, "no deadline runs");
    // Reading resumes where it stopped.
    link.session.submit(Quit).unwrap();
    assert_eq!(end_of(&link.run()), Ok(()));
}

#[test]
fn slow_application_does_not_cause_a_stall() {
    for abandons in [false, true] {
        let mut link = logged_in(1 << 20);
        let retr = link.session.submit(Retr(1.try_into().unwrap())).unwrap();
        loop {
            link.session.handle_timeout(link.now);
            match link.session.poll_event() {
                Some(Event::Body { .. }) => break,
                Some(_) => {}
                None => assert!(link.step()),
            }
        }
        // The application processes the chunk for ten minutes without polling.
        link.now = link.now + Duration::from_secs(600);
        if abandons {
            link.session.abandon(retr.id()..retr.id().next());
        }
        link.session.handle_timeout(link.now);
        link.session.submit(Quit).unwrap();
        assert_eq!(end_of(&link.run()), Ok(()), "abandoned: {abandons}");
    }
}

#[test]
fn large_message_is_streamed_in_bounded_memory() {
    const OCTETS: usize = 20 << 20;
    let mut link = retrieving(OCTETS);
    let before = link.read;
    let (mut polled, mut most) = (0, 0);
    let ended = loop {
        while link.step() {}
        most = most.max((link.read - before).saturating_sub(polled));
        // Polls one event at a time.
        match link.session.poll_event().expect("an event") {
            Event::Body { chunk, .. } => polled += chunk.len(),
            Event::BodyEnd { result, .. } => break result,
            Event::Reply { result, .. } => drop(result.unwrap()),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(ended.unwrap().octets, polled as u64);
    // The server adds the missing line ending.
    assert_eq!(polled, OCTETS + 2);
    assert!(
        most < MAX_BUFFERED + polled / 500,
        "{most} octets were buffered"
    );
}
