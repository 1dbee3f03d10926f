//! I6 for gathered replies: a list contains the lines before its terminator, and its values are
//! those of the lines.

use pop3_proto::{Error, Event, error::ProtocolError, reply::Reply};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::check;
use super::client::Client;
use super::strategies::pieces;
use super::terminators::{
    check_result, is_bare_lf, is_cut_short, line_ends, reply_octets, session,
};
use pop3_testkit::naive::{self, Lines, Listed, begins_with_lf, may_follow};

/// Values that are barely valid or barely invalid.
const BORDERLINE: [&str; 10] = [
    "",
    "",
    "1 x",
    "12x",
    "007",
    "18446744073709551615",
    "18446744073709551616 x",
    "\u{fc}",
    "\0",
    "a b",
];

/// A deviation of a single line.
#[derive(Debug, Clone)]
enum Deviation {
    Status,
    Number(&'static str),
    Blank(&'static str),
    Value(String),
    End(&'static str),
}

fn deviation() -> impl Strategy<Value = Deviation> {
    let numbers = ["0", "1", "02", "3", "4294967296", "", "x"];
    let value = prop_oneof![
        4 => select(&BORDERLINE[..]).prop_map(str::to_owned),
        1 => (69..73usize).prop_map(|octets| "7".repeat(octets)),
        1 => (511..514usize).prop_map(|octets| "u".repeat(octets)),
    ];
    prop_oneof![
        3 => Just(Deviation::Status),
        3 => select(numbers.to_vec()).prop_map(Deviation::Number),
        2 => select(vec!["", "  ", "\t", "\r"]).prop_map(Deviation::Blank),
        4 => value.prop_map(Deviation::Value),
        2 => select(vec!["\n", "\n", " \r\n", "\r\r\n"]).prop_map(Deviation::End),
    ]
}

/// A valid listing, except for a line or two.
fn listing() -> impl Strategy<Value = Vec<u8>> {
    let size = (0..5000u64).prop_map(|size| size.to_string());
    let id = vec(b'!'..=b'~', 1..12).prop_map(|id| String::from_utf8_lossy(&id).into_owned());
    let values = prop_oneof![vec(size, 0..7), vec(id, 0..7)];
    let deviations = vec((0..7usize, deviation()), 0..3);
    let with_status = proptest::bool::weighted(0.2);
    (values, with_status, deviations).prop_map(|(values, with_status, deviations)| {
        let mut octets = String::new();
        let count = values.len();
        for (at, value) in values.into_iter().enumerate() {
            let mut line = (with_status, (at + 1).to_string(), " ", value, "\r\n");
            for (_, deviation) in deviations.iter().filter(|(of, _)| of % count == at) {
                match deviation.clone() {
                    Deviation::Status => line.0 = !with_status,
                    Deviation::Number(number) => line.1 = number.to_owned(),
                    Deviation::Blank(blank) => line.2 = blank,
                    Deviation::Value(value) => line.3 = value,
                    Deviation::End(end) => line.4 = end,
                }
            }
            let (status, number, blank, value, end) = line;
            octets += if status { "+OK " } else { "" };
            octets += &[&number, blank, &value, end].concat();
        }
        format!("{octets}.\r\n").into_bytes()
    })
}

/// Evaluates to the entries of a listing, or `None` if its accessors disagree.
macro_rules! listed {
    ($all:expr, $value:expr) => {{
        let numbers = $all.iter().map(|entry| entry.number);
        let same = $all.len() == $all.iter().count()
            && $all.numbers().eq(numbers)
            && $all
                .iter()
                .all(|entry| $all.get(entry.number).as_ref() == Some(&entry));
        let entries = $all.iter().map(|entry| (entry.number.get(), $value(entry)));
        same.then(|| entries.collect())
    }};
}

fn reported(reply: &Reply) -> Option<Listed> {
    match reply {
        Reply::Sizes(all) => listed!(all, |entry: pop3_proto::listing::ScanEntry| {
            Some(entry.octets?.to_string().into_bytes())
        }),
        Reply::UniqueIds(all) => listed!(all, |entry: pop3_proto::listing::UidEntry| {
            Some(entry.unique_id?.as_bytes().to_vec())
        }),
        _ => None,
    }
}

/// Returns whether the reply was rejected because of its content, not because of how it ended.
fn is_malformed(reply: Option<&Result<Reply, Error>>) -> bool {
    matches!(reply, Some(Err(Error::Protocol(why)))
        if matches!(**why, ProtocolError::Malformed { .. }))
}

#[test]
fn i06_list_is_complete_only_with_its_terminator() {
    let op = select(&["list", "list", "uidl", "uidl", "capa", "long XTND X"][..]);
    let octets = prop_oneof![1 => reply_octets(), 3 => listing()];
    let strategy = (op, octets, line_ends(), pieces());
    check(1200, strategy, |(op, octets, lines, pieces)| {
        let client = Client::completed(&session(op, &octets, lines), &pieces)?;
        // The third reply is the requested one. Octets after the terminator answer nothing.
        let mut replies = client.events.iter().filter_map(|event| match event {
            Event::Reply { result, .. } => Some(result.clone()),
            _ => None,
        });
        let reply = replies.nth(2);
        if lines == Lines::CrLf && !op.starts_with("long") && begins_with_lf(&octets) {
            return is_bare_lf(&client, reply.and_then(Result::err));
        }
        let (body, Some(rest)) = naive::read(&octets, lines) else {
            return is_cut_short(&client, reply.and_then(Result::err));
        };
        let complete = matches!(reply, Some(Ok(_))) || is_malformed(reply.as_ref());
        let why = reply.clone().and_then(Result::err);
        check_result(&client, complete, why, may_follow(rest, lines))?;
        if !complete {
            return Ok(());
        }
        let entries = match op {
            "list" => naive::sizes(&body, lines),
            _ => naive::unique_ids(&body, lines),
        };
        let same = match &reply {
            Some(Ok(Reply::Lines(lines))) => op.starts_with("long") && lines.octets == body,
            Some(Ok(Reply::Capabilities(Some(reported)))) => {
                op == "capa" && reported.lines().eq(naive::capabilities(&body, lines))
            }
            Some(Ok(reply)) => entries.is_some() && reported(reply) == entries,
            // The list itself was complete.
            _ => {
                ["list", "uidl"].contains(&op) && entries.is_none() && is_malformed(reply.as_ref())
            }
        };
        let body = body.escape_ascii();
        client.ensure(same, format!("{reply:?} for \"{body}\": {entries:?}"))
    });
}
