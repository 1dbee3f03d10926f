//! An application that takes its time stops the octets, and memory stays bounded.

use std::time::Duration;

use pop3_proto::server::{Maildrop, Server, ServerConfig};
use pop3_proto::{Event, Quit, Retr};

use pop3_testkit::tls::authority::Authority;
use pop3_testkit::tls::link::{Link, end_of, login};
use pop3_testkit::tls::peer::Peer;

/// What a session may hold of a message that the application has not taken: ciphertext, what rustls
/// has of a record, plaintext.
const HELD: usize = (64 + 16 + 16 + 64) << 10;

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
fn nothing_is_read_while_an_event_waits() {
    let mut link = retrieving(1 << 20);
    while link.step() {}
    let read = link.read;
    assert!(
        read < HELD,
        "{read} octets were read with no one to take them"
    );
    assert!(!link.session.wants_read() && !link.session.wants_write());
    for _ in 0..10 {
        link.session.handle_timeout(link.now);
        assert_eq!(link.session.recv_buffer(), None);
    }
    assert_eq!(link.session.poll_timeout(), None, "no deadline runs");
    // It goes on where it stopped.
    link.session.submit(Quit).unwrap();
    assert_eq!(end_of(&link.run()), Ok(()));
}

#[test]
fn a_reader_that_takes_longer_than_the_stall_deadline_is_not_late() {
    for gives_up in [false, true] {
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
        // It looks at the chunk for some minutes, and does not poll meanwhile.
        link.now = link.now + Duration::from_secs(600);
        if gives_up {
            link.session.abandon(retr.id()..retr.id().next());
        }
        link.session.handle_timeout(link.now);
        link.session.submit(Quit).unwrap();
        assert_eq!(end_of(&link.run()), Ok(()), "gives up: {gives_up}");
    }
}

#[test]
fn a_large_message_goes_through_a_small_window() {
    const OCTETS: usize = 20 << 20;
    let mut link = retrieving(OCTETS);
    let before = link.read;
    let (mut taken, mut most) = (0, 0);
    let ended = loop {
        while link.step() {}
        most = most.max((link.read - before).saturating_sub(taken));
        // One event a time.
        match link.session.poll_event().expect("the message goes on") {
            Event::Body { chunk, .. } => taken += chunk.len(),
            Event::BodyEnd { result, .. } => break result,
            Event::Reply { result, .. } => drop(result.unwrap()),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(ended.unwrap().octets, taken as u64);
    // The last line lacks its end, and the server adds it.
    assert_eq!(taken, OCTETS + 2);
    assert!(most < HELD + taken / 500, "{most} octets were held");
}
