//! Checks that the reports to the application agree with the octets.

use pop3_proto::{Error, QuitOutcome, reply::Reply};

use super::app::Request;
use super::ask::Ask;
use super::frames::Frame;

/// Checks what was reported about a request against the reply at its position.
pub(crate) fn check_octets(request: &Request, frame: &Frame) {
    let ask = request.ask;
    match request.reply.as_ref().unwrap() {
        Ok(Reply::BodyHead(opened)) => {
            assert_eq!(opened.status.text.as_bytes(), frame.text());
            match &request.body_end {
                Some(Ok(())) => {
                    assert!(frame.is_ok(), "complete without a terminator: {ask:?}");
                    assert!(request.body == frame.body, "wrong body: {ask:?}");
                }
                _ => assert!(frame.body.starts_with(&request.body), "{ask:?}"),
            }
        }
        Ok(Reply::Quit(QuitOutcome::Refused(reply))) => {
            assert!(frame.is_err(), "QUIT was refused by {frame:?}");
            assert!(frame.text().starts_with(reply.text.as_bytes()));
        }
        Ok(reply) => {
            assert!(
                frame.is_ok(),
                "{ask:?} got {reply:?}, but {frame:?} was received"
            );
            check_value(ask, reply, frame);
        }
        Err(Error::Refused(refusal)) => {
            assert!(frame.is_err(), "{ask:?} was refused by {frame:?}");
            assert!(frame.text().starts_with(refusal.text.as_bytes()));
        }
        Err(_) => assert!(frame.is_ok(), "malformed: {frame:?}"),
    }
}

fn check_value(ask: Ask, reply: &Reply, frame: &Frame) {
    match (ask, reply) {
        (_, Reply::Status(status) | Reply::Quit(QuitOutcome::Committed(status))) => {
            assert_eq!(status.text.as_bytes(), frame.text());
        }
        (_, Reply::Stat(stat)) => {
            let (messages, octets) = entry(std::str::from_utf8(frame.text()).unwrap()).unwrap();
            assert_eq!((stat.messages, stat.octets), (messages, size(octets)));
        }
        (Ask::ListOne(n), Reply::Size(entry)) => {
            assert_eq!(entry.number.get(), n);
            assert_eq!(entry.octets, size(value(n, frame)));
        }
        (Ask::UidlOne(n), Reply::UniqueId(entry)) => {
            assert_eq!(entry.number.get(), n);
            let reported = entry.unique_id.as_ref().map(|id| id.as_bytes());
            assert_eq!(reported.unwrap_or_default(), value(n, frame).as_bytes());
        }
        (_, Reply::Sizes(sizes)) => {
            let reported = sizes.iter().map(|entry| (entry.number.get(), entry.octets));
            let said = entries(frame).map(|(n, value)| (n, size(value)));
            assert!(reported.eq(said));
        }
        (_, Reply::UniqueIds(ids)) => {
            let reported = ids.iter().map(|entry| {
                let id = entry.unique_id.map(|id| id.as_bytes().to_vec());
                (entry.number.get(), id.unwrap_or_default())
            });
            let said = entries(frame).map(|(n, id)| (n, id.as_bytes().to_vec()));
            assert!(reported.eq(said));
        }
        (_, Reply::Lines(lines)) => assert_eq!(lines.octets, frame.body),
        (ask, reply) => panic!("{ask:?} got {reply:?}"),
    }
}

/// Returns the value for the message with this number, whether or not the reply repeats the number.
fn value(number: u32, frame: &Frame) -> &str {
    let text = std::str::from_utf8(frame.text()).unwrap().trim();
    match entry(text) {
        Some((n, value)) if n == number => value,
        _ => {
            assert!(!text.contains(' '), "{text:?} is not about {number}");
            text
        }
    }
}

/// Returns the number at the start of a line, and what follows it.
fn entry(line: &str) -> Option<(u32, &str)> {
    let (number, value) = line.split_once(' ').unwrap_or((line, ""));
    Some((number.parse().ok()?, value.trim()))
}

/// Returns the entries of a listing. Either all of its lines begin with `+OK`, or none.
fn entries(frame: &Frame) -> impl Iterator<Item = (u32, &str)> {
    let lines = || std::str::from_utf8(&frame.body).unwrap().lines();
    let status = |line: &str| {
        line.get(..4)
            .is_some_and(|start| start.eq_ignore_ascii_case("+OK "))
    };
    let all = lines().all(status);
    lines().map(move |line| entry(if all { &line[4..] } else { line }).unwrap())
}

fn size(value: &str) -> Option<u64> {
    value.split(' ').next()?.parse().ok()
}
