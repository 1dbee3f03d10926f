//! Replies that are claimed later, or never.

use std::io::Read as _;

use pop3_blocking::{Dele, Error, List, Retr, Stat, Top, Uidl, command::Noop, error::Misuse};

use super::support::{Scripted, client_of, embedded, message, number};

const SPENT: Error = Error::Misuse(Misuse::TicketSpent);

#[test]
fn submitted_commands_share_a_round_trip() {
    let server = Scripted::logged_in(|wire| {
        wire.expect_octets("STAT\r\n");
        wire.expect_octets("NOOP\r\n");
        wire.send("+OK 2 20\r\n+OK still here\r\n");
        wire.read_to_end();
    });
    let mut client = server.client();
    let stat = client.submit(Stat).unwrap();
    let noop = client.submit(Noop).unwrap();
    assert_eq!(client.wait(stat).unwrap().messages, 2);
    assert_eq!(client.wait(noop).unwrap().text.to_string(), "still here");
    drop(client);
    assert_eq!(server.received(), "STAT\r\nNOOP\r\n");
}

#[test]
fn ticket_can_be_used_once() {
    let server = embedded(1);
    let mut client = client_of(&server);
    let ticket = client.submit(Stat).unwrap();
    client.wait(ticket).unwrap();
    assert_eq!(client.wait(ticket), Err(SPENT));
    assert_eq!(client.wait(ticket), Err(SPENT));
    client.noop().unwrap();
}

#[test]
fn claiming_a_later_ticket_discards_earlier_ones() {
    let server = embedded(2);
    let mut client = client_of(&server);
    let first = client.submit(Stat).unwrap();
    let second = client.submit(Uidl).unwrap();
    let third = client.submit(Noop).unwrap();
    client.wait(third).unwrap();
    assert_eq!(client.wait(first), Err(SPENT));
    assert_eq!(client.wait(second).unwrap_err(), SPENT);
    assert_eq!(client.stat().unwrap().messages, 2);
}

#[test]
fn any_other_operation_discards_unclaimed_tickets() {
    let server = embedded(2);
    let mut client = client_of(&server);
    let ticket = client.submit(Stat).unwrap();
    client.noop().unwrap();
    assert_eq!(client.wait(ticket), Err(SPENT));

    let ticket = client.submit(Stat).unwrap();
    client.batch((Noop, Noop)).unwrap();
    assert_eq!(client.wait(ticket), Err(SPENT));

    let ticket = client.submit(Stat).unwrap();
    client.retr_to_vec(number(1), 1000).unwrap();
    assert_eq!(client.wait(ticket), Err(SPENT));

    let ticket = client.submit(Stat).unwrap();
    assert!(client.quit().unwrap().is_committed());
    assert_eq!(client.wait(ticket), Err(SPENT));
}

#[test]
fn unused_pipeline_keeps_tickets_valid() {
    let server = embedded(2);
    let mut client = client_of(&server);
    let ticket = client.submit(Stat).unwrap();
    drop(client.pipeline([Noop, Noop]));
    assert_eq!(client.wait(ticket).unwrap().messages, 2);
}

#[test]
fn ticket_after_an_unread_message_is_valid() {
    let server = embedded(2);
    let mut client = client_of(&server);
    let mut message = client.retr(number(1)).unwrap();
    message.chunk().unwrap();
    let ticket = client.submit(Stat).unwrap();
    assert_eq!(client.wait(ticket).unwrap().messages, 2);
}

#[test]
fn ticket_of_another_client_fails() {
    let server = embedded(2);
    let (mut one, mut other) = (client_of(&server), client_of(&server));
    for _ in 0..5 {
        one.noop().unwrap();
    }
    let ticket = one.submit(Stat).unwrap();
    assert_eq!(other.wait(ticket), Err(SPENT));
    one.wait(ticket).unwrap();
}

#[test]
fn messages_and_replies_are_claimed_in_order() {
    let server = embedded(2);
    let mut client = client_of(&server);
    let sizes = client.submit(List).unwrap();
    let first = client.submit(Retr(number(1))).unwrap();
    let dele = client.submit(Dele(number(1))).unwrap();
    let head = client.submit(Top {
        number: number(2),
        lines: 0,
    });
    let listing = client.submit(List::streamed()).unwrap();
    assert_eq!(client.wait(sizes).unwrap().len(), 2);
    let octets = client.wait_open(first).unwrap().to_vec(1000).unwrap();
    assert_eq!(octets, message(1));
    client.wait(dele).unwrap();
    let mut head = client.wait_open(head.unwrap()).unwrap();
    let mut text = String::new();
    head.read_to_string(&mut text).unwrap();
    assert_eq!(text, "Subject: message 2\r\n\r\n");
    let listing = client.wait_open(listing).unwrap().to_vec(1000).unwrap();
    assert!(listing.starts_with(b"2 "), "{}", listing.escape_ascii());
    assert_eq!(client.stat().unwrap().messages, 1);
}

#[test]
fn body_opens_once_and_later_tickets_skip_it() {
    let server = embedded(3);
    let mut client = client_of(&server);
    let tickets = [1, 2, 3].map(|n| client.submit(Retr(number(n))).unwrap());
    let noop = client.submit(Noop).unwrap();
    // The first is never opened, and the second is left partially read.
    let mut second = client.wait_open(tickets[1]).unwrap();
    let mut some = [0; 9];
    second.read_exact(&mut some).unwrap();
    assert_eq!(&some, b"Subject: ");
    assert_eq!(client.wait_open(tickets[0]).unwrap_err(), SPENT);
    assert_eq!(client.wait_open(tickets[1]).unwrap_err(), SPENT);
    let third = client.wait_open(tickets[2]).unwrap().to_vec(1000).unwrap();
    assert_eq!(third, message(3));
    client.wait(noop).unwrap();
}

#[test]
fn unclaimed_body_does_not_block_other_tickets() {
    let server = Scripted::logged_in(|wire| {
        wire.expect_octets("RETR 1\r\n");
        wire.send("+OK\r\n");
        // The message is larger than all buffers between client and server.
        for _ in 0..100 {
            wire.send(&"x\r\n".repeat(100_000));
        }
        wire.send(".\r\n");
        wire.expect_octets("NOOP\r\n");
        wire.send("+OK still here\r\n");
        wire.read_to_end();
    });
    let mut client = server.client();
    client.submit(Retr(number(1))).unwrap();
    let noop = client.submit(Noop).unwrap();
    assert_eq!(client.wait(noop).unwrap().text.to_string(), "still here");
    drop(client);
    server.received();
}

#[test]
fn truncated_message_fails_later_tickets() {
    let server = Scripted::logged_in(|wire| {
        wire.expect_octets("RETR 1\r\n");
        wire.send("+OK\r\nhello\r\n");
    });
    let mut client = server.client();
    let first = client.submit(Retr(number(1))).unwrap();
    let dele = client.submit(Dele(number(1))).unwrap();
    let second = client.submit(Retr(number(2))).unwrap();
    let mut body = client.wait_open(first).unwrap();
    assert_eq!(body.chunk().unwrap().unwrap(), "hello\r\n");
    let error = body.chunk().unwrap_err();
    assert!(error.is_fatal());
    assert_eq!(client.wait(dele), Err(error.clone()));
    assert_eq!(client.wait_open(second).unwrap_err(), error);
    assert_eq!(server.received(), "RETR 1\r\n", "DELE was not sent");
}
