//! I11: each reply belongs to one command, in order, or the connection is closed.

use pop3_proto::{Error, Event, config::Pipelining, error::ProtocolError, reply::Reply};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::case::{Answer, Case};
use super::client::Client;
use super::strategies::{Pieces, any_answers, case, octets, pieces};
use super::{Verdict, check};

/// Checks that each request has one final event in the order of submission, that body events follow
/// the reply that opens the body, and that the close event comes once and last.
fn has_one_end_each(client: &Client) -> Verdict {
    let mut ends = Vec::new();
    let mut open = None;
    let mut closed = 0;
    for event in &client.events {
        client.ensure(closed == 0, "an event after the close event")?;
        match event {
            Event::Reply { id, result } => {
                client.ensure(open.is_none(), "a reply inside a body")?;
                match result {
                    Ok(Reply::BodyHead(_)) => open = Some(*id),
                    _ => ends.push(*id),
                }
            }
            Event::Body { id, .. } => {
                client.ensure(open == Some(*id), "a body event without an open body")?
            }
            Event::BodyEnd { id, .. } => {
                client.ensure(
                    open.take() == Some(*id),
                    "the end of a body that is not open",
                )?;
                ends.push(*id);
            }
            Event::Closed(_) => closed += 1,
            _ => {}
        }
    }
    let asked: Vec<_> = client.requests.iter().map(|(id, _)| *id).collect();
    client.ensure(ends == asked, format!("{asked:?} ended as {ends:?}"))?;
    client.ensure(closed == 1, "the close event did not come exactly once")
}

#[test]
fn i11_each_request_ends_once_in_order() {
    check(400, (case(any_answers()), pieces()), |(case, pieces)| {
        let client = Client::completed(&case, &pieces)?;
        has_one_end_each(&client)
    });
}

/// Creates a logged-in session in which all of `ops` were submitted and the server sends nothing.
fn all_in_flight(mut case: Case, ops: &[impl AsRef<str>]) -> Result<Client, TestCaseError> {
    case.client.pipelining = Pipelining::Always;
    case.ops_after_login(ops);
    let silence = vec![Answer::Instead(Vec::new()); ops.len()];
    case.answers = [vec![Answer::Proper; 3], silence].concat();
    let mut client = Client::new(&case);
    while client.ask() {}
    client.run(Pieces::WHOLE.sizes())?;
    let all = client.lines().len() == 2 + ops.len();
    client.ensure(all, "it did not send all commands together")?;
    Ok(client)
}

#[test]
fn i11_unsolicited_octets_end_an_idle_session() {
    let strategy = (case(Just(Vec::new())), octets(), pieces());
    check(300, strategy, |(mut case, surplus, pieces)| {
        let mut client = Client::idle(&mut case)?;
        let sent = client.sent.len();
        client.peer.out.extend_from_slice(&surplus);
        client.run(pieces.sizes())?;
        let lines: Vec<_> = surplus.split_inclusive(|octet| *octet == b'\n').collect();
        let blank = lines.iter().all(|line| matches!(*line, b"\n" | b"\r\n"));
        if lines.is_empty() || (blank && lines.len() <= 8 && !case.client.strict) {
            return client.ensure(
                client.connection.error().is_none(),
                "an empty line closed the connection",
            );
        }
        // A partial line must not be treated as a reply.
        let _ = client.connection.submit(pop3_proto::command::Noop);
        client.settle()?;
        client.ensure(
            client.sent.len() == sent,
            "sent a command after unsolicited octets",
        )
    });
}

#[test]
fn i11_octets_before_a_complete_command_are_unsolicited() {
    let op = select(&["noop", "retr 1", "list", "capa", "quit", "short XTND X"][..]);
    let strategy = (
        case(Just(Vec::new())),
        op,
        0..10usize,
        any::<bool>(),
        pieces(),
    );
    check(100, strategy, |(mut case, op, octets, yes, pieces)| {
        let mut client = Client::idle(&mut case)?;
        client.push(op);
        client.ask();
        let whole = client.connection.transmit().len();
        client.send(octets.min(whole - 1));
        let early: &[u8] = if yes { b"+OK\r\n" } else { b"-ERR\r\n" };
        client.peer.out.extend_from_slice(early);
        for piece in pieces.sizes() {
            if !client.receive(piece) {
                break;
            }
        }
        client.ensure(
            client.connection.error().is_some(),
            "it was accepted as a reply",
        )?;
        client.settle()?;
        has_one_end_each(&client)
    });
}

