//! The sender of one message forges the replies that follow it, and tries to have other people's mail
//! deleted unread.

use std::time::Duration;

use pop3_proto::sync::{Delete, Rules, Run};

use super::{Forging, Mail, Store};

/// How many other people's messages there are.
const OTHERS: usize = 5;

/// What a client provides: a run over sockets.
pub trait Synchronise {
    fn synchronise(run: &mut Run, store: &mut Store, server: &Forging);
}

fn honest(n: usize) -> Vec<u8> {
    let line = format!("message {n}");
    format!("Subject: {n}\r\n\r\n{line}\r\n{line}\r\n.\r\n")
        .replace("\r\n.\r\n", "\r\n")
        .into_bytes()
}

/// Returns a message that ends early and continues with forged replies: `more` messages with the
/// sizes of the real ones, and then what a confirmation may be fooled with.
fn forgery(more: usize, tail: &str) -> Vec<u8> {
    let mut text = b"Subject: forged\r\n\r\nhello\r\n.\r\n".to_vec();
    for n in 0..more {
        let mut message = honest(n);
        // The same size, but another text.
        for octet in &mut message {
            if *octet == b'm' {
                *octet = b'X';
            }
        }
        text.extend_from_slice(b"+OK\r\n");
        text.extend_from_slice(&message);
        text.extend_from_slice(b".\r\n");
    }
    text.extend_from_slice(tail.as_bytes());
    text
}

/// The last octets of a forgery: nothing, replies without values, replies to `UIDL n` and `LIST n`.
fn tails() -> [String; 4] {
    let guesses = |line: &str| format!("{line}\r\n").repeat(16);
    [
        String::new(),
        guesses("+OK"),
        guesses("+OK 1 uid-0"),
        guesses("-ERR unknown command"),
    ]
}

/// Runs all forgeries against a client. Returns how many there were.
pub fn forged_messages_delete_no_other_mail<C: Synchronise>() -> usize {
    let mut count = 0;
    for pipelining in [true, false] {
        for place in [0, 1, OTHERS] {
            for more in 0..=OTHERS - place {
                for tail in tails() {
                    for pause in [Duration::ZERO, Duration::from_millis(20)] {
                        let mut mail: Vec<_> = (0..OTHERS)
                            .map(|n| Mail {
                                id: format!("uid-{n}"),
                                text: honest(n),
                            })
                            .collect();
                        let text = forgery(more, &tail);
                        mail.insert(
                            place,
                            Mail {
                                id: "forged".to_owned(),
                                text,
                            },
                        );
                        let case = format!(
                            "pipelining {pipelining}, place {place}, {more} forged, pause {pause:?}, tail {tail:?}"
                        );
                        check::<C>(&Forging::start(mail, pipelining, pause), &case);
                        count += 1;
                    }
                }
            }
        }
    }
    count
}

/// Synchronises a few times. No other message may be gone from the server without being stored
/// whole, and in the end all are stored.
fn check<C: Synchronise>(server: &Forging, case: &str) {
    let mut store = Store::default();
    for day in 100..104 {
        let rules = Rules {
            delete: Delete::WhenStored,
            ..Rules::default()
        };
        let mut run = store.run(rules, day);
        C::synchronise(&mut run, &mut store, server);
        store.finish(run);
        let left = server.left();
        for n in 0..OTHERS {
            let stored = store
                .published
                .iter()
                .filter(|text| **text == honest(n))
                .count();
            let gone = !left.iter().any(|mail| mail.id == format!("uid-{n}"));
            assert!(
                stored > 0 || !gone,
                "message {n} is lost on day {day}: {case}"
            );
            assert!(
                stored < 2,
                "message {n} is stored twice on day {day}: {case}"
            );
            assert!(
                stored == 1 || day < 103,
                "message {n} was never stored: {case}"
            );
        }
    }
}
