//! The connection behaves like the model: it accepts the same requests, sends the same commands at
//! the same time, and completes the same requests with equal results in the same order.

use pop3_proto::{Channel, Error, Event, Phase, QuitOutcome, config::Pipelining, reply::Reply};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::case::{Answer, Case};
use super::client::Client;
use super::model::{Command, End, Model, State};
use super::strategies::{Pieces, plain_case};
use super::{Verdict, check};

#[derive(Debug, Clone, Copy)]
enum Move {
    Submit(Command),
    Answer(bool),
    Abandon(usize, usize),
    EndOfFile,
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let one = prop_oneof![
        24 => select(&Command::ALL[..]).prop_map(Move::Submit),
        24 => proptest::bool::weighted(0.85).prop_map(Move::Answer),
        2 => (0..30usize, 1..4usize).prop_map(|(from, count)| Move::Abandon(from, from + count)),
        1 => Just(Move::EndOfFile),
    ];
    let logged_in = vec![
        Move::Answer(true),
        Move::Submit(Command::User),
        Move::Answer(true),
        Move::Submit(Command::Pass),
        Move::Answer(true),
    ];
    let begin = prop_oneof![1 => Just(Vec::new()), 2 => Just(logged_in)];
    // At the end, close the connection, even if requests are outstanding.
    let end = || vec![Move::EndOfFile];
    (begin, vec(one, 0..50)).prop_map(move |(begin, moves)| [begin, moves, end()].concat())
}

/// Creates a client. Its server sends only what the moves select.
fn client(pipelining: bool, moves: &[Move]) -> Client {
    let mut case: Case = plain_case();
    case.client.channel = Channel::TrustedByCaller;
    case.client.pipelining = if pipelining {
        Pipelining::Always
    } else {
        Pipelining::Never
    };
    let op = |step: &Move| match step {
        Move::Submit(command) => Some(command.words().0.to_owned()),
        _ => None,
    };
    case.ops = moves.iter().filter_map(op).collect();
    case.answers = vec![Answer::Instead(Vec::new()); moves.len() + 1];
    Client::new(&case)
}

/// Returns how each request ended so far. A message whose body is still open has not ended.
fn ends(client: &Client) -> Vec<(usize, End)> {
    let ended = client.events.iter().filter_map(|event| {
        let (id, end) = match event {
            Event::Reply {
                result: Ok(Reply::BodyHead(_)),
                ..
            } => return None,
            Event::Reply {
                id,
                result: Ok(Reply::Quit(outcome)),
            } => (
                id,
                match outcome {
                    QuitOutcome::Committed(_) => End::Committed,
                    QuitOutcome::Refused(_) => End::NotCommitted,
                    QuitOutcome::Unknown => End::Unknown,
                },
            ),
            Event::Reply { id, result: Ok(_) } | Event::BodyEnd { id, result: Ok(_) } => {
                (id, End::Ok)
            }
            Event::Reply {
                id,
                result: Err(why),
            }
            | Event::BodyEnd {
                id,
                result: Err(why),
            } => (
                id,
                match why {
                    Error::Refused(_) => End::Refused,
                    Error::Misuse(_) => End::Misuse,
                    _ => End::Dead,
                },
            ),
            _ => return None,
        };
        let index = client.requests.iter().position(|(of, _)| of == id)?;
        Some((index, end))
    });
    ended.collect()
}

fn agree(client: &Client, model: &Model) -> Verdict {
    let state = match client.connection.phase() {
        Phase::Greeting => State::Greeting,
        Phase::Authorization => State::Authorization,
        Phase::Transaction => State::Transaction,
        _ => State::Closed,
    };
    client.ensure(
        state == model.state,
        format!("{state:?}, not {:?}", model.state),
    )?;
    let sent: Vec<_> = model.sent.iter().map(|command| command.words().1).collect();
    client.ensure(
        client.lines() == sent,
        format!("expected to have sent {sent:?}"),
    )?;
    let reported = ends(client);
    client.ensure(
        reported == model.ends,
        format!("ended as {reported:?}, not {:?}", model.ends),
    )
}

#[test]
fn queue_and_phases_match_the_model() {
    check(400, (any::<bool>(), moves()), |(pipelining, moves)| {
        let mut client = client(pipelining, &moves);
        let mut model = Model::new(pipelining);
        for step in &moves {
            match step {
                Move::Submit(command) => {
                    let before = client.requests.len();
                    client.ask();
                    let accepted = client.requests.len() > before;
                    client.ensure(accepted == model.submit(*command), "accepted")?;
                }
                Move::Answer(good) => {
                    let refusal: &[u8] = b"-ERR no\r\n";
                    let reply = model.next().map_or(&b"+OK\r\n"[..], Command::reply);
                    let reply = if *good { reply } else { refusal };
                    client.peer.out.extend_from_slice(reply);
                    model.answer(*good);
                }
                Move::Abandon(from, to) => {
                    client.abandon(*from..*to);
                    model.abandon(*from..*to);
                }
                Move::EndOfFile => {
                    client.eof();
                    model.end();
                }
            }
            client.read(Pieces::WHOLE.sizes())?;
            // Octets that the server sends to a closed connection are not read.
            client.peer.out.clear();
            agree(&client, &model)?;
        }
        Ok(())
    });
}

/// The commands in flight never exceed 4 KiB, nor 64 messages of unknown size, which count 64 KiB
/// each. At least two commands are in flight if the window allows it.
#[test]
fn pipelining_window_is_used_and_never_exceeded() {
    use Command::{Dele, List, Noop, Retr};
    let command = select(&[Dele, List, Noop, Retr, Retr, Retr][..]);
    let runs = vec((command, 1..120usize), 0..6);
    check(40, (any::<bool>(), runs), |(pipelining, runs)| {
        let login = [Command::User, Command::Pass];
        let rest = runs
            .iter()
            .flat_map(|(command, count)| vec![*command; *count]);
        let commands: Vec<_> = login.into_iter().chain(rest).collect();
        let moves: Vec<_> = commands.iter().copied().map(Move::Submit).collect();
        let mut client = client(pipelining, &moves);
        while client.ask() {}
        client.peer.out.extend_from_slice(b"+OK\r\n");
        for (answered, command) in commands.iter().enumerate() {
            client.read(Pieces::WHOLE.sizes())?;
            let sent = client.lines().len();
            let unanswered = commands.get(answered..sent).unwrap_or_default();
            let octets: usize = unanswered.iter().map(|it| it.words().1.len() + 2).sum();
            let messages = unanswered.iter().filter(|it| **it == Command::Retr).count();
            let most = if pipelining { usize::MAX } else { 1 };
            // Until one message was retrieved, a message may have any size.
            let before = commands.get(..answered).unwrap_or_default();
            let few = messages <= 64 || before.contains(&Command::Retr);
            client.ensure(
                unanswered.len() <= most && octets <= 4096 && few,
                format!("{} commands, {octets} octets in flight", unanswered.len()),
            )?;
            let alike = commands.get(answered + 1) == Some(command) && answered > 1;
            client.ensure(
                !(pipelining && alike) || unanswered.len() > 1,
                "one at a time",
            )?;
            client.peer.out.extend_from_slice(command.reply());
        }
        client.read(Pieces::WHOLE.sizes())?;
        client.ensure(
            client.connection.outstanding() == 0,
            "some requests have no reply",
        )
    });
}
