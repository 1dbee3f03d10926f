//! Replies that are claimed later, or never.

use pop3_blocking::{Error, Misuse, Noop, Stat, Uidl};

use super::support::{Scripted, client_of, embedded, number};

const SPENT: Error = Error::Misuse(Misuse::TicketSpent);

#[test]
fn submitted_commands_share_a_round_trip() {
    let server = Scripted::logged_in(|wire| {
        wire.hear("STAT\r\n");
        wire.hear("NOOP\r\n");
        wire.say("+OK 2 20\r\n+OK still here\r\n");
        wire.hear_out();
    });
    let mut client = server.client();
    let stat = client.submit(Stat).unwrap();
    let noop = client.submit(Noop).unwrap();
    assert_eq!(client.wait(stat).unwrap().messages, 2);
    assert_eq!(client.wait(noop).unwrap().text.to_string(), "still here");
    drop(client);
    assert_eq!(server.heard(), "STAT\r\nNOOP\r\n");
}

#[test]
fn a_ticket_can_be_used_once() {
    let server = embedded(1);
    let mut client = client_of(&server);
    let ticket = client.submit(Stat).unwrap();
    client.wait(ticket).unwrap();
    assert_eq!(client.wait(ticket), Err(SPENT));
    assert_eq!(client.wait(ticket), Err(SPENT));
    client.noop().unwrap();
}

#[test]
fn claiming_a_later_ticket_gives_up_the_earlier_ones() {
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
fn any_other_operation_gives_unclaimed_tickets_up() {
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
fn a_ticket_outlives_a_pipeline_that_was_not_begun() {
    let server = embedded(2);
    let mut client = client_of(&server);
    let ticket = client.submit(Stat).unwrap();
    drop(client.pipeline([Noop, Noop]));
    assert_eq!(client.wait(ticket).unwrap().messages, 2);
}

#[test]
fn a_ticket_behind_a_message_that_was_left_is_good() {
    let server = embedded(2);
    let mut client = client_of(&server);
    let mut message = client.retr(number(1)).unwrap();
    message.chunk().unwrap();
    let ticket = client.submit(Stat).unwrap();
    assert_eq!(client.wait(ticket).unwrap().messages, 2);
}

#[test]
fn a_ticket_of_another_client_is_no_hang() {
    let server = embedded(2);
    let (mut one, mut other) = (client_of(&server), client_of(&server));
    for _ in 0..5 {
        one.noop().unwrap();
    }
    let ticket = one.submit(Stat).unwrap();
    assert_eq!(other.wait(ticket), Err(SPENT));
    one.wait(ticket).unwrap();
}
