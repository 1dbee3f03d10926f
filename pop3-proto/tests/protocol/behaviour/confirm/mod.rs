//! Confirming received messages: which questions are asked, and how the answers are judged.

mod answers;
mod order;
mod questions;

use std::collections::BTreeMap;

use pop3_proto::{
    Config, Confirm, Error, Event, List, Ticket, Uidl,
    config::Pipelining,
    error::Unconfirmed,
    reply::{Confirmed, Reply},
};
use pop3_testkit::conversation::{Conversation, logged_in_with};

/// A mailbox on the server: sizes and unique-ids by message number.
struct Mailbox(Vec<(u64, String)>);

impl Mailbox {
    fn of(messages: usize) -> Self {
        let message = |n| (100 + 7 * n as u64, format!("id-{n:04}"));
        Self((1..=messages).map(message).collect())
    }

    fn sizes(&self) -> String {
        let lines = (1..).zip(&self.0);
        let lines: String = lines
            .map(|(n, (size, _))| format!("{n} {size}\r\n"))
            .collect();
        format!("+OK\r\n{lines}.\r\n")
    }

    fn unique_ids(&self) -> String {
        let lines = (1..).zip(&self.0);
        let lines: String = lines.map(|(n, (_, id))| format!("{n} {id}\r\n")).collect();
        format!("+OK\r\n{lines}.\r\n")
    }

    /// The correct answer to `UIDL n` or `LIST n`.
    fn answer(&self, question: &str) -> String {
        let (verb, number) = question.trim_end().split_once(' ').expect("a question");
        let number: usize = number.parse().expect("a number");
        let (size, id) = self.0.get(number - 1).expect("a listed message");
        match verb {
            "UIDL" => format!("+OK {number} {id}\r\n"),
            "LIST" => format!("+OK {number} {size}\r\n"),
            other => panic!("{other} is not a question"),
        }
    }
}

fn session(pipelining: Pipelining, seed: u8) -> Conversation {
    let mut config = Config::default();
    config.pipelining = pipelining;
    let mut session = logged_in_with(config);
    session.connection.seed([seed; 32]);
    session
}

/// A session that has retrieved both listings.
fn listed(mailbox: &Mailbox, pipelining: Pipelining, seed: u8) -> Conversation {
    let mut session = session(pipelining, seed);
    session.call(List, mailbox.sizes()).expect("sizes");
    session
        .call(Uidl, mailbox.unique_ids())
        .expect("unique-ids");
    session.sent();
    session
}

fn confirm(session: &mut Conversation) -> Ticket<Confirm> {
    session
        .connection
        .submit(Confirm::new())
        .expect("a live connection")
}

/// Answers all questions. Returns the questions and the result of the confirmation.
fn answered(
    session: &mut Conversation,
    ticket: Ticket<Confirm>,
    mut answer: impl FnMut(&str) -> String,
) -> (Vec<String>, Result<Confirmed, Error>) {
    let mut asked = Vec::new();
    loop {
        let batches = session.batches();
        let questions: Vec<&str> = batches
            .iter()
            .flat_map(|batch| batch.split_inclusive('\n'))
            .collect();
        if questions.is_empty() {
            return (asked, outcome(session, ticket));
        }
        let answers: String = questions.iter().map(|question| answer(question)).collect();
        asked.extend(
            questions
                .iter()
                .map(|question| question.trim_end().to_owned()),
        );
        session.server(answers);
    }
}

/// Returns the only result of a confirmation.
fn outcome(session: &mut Conversation, ticket: Ticket<Confirm>) -> Result<Confirmed, Error> {
    let mut results: Vec<Result<Reply, Error>> = Vec::new();
    for event in session.events() {
        if let Event::Reply { id, result } = event
            && id == ticket.id()
        {
            results.push(result);
        }
    }
    assert_eq!(results.len(), 1, "one result for one request");
    ticket.read(results.remove(0)?)
}

fn reason(result: &Result<Confirmed, Error>) -> &Unconfirmed {
    match result {
        Err(Error::Unconfirmed(reason)) => reason,
        other => panic!("{other:?}"),
    }
}

fn verbs(asked: &[String]) -> BTreeMap<&str, usize> {
    let mut verbs = BTreeMap::new();
    for question in asked {
        *verbs.entry(&question[..4]).or_default() += 1;
    }
    verbs
}