#[test]
fn i11_reply_count_is_minimum_of_commands_and_answers() {
    let op = select(&["noop", "stat", "dele 1", "uidl 1", "list 1"][..]);
    let strategy = (
        case(Just(Vec::new())),
        vec(op, 0..20),
        vec(any::<bool>(), 0..25),
        pieces(),
    );
    check(150, strategy, |(case, ops, answers, pieces)| {
        let mut client = all_in_flight(case, &ops)?;
        let reported = client.events.len();
        for yes in &answers {
            let line: &[u8] = if *yes { b"+OK 1 1\r\n" } else { b"-ERR no\r\n" };
            client.peer.out.extend_from_slice(line);
        }
        client.run(pieces.sizes())?;
        let reported = client
            .events
            .iter()
            .skip(reported)
            .filter(|event| is_answer(event))
            .count();
        client.ensure(
            reported == ops.len().min(answers.len()),
            format!("{reported} replies"),
        )?;
        let surplus = answers.len() > ops.len();
        client.ensure(
            client.connection.error().is_some() == surplus,
            "one reply too many or too few",
        )
    });
}

/// Returns the message number and the value of a single-line reply.
fn entry(reply: &Reply) -> Option<(u32, String)> {
    match reply {
        Reply::Size(entry) => Some((entry.number.get(), entry.octets?.to_string())),
        Reply::UniqueId(entry) => {
            let id = entry.unique_id.as_ref()?.as_bytes();
            Some((entry.number.get(), String::from_utf8_lossy(id).into_owned()))
        }
        _ => None,
    }
}

#[test]
fn i11_number_mismatch_fails_all_later_requests() {
    let verb = select(&["list", "uidl"][..]);
    let other = proptest::option::weighted(0.2, 1..=4u32);
    let strategy = (
        case(Just(Vec::new())),
        vec((verb, 1..=4u32, other), 1..12),
        pieces(),
    );
    check(200, strategy, |(case, asked, pieces)| {
        let op = |(verb, number, _): &(&str, u32, _)| format!("{verb} {number}");
        let ops: Vec<_> = asked.iter().map(op).collect();
        let mut client = all_in_flight(case, &ops)?;
        for (value, (_, number, other)) in asked.iter().enumerate() {
            let reply = format!("+OK {} {value}\r\n", other.unwrap_or(*number));
            client.peer.out.extend_from_slice(reply.as_bytes());
        }
        client.run(pieces.sizes())?;
        let wrong = asked
            .iter()
            .position(|(_, number, other)| other.is_some_and(|other| other != *number));
        let dead = client.connection.error().is_some();
        client.ensure(dead == wrong.is_some(), "wrong connection state")?;
        client.finish()?;
        has_one_end_each(&client)?;

        let reported = client.events.iter().filter_map(|event| match event {
            Event::Reply { result, .. } => Some(result),
            _ => None,
        });
        // After the replies to USER and PASS.
        for (index, result) in reported.skip(2).enumerate() {
            let of = |index: usize| asked.get(index).map(|(_, number, _)| *number);
            let is_right = match (result, wrong.filter(|wrong| *wrong <= index)) {
                (Ok(reply), None) => {
                    entry(reply) == of(index).map(|number| (number, index.to_string()))
                }
                (Err(Error::Protocol(why)), Some(wrong)) => match &**why {
                    ProtocolError::NumberMismatch { asked, .. } => Some(asked.get()) == of(wrong),
                    _ => false,
                },
                _ => false,
            };
            client.ensure(is_right, format!("{result:?} for request {index}"))?;
        }
        Ok(())
    });
}

fn is_answer(event: &Event) -> bool {
    match event {
        Event::Reply { result, .. } => result.as_ref().err().is_none_or(|why| !why.is_fatal()),
        _ => false,
    }
}
