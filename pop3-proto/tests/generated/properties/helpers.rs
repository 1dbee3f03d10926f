//! Pipelines and retrievals that are abandoned at any point, one after the other. Every command
//! that an iterator yields is sent once and gets one result. Each command has a unique line, so
//! that a missing one is detected.

use std::cell::Cell;
use std::task::Poll;

use pop3_proto::internals::{Engine, Submitter};
use pop3_proto::{
    Connection, Dele, Error, Instant, Login, MessageNumber, RequestId, Top,
    command::{Capa, Command, IntoStreamed, Whole},
    config::Pipelining,
};
use pop3_testkit::wire;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::TestCaseError;

use super::case::{Case, PASSWORD, USER};
use super::peer::Peer;
use super::strategies::case;
use super::{Verdict, check};

/// A helper, and when it is abandoned.
#[derive(Debug, Clone)]
struct Plan {
    kind: Kind,
    commands: u32,
    /// The number of reads and writes after which it is dropped.
    left_after: Option<usize>,
    /// How many chunks of each body are read.
    chunks: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Call,
    Ticket,
    Pipeline,
    Retrieve,
}

const KINDS: [Kind; 5] = [
    Kind::Call,
    Kind::Ticket,
    Kind::Pipeline,
    Kind::Retrieve,
    Kind::Retrieve,
];

fn plans() -> impl Strategy<Value = Vec<Plan>> {
    // More than 64 bodies of unknown length exceed the window.
    let commands = prop_oneof![5 => 0..5u32, 1 => 64..80u32];
    let left_after = proptest::option::weighted(0.6, 0..12usize);
    let one = (select(&KINDS[..]), commands, left_after, 0..4usize);
    let one = one.prop_map(|(kind, commands, left_after, chunks)| Plan {
        kind,
        commands,
        left_after,
        chunks,
    });
    vec(one, 1..6)
}

/// An engine, its server, and the lines that the server received.
struct EngineSession {
    engine: Engine,
    peer: Peer,
    lines: Vec<String>,
    piece: usize,
    /// The number of reads and writes before the operation is abandoned.
    moves: usize,
}

impl EngineSession {
    /// Moves octets until there is a result. Returns `None` if the operation must be abandoned.
    fn wait<T>(
        &mut self,
        mut poll: impl FnMut(&mut Engine) -> Poll<T>,
    ) -> Result<Option<T>, TestCaseError> {
        loop {
            if let Poll::Ready(found) = poll(&mut self.engine) {
                return Ok(Some(found));
            }
            let Some(moves) = self.moves.checked_sub(1) else {
                return Ok(None);
            };
            self.moves = moves;
            if !self.turn() {
                let lines = &self.lines;
                return Err(TestCaseError::fail(format!("no progress after {lines:?}")));
            }
        }
    }

    fn turn(&mut self) -> bool {
        let session = self.engine.connection_mut();
        if session.poll_timeout() == Some(Instant::ORIGIN) {
            session.handle_timeout(Instant::ORIGIN);
        }
        let octets = wire::send(session, usize::MAX, Instant::ORIGIN);
        if !octets.is_empty() {
            self.peer.receive(&octets);
            let lines = String::from_utf8_lossy(&octets);
            self.lines.extend(lines.lines().map(str::to_owned));
            return true;
        }
        let piece = &self.peer.out[..self.peer.out.len().min(self.piece)];
        let count = wire::receive(session, piece, Instant::ORIGIN);
        self.peer.out.drain(..count);
        count > 0
    }

    /// Logs in and clears the recorded lines.
    fn logged_in(case: &Case, piece: usize) -> Result<Self, TestCaseError> {
        let session = Connection::new(case.client.config(), case.client.channel, Instant::ORIGIN);
        let mut session = Self {
            engine: Engine::new(session),
            peer: Peer::new(case),
            lines: Vec::new(),
            piece,
            moves: usize::MAX,
        };
        let login = Login::password(
            USER.try_into().expect("a name"),
            pop3_proto::Secret::new(PASSWORD).expect("a secret"),
        );
        let policy = pop3_proto::login::LoginPolicy::only(pop3_proto::login::Method::UserPass);
        let login = session.engine.submit(login.with_policy(policy));
        let login = login.expect("a ticket");
        let result = session.wait(|engine| engine.poll_ticket(&login))?;
        prop_assert!(matches!(result, Some(Ok(_))), "{result:?}");
        session.lines.clear();
        Ok(session)
    }

    /// Runs a pipeline. Returns the results, and whether it ran to its end.
    fn pipeline<C>(
        &mut self,
        commands: impl Iterator<Item = C>,
    ) -> Result<(u32, bool), TestCaseError>
    where
        C: Whole + Command<Reply: core::fmt::Debug>,
    {
        let mut submitter = Submitter::new(&mut self.engine, commands);
        let mut results = 0;
        loop {
            match self.wait(|engine| submitter.poll_next(engine))? {
                None => return Ok((results, false)),
                Some(None) => return Ok((results, true)),
                Some(Some(result)) => {
                    let refused = matches!(result, Ok(_) | Err(Error::Refused(_)));
                    prop_assert!(refused, "{result:?}");
                    results += 1;
                }
            }
        }
    }

