//! How octets are cut on their way changes nothing.
//!
//! A server that answers more than it was asked is in a race with the next command, and then it does
//! matter what comes together. So there are two properties: any answers, to one request at a time;
//! and complete answers, to as many as the window takes.

use proptest::prelude::*;

use crate::case::Case;
use crate::client::Client;
use crate::strategies::{any_answers, case, complete_answers, pieces};
use crate::{Verdict, check};

/// Submits everything at once and reads in pieces of these sizes.
fn pipelined(case: &Case, pieces: &[usize]) -> Result<Client, TestCaseError> {
    let mut client = Client::new(case);
    while client.ask() {}
    client.run(pieces.iter().copied())?;
    client.finish()?;
    Ok(client)
}

/// Submits the next request when there is nothing left to read of the answers to the one before.
fn one_at_a_time(case: &Case, pieces: &[usize]) -> Result<Client, TestCaseError> {
    let mut client = Client::new(case);
    let mut pieces = pieces.iter().copied();
    loop {
        client.settle()?;
        let piece = pieces.next().unwrap_or(usize::MAX);
        // A line of an exchange lets the next command leave, so no piece holds more than one.
        let most = if client.is_in_exchange() {
            let end = client.peer.out.iter().position(|octet| *octet == b'\n');
            end.map_or(piece, |end| piece.min(end + 1))
        } else {
            piece
        };
        if !client.hear(most) {
            client.settle()?;
            if client.peer.out.is_empty() || client.connection.error().is_some() {
                if !client.ask() {
                    break;
                }
            } else if !client.connection.wants_read() {
                break;
            }
        }
    }
    client.finish()?;
    Ok(client)
}

fn the_same(
    case: &Case,
    run: impl Fn(&Case, &[usize]) -> Result<Client, TestCaseError>,
    pieces: &[usize],
) -> Verdict {
    run(case, pieces)?.agrees_with(&run(case, &[])?)
}

#[test]
fn however_the_answers_to_one_request_are_cut_the_same_comes_of_them() {
    check(250, (case(any_answers()), pieces()), |(case, pieces)| {
        the_same(&case, one_at_a_time, &pieces)
    });
}

#[test]
fn however_complete_answers_are_cut_the_same_comes_of_them_in_a_pipeline_too() {
    check(
        250,
        (case(complete_answers()), pieces()),
        |(case, pieces)| the_same(&case, pipelined, &pieces),
    );
}
