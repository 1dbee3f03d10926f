//! How octets are partitioned in transit does not change results.
//!
//! If a server sends more answers than it received commands, its answers race with the next
//! command, and then the partition does matter. So there are two properties: any answers to one
//! request at a time, and complete answers to as many requests as the window allows.

use pop3_proto::Phase;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::case::{Answer, Case};
use super::client::Client;
use super::strategies::{Pieces, any_answers, case, complete_answers, pieces, plain_case};
use super::{Verdict, check};

/// Submits the next request when nothing remains to be read of the answers to the previous one.
fn one_at_a_time(case: &Case, pieces: &Pieces) -> Result<Client, TestCaseError> {
    let mut client = Client::new(case);
    let mut pieces = pieces.sizes();
    loop {
        client.settle()?;
        let piece = pieces.next().unwrap_or(usize::MAX);
        // A line of an exchange triggers the next command, so no piece contains more than one line.
        let most = if client.is_in_exchange() {
            let end = client.peer.out.iter().position(|octet| *octet == b'\n');
            end.map_or(piece, |end| piece.min(end + 1))
        } else {
            piece
        };
        if !client.receive(most) {
            client.settle()?;
            if client.peer.out.is_empty() || client.connection.phase() == Phase::Closed {
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

fn assert_same(
    case: &Case,
    run: impl Fn(&Case, &Pieces) -> Result<Client, TestCaseError>,
    pieces: &Pieces,
) -> Verdict {
    run(case, pieces)?.agrees_with(&run(case, &Pieces::WHOLE)?)
}

#[test]
fn partition_of_one_answer_does_not_change_results() {
    check(250, (case(any_answers()), pieces()), |(case, pieces)| {
        assert_same(&case, one_at_a_time, &pieces)
    });
}

#[test]
fn partition_of_pipelined_answers_does_not_change_results() {
    check(
        250,
        (case(complete_answers()), pieces()),
        |(case, pieces)| assert_same(&case, Client::completed, &pieces),
    );
}

/// Lists that exceed every limit, where the partition could matter.
fn lists() -> impl Strategy<Value = String> {
    let line = select(
        &[
            "1 1\r\n",
            "1 2\r\n",
            "2 uid\r\n",
            "X\r\n",
            "..\r\n",
            "3 a-unique-id-that-is-a-little-long\r\n",
            "4 one-that-is-longer-than-a-line-of-a-list-may-be-here\r\n",
            "\n",
        ][..],
    );
    vec(line, 0..25).prop_map(|lines| format!("+OK\r\n{}.\r\n", lines.concat()))
}

#[test]
fn partition_of_lists_does_not_change_limits() {
    let op = select(&["list", "uidl", "capa", "long XTND X", "list streamed"][..]);
    let strategy = (op, any::<bool>(), lists(), pieces());
    check(250, strategy, |(op, strict, list, pieces)| {
        let mut case = plain_case();
        case.client.small_limits = true;
        case.client.strict = strict;
        case.ops_after_login(&[op]);
        case.answers = [
            vec![Answer::Proper; 3],
            vec![Answer::Instead(list.into_bytes())],
        ]
        .concat();
        assert_same(&case, one_at_a_time, &pieces)
    });
}