    /// Runs a retrieval in the same way. The plan selects how much of each body is read.
    fn retrieve<C: IntoStreamed>(
        &mut self,
        commands: impl Iterator<Item = C>,
        chunks: usize,
    ) -> Result<(u32, bool), TestCaseError> {
        let mut submitter = Submitter::new(&mut self.engine, commands);
        let mut results = 0;
        loop {
            match self.wait(|engine| submitter.poll_open(engine))? {
                None => return Ok((results, false)),
                Some(None) => return Ok((results, true)),
                Some(Some(result)) => {
                    results += 1;
                    match result {
                        Ok((id, _)) if !self.read(id, chunks)? => return Ok((results, false)),
                        Ok((id, _)) => self.engine.skip(id),
                        Err(error) => prop_assert!(error.refusal().is_some(), "{error:?}"),
                    }
                }
            }
        }
    }

    /// Reads some chunks of a body. Returns false if the operation must be abandoned before that is
    /// complete.
    fn read(&mut self, id: RequestId, chunks: usize) -> Result<bool, TestCaseError> {
        for _ in 0..chunks {
            match self.wait(|engine| engine.poll_chunk(id))? {
                None => return Ok(false),
                Some(Ok(Some(_))) => {}
                Some(end) => {
                    prop_assert_eq!(end, Ok(None));
                    break;
                }
            }
        }
        Ok(true)
    }
}

/// Returns a unique command line.
fn line(kind: Kind, number: u32) -> String {
    match kind {
        Kind::Ticket | Kind::Retrieve => format!("TOP 1 {number}"),
        Kind::Call | Kind::Pipeline => format!("DELE {number}"),
    }
}

fn act(session: &mut EngineSession, plan: &Plan, first: u32) -> Verdict {
    let before = session.lines.len();
    session.moves = plan.left_after.unwrap_or(usize::MAX);
    let taken = Cell::new(0);
    let numbers = (first..first + plan.commands).inspect(|_| taken.set(taken.get() + 1));
    let top = |lines| Top {
        number: MessageNumber::FIRST,
        lines,
    };
    let dele = |number| Dele(MessageNumber::new(number).expect("a number above zero"));
    let (results, ended) = match plan.kind {
        Kind::Pipeline => session.pipeline(numbers.map(dele))?,
        Kind::Retrieve => session.retrieve(numbers.map(top), plan.chunks)?,
        Kind::Call => {
            session.engine.begin();
            let ticket = session.engine.submit_for_helper(dele(first));
            let ticket = ticket.expect("a ticket");
            let done = session
                .wait(|engine| engine.poll_ticket(&ticket))?
                .is_some();
            taken.set(1);
            (u32::from(done), done)
        }
        Kind::Ticket => {
            session.engine.begin();
            let ticket = session.engine.submit(top(first)).expect("a ticket");
            let opened = session.wait(|engine| engine.poll_head(ticket.id()))?;
            if let Some(Ok(_)) = opened {
                session.read(ticket.id(), plan.chunks)?;
            }
            taken.set(1);
            (u32::from(opened.is_some()), opened.is_some())
        }
    };
    let single = matches!(plan.kind, Kind::Call | Kind::Ticket);
    let yielded = if single { 1 } else { plan.commands };
    prop_assert!(results <= taken.get());
    if ended {
        prop_assert_eq!((results, taken.get()), (yielded, yielded), "{:?}", plan);
    }
    // The lines that it has sent so far. A batch that it abandoned may still be sent.
    let of_it: Vec<_> = (first..first + yielded)
        .map(|n| line(plan.kind, n))
        .collect();
    let sent: Vec<_> = session.lines[before..]
        .iter()
        .filter(|line| of_it.contains(line))
        .collect();
    let sent_in_order = sent.iter().zip(&of_it).all(|(sent, line)| *sent == line);
    prop_assert!(sent_in_order, "{sent:?}");
    prop_assert!(sent.len() >= results as usize);
    prop_assert!(sent.len() <= taken.get() as usize);
    Ok(())
}

#[test]
fn abandoned_helpers_lose_no_later_command() {
    let pieces = select(&[1, 7, 60, 10_000][..]);
    check(
        150,
        (case(Just(Vec::new())), plans(), pieces),
        |(mut case, plans, piece)| {
            case.client.small_limits = false;
            case.ops_after_login::<&str>(&[]);
            if case.client.pipelining == Pipelining::Always && !case.server.pipelining {
                // `Always` would pipeline to a server that does not support it, and results would
                // differ.
                case.client.pipelining = Pipelining::Auto;
            }
            if case.mail.is_empty() {
                case.mail.push(b"Subject: x\r\n\r\n".repeat(20));
            }
            let mut session = EngineSession::logged_in(&case, piece)?;
            let mut first = 1000;
            for plan in &plans {
                act(&mut session, plan, first)?;
                first += 100;
            }
            // The session must be synchronized, and every line that was sent must be expected.
            session.moves = usize::MAX;
            session.engine.begin();
            let capa = session.engine.submit_for_helper(Capa).expect("a ticket");
            let capa = session.wait(|engine| engine.poll_ticket(&capa))?;
            prop_assert!(matches!(capa, Some(Ok(_))), "{capa:?}");
            let mut seen: Vec<_> = session
                .lines
                .iter()
                .filter(|line| *line != "CAPA")
                .collect();
            let count = seen.len();
            seen.sort_unstable();
            seen.dedup();
            prop_assert_eq!(seen.len(), count, "sent twice");
            Ok(())
        },
    );
}
