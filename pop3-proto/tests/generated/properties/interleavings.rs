//! The order of method calls does not change results. The cases include a slow application, a
//! socket that accepts three octets at a time, and a caller that checks the clock constantly.

use core::time::Duration;

use pop3_proto::{Event, Quirk, reply::SizeMatch};
use proptest::collection::vec;
use proptest::prelude::*;

use super::case::Case;
use super::client::Client;
use super::strategies::{Pieces, any_answers, case, complete_answers};
use super::{Verdict, check};

/// One call, or several that belong together.
#[derive(Debug, Clone)]
enum Move {
    Ask,
    Poll,
    Send(usize),
    Receive(usize),
    Tls,
    /// Advances the clock without passing a deadline.
    Wait(u32),
    /// Calls the methods that may be called at any time.
    Idle,
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let one = prop_oneof![
        2 => Just(Move::Ask),
        4 => Just(Move::Poll),
        2 => (1..12usize).prop_map(Move::Send),
        2 => Just(Move::Send(usize::MAX)),
        4 => (1..40usize).prop_map(Move::Receive),
        1 => Just(Move::Receive(usize::MAX)),
        1 => Just(Move::Tls),
        1 => (0..90_000u32).prop_map(Move::Wait),
        1 => Just(Move::Idle),
    ];
    vec(one, 0..160)
}

fn act(client: &mut Client, step: &Move) -> Verdict {
    match step {
        Move::Ask => drop(client.ask()),
        Move::Poll => drop(client.poll()),
        Move::Send(most) => drop(client.send(*most)),
        Move::Receive(most) => drop(client.receive(*most)),
        Move::Tls => drop(client.tls()),
        Move::Wait(millis) => client.wait(Duration::from_millis((*millis).into())),
        Move::Idle => {
            let (connection, now) = (&mut client.connection, client.now);
            connection.received(0, now);
            connection.transmitted(0, now);
            connection.abandon(connection.next_id()..connection.next_id());
            let twice = connection.transmit().to_vec();
            let _ = connection.recv_buffer();
            let _ = (connection.poll_timeout(), connection.wants_request());
            if connection.transmit() != twice {
                return Err(client.failure("the octets to send changed by themselves"));
            }
        }
    }
    client.check_state()
}

/// Makes these moves, and then all remaining ones.
fn completed(case: &Case, moves: &[Move]) -> Result<Client, TestCaseError> {
    let mut client = Client::new(case);
    for step in moves {
        act(&mut client, step)?;
    }
    while client.ask() {}
    client.finish()?;
    Ok(client)
}

#[test]
fn order_of_method_calls_does_not_change_results() {
    check(250, (case(complete_answers()), moves()), |(case, moves)| {
        let (mut moved, mut whole) = (completed(&case, &moves)?, completed(&case, &[])?);
        moved.forget_last_err();
        whole.forget_last_err();
        moved.agrees_with(&whole)
    });
}

#[test]
fn sequential_and_pipelined_requests_get_equal_results() {
    check(150, case(complete_answers()), |case| {
        let mut slow = Client::new(&case);
        slow.run(Pieces::WHOLE.sizes())?;
        while slow.ask() {
            slow.run(Pieces::WHOLE.sizes())?;
        }
        slow.finish()?;
        slow.agrees_with(&completed(&case, &[])?)
    });
}

#[test]
fn any_input_and_call_order_terminates_without_panic() {
    check(250, (case(any_answers()), moves()), |(case, moves)| {
        completed(&case, &moves)?;
        Ok(())
    });
}

/// Requests that do not change the session state.
const ASKED: [&str; 9] = [
    "stat", "list", "list 1", "uidl", "retr 1", "retr 2", "top 1 0", "noop", "capa",
];

#[test]
fn abandoning_requests_does_not_change_other_replies() {
    let ops = vec(proptest::sample::select(&ASKED[..]), 1..14);
    let range = (0..14usize, 0..6usize);
    let strategy = (case(Just(Vec::new())), ops, moves(), moves(), range);
    check(
        200,
        strategy,
        |(mut case, ops, before, after, (from, count))| {
            case.client.small_limits = false;
            case.ops_after_login(&ops);
            let (from, to) = (2 + from, 2 + from + count);

            let mut client = Client::new(&case);
            for step in &before {
                act(&mut client, step)?;
            }
            while client.ask() {}
            let ids: Vec<_> = client.requests.iter().map(|(id, _)| *id).collect();
            let abandoned = |event: &Event| {
                let index = ids.iter().position(|id| Some(*id) == request_of(event));
                index.is_some_and(|index| (from..to).contains(&index))
            };
            let reported = event_octets(&client, abandoned);
            client.abandon(from..to);
            for step in &after {
                act(&mut client, step)?;
            }
            client.finish()?;

            let late = event_octets(&client, abandoned) != reported;
            client.forget_last_err();
            client.ensure(!late, "an event for an abandoned request")?;
            // A message that begins with LF is reported with this quirk, or not at all.
            let bare_lf = Event::Quirk(Quirk::BareLineFeed);
            let kept = |other: &Client| -> Vec<Event> {
                let events = other.events.iter();
                let kept = events.filter(|event| !abandoned(event) && **event != bare_lf);
                kept.cloned().map(without_listed_size).collect()
            };
            let mut other = completed(&case, &[])?;
            other.forget_last_err();
            client.ensure(
                kept(&client) == kept(&other),
                format!("not as\n{}\nbut", other.transcript()),
            )
        },
    );
}

/// Returns how many octets each of these events has. A client joins the chunks of a body, so a late
/// chunk is not a separate event.
fn event_octets(client: &Client, which: impl Fn(&Event) -> bool) -> Vec<usize> {
    let events = client.events.iter().filter(|event| which(event));
    let octets = events.map(|event| match event {
        Event::Body { chunk, .. } => chunk.len(),
        _ => 0,
    });
    octets.collect()
}

/// A size is compared with a listing only if that listing was not abandoned.
fn without_listed_size(mut event: Event) -> Event {
    if let Event::BodyEnd {
        result: Ok(received),
        ..
    } = &mut event
    {
        received.listed = SizeMatch::Unknown;
    }
    event
}

fn request_of(event: &Event) -> Option<pop3_proto::RequestId> {
    match event {
        Event::Reply { id, .. } | Event::Body { id, .. } | Event::BodyEnd { id, .. } => Some(*id),
        _ => None,
    }
}
