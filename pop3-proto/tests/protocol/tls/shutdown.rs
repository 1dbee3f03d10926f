//! How sessions inside TLS end.

use pop3_proto::{
    Error, Event, Quit, QuitOutcome, Retr,
    command::{Noop, Verb},
    error::{Closed, LimitError, Limited, Timeout, TransportError},
    reply::{Received, Reply},
};

use pop3_testkit::tls::authority::Authority;
use pop3_testkit::tls::link::{APPLICATION_DATA, Link, end_of, login};
use pop3_testkit::tls::peer::{Peer, mail_in_tls};

/// A session that is logged in; the test writes the server's replies.
fn logged_in() -> Link {
    let authority = Authority::new();
    let peer = Peer::implicit_tls(None, authority.server());
    let mut link = Link::implicit_tls(authority.client("localhost"), peer);
    link.session.submit(login()).unwrap();
    for answer in ["+OK\r\n", "-ERR\r\n", "+OK\r\n", "+OK\r\n"] {
        link.peer.say(answer.as_bytes());
        link.run();
    }
    link.peer.received.clear();
    link
}

/// Closes the server's side with or without close_notify.
fn end(link: &mut Link, close_notify: bool) -> Vec<Event> {
    if close_notify {
        link.peer.send_close_notify();
    }
    link.end()
}

#[test]
fn close_notify_follows_quit() {
    let authority = Authority::new();
    let peer = Peer::implicit_tls(Some(mail_in_tls()), authority.server());
    let mut link = Link::implicit_tls(authority.client("localhost"), peer);
    link.session.submit(login()).unwrap();
    link.session.submit(Quit).unwrap();
    let events = link.run();
    assert_eq!(end_of(&events), Ok(()));
    assert!(link.peer.close_notify);
    assert!(!link.session.wants_write() && !link.session.wants_read());
}

#[test]
fn t_13_incomplete_message_is_truncated_despite_close_notify() {
    for close_notify in [false, true] {
        let mut link = logged_in();
        link.session.submit(Retr(1.try_into().unwrap())).unwrap();
        link.run();
        link.peer.say(b"+OK\r\nhello\r\n");
        let events = end(&mut link, close_notify);
        let truncated = Error::from(Closed::Truncated {
            verb: Verb::Retr,
            number: pop3_proto::MessageNumber::new(1),
            outstanding: 1,
            first_batch: false,
            lf_dot: false,
            last_err: None,
        });
        let in_body = matches!(&events[..], [.., Event::BodyEnd { result: Err(error), .. }, Event::Closed(_)] if *error == truncated);
        assert!(in_body, "{events:?}");
        assert_eq!(end_of(&events), Err(truncated));
    }
}

#[test]
fn missing_reply_is_unanswered_not_truncated() {
    for close_notify in [false, true] {
        let mut link = logged_in();
        link.session.submit(Noop).unwrap();
        link.run();
        let unanswered = Closed::Unanswered {
            verb: Verb::Noop,
            number: None,
            outstanding: 1,
            first_batch: false,
            last_err: None,
        };
        assert_eq!(
            end_of(&end(&mut link, close_notify)),
            Err(unanswered.into())
        );
    }
}

#[test]
fn incomplete_record_is_not_a_reply() {
    let mut link = logged_in();
    link.session.submit(Noop).unwrap();
    link.run();
    link.peer.say(b"+OK\r\n");
    let record = link.peer.take();
    link.peer.inject(&record[..record.len() - 1]);
    let unanswered = Closed::Unanswered {
        verb: Verb::Noop,
        number: None,
        outstanding: 1,
        first_batch: false,
        last_err: None,
    };
    assert_eq!(end_of(&link.end()), Err(unanswered.into()));
}

#[test]
fn close_while_idle_is_reported_as_idle() {
    for close_notify in [false, true] {
        let mut link = logged_in();
        let events = end(&mut link, close_notify);
        assert_eq!(end_of(&events), Err(Closed::Idle { last_err: None }.into()));
    }
}

#[test]
fn t_13_answered_quit_needs_no_close_notify() {
    for (answer, committed) in [
        ("+OK bye\r\n", Some(&b"bye"[..])),
        ("+OK", None),
        ("", None),
    ] {
        for close_notify in [false, true] {
            let mut link = logged_in();
            link.session.submit(Quit).unwrap();
            link.run();
            link.peer.say(answer.as_bytes());
            let events = end(&mut link, close_notify);
            let Event::Reply {
                result: Ok(Reply::Quit(outcome)),
                ..
            } = &events[0]
            else {
                panic!("{events:?}");
            };
            match committed {
                Some(text) => assert!(
                    matches!(outcome, QuitOutcome::Committed(status) if status.text.as_bytes() == text)
                ),
                None => assert_eq!(*outcome, QuitOutcome::Unknown),
            }
        }
    }
}

#[test]
fn partly_sent_quit_record_deletes_nothing() {
    let mut link = logged_in();
    link.session.submit(Quit).unwrap();
    let part = link.session.transmit().len() - 1;
    link.session.transmitted(part, link.now);
    link.session.handle_eof(link.now);
    let events = link.run();
    // Half a record cannot be decrypted, so the server has not seen the command.
    assert!(matches!(events[0], Event::Reply { result: Err(_), .. }));
    assert!(!link.session.wants_write());
}

#[test]
fn only_close_notify_follows_a_protocol_error() {
    let mut link = logged_in();
    link.session.submit(Noop).unwrap();
    link.session.submit(Noop).unwrap();
    link.run();
    let before = link.written.len();
    link.peer.received.clear();
    link.peer.say(b"250 OK\r\n");
    let events = link.run();
    assert!(matches!(end_of(&events), Err(Error::Protocol(_))));
    // The record is an alert, which TLS 1.3 encrypts as application data.
    assert_eq!(link.records(before), [APPLICATION_DATA]);
    assert!(link.peer.close_notify);
    assert_eq!(link.peer.received, b"");
    assert!(link.session.submit(Noop).is_err());
    assert!(!link.session.wants_write());
}

#[test]
fn unsent_batch_is_dropped_after_an_error() {
    let mut link = logged_in();
    let before = link.written.len();
    link.session.submit(Noop).unwrap();
    assert!(link.session.wants_write());
    link.session.transmit();
    link.peer.say(b"+OK who asked?\r\n");
    assert!(link.read());
    assert!(matches!(end_of(&link.run()), Err(Error::Protocol(_))));
    assert!(!link.session.wants_write());
    assert_eq!(link.written.len(), before);
}

#[test]
fn modified_record_is_fatal() {
    let mut link = logged_in();
    link.session.submit(Noop).unwrap();
    link.run();
    link.peer.say(b"+OK\r\n");
    let mut record = link.peer.take();
    *record.last_mut().unwrap() ^= 1;
    link.peer.inject(&record);
    assert!(matches!(end_of(&link.run()), Err(Error::Tls(_))));
    assert!(link.peer.failure.is_some(), "an alert was sent");
}

#[test]
fn pending_quit_is_dropped_after_modified_record() {
    let mut link = logged_in();
    link.session.submit(Quit).unwrap();
    // QUIT is in the send buffer, and the socket accepts none of it yet.
    assert!(!link.session.transmit().is_empty());
    let before = link.written.len();
    link.peer.say(b"+OK\r\n");
    let mut record = link.peer.take();
    *record.last_mut().unwrap() ^= 1;
    link.peer.inject(&record);
    assert!(link.read());
    let events = link.run();
    assert!(matches!(
        events[0],
        Event::Reply {
            result: Err(Error::Tls(_)),
            ..
        }
    ));
    assert!(matches!(end_of(&events), Err(Error::Tls(_))));
    assert_eq!(link.peer.received, b"");
    assert_eq!(link.written.len(), before);
    assert!(!link.session.wants_write());
}

#[test]
fn data_before_a_read_error_is_reported_first() {
    let mut link = logged_in();
    let ticket = link.session.submit(Retr(1.try_into().unwrap())).unwrap();
    link.run();
    // Two records: the second one stays inside TLS while the event of the first is pending.
    link.peer.say(b"+OK\r\n");
    link.peer.say(b"hello\r\n.\r\n");
    assert!(link.read());
    let reset = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
    let reset = TransportError::from(&reset);
    link.session.handle_read_error(reset.clone(), link.now);
    let events = link.run();
    let id = ticket.id();
    let [
        Event::Reply { result: Ok(_), .. },
        Event::Body { chunk, .. },
        ended,
        closed,
    ] = &events[..]
    else {
        panic!("{events:?}");
    };
    assert_eq!(chunk.as_ref(), b"hello\r\n");
    let whole = |received: &Received| received.octets == 7;
    assert!(matches!(ended, Event::BodyEnd { id: of, result: Ok(it) } if *of == id && whole(it)));
    assert_eq!(*closed, Event::Closed(Err(reset.into())));
}

#[test]
fn deadlines_run_inside_tls() {
    let mut link = logged_in();
    link.session.submit(Retr(1.try_into().unwrap())).unwrap();
    link.run();
    link.wait(0);
    link.wait(179);
    link.peer.say(b"+OK\r\nhello\r\n");
    link.run();
    link.wait(0);
    // Half a record counts as progress.
    link.wait(59);
    link.peer.say(b"world\r\n.\r\n");
    let record = link.peer.take();
    link.peer.inject(&record[..record.len() / 2]);
    assert_eq!(link.run(), []);
    link.wait(59);
    assert_eq!(link.run(), []);
    link.wait(1);
    let events = link.run();
    assert_eq!(
        end_of(&events),
        Err(Error::Timeout(Timeout::Stall {
            verb: Some(Verb::Retr),
            number: pop3_proto::MessageNumber::new(1),
            last_err: None,
            outstanding: 1,
            first_batch: false,
            lf_dot: false
        }))
    );
    assert!(link.peer.close_notify);
}

#[test]
fn partly_sent_batch_keeps_the_send_deadline() {
    let mut link = logged_in();
    link.session.submit(Noop).unwrap();
    link.wait(0);
    let some = link.session.transmit().len() / 2;
    link.wait(59);
    link.session.transmitted(some, link.now);
    link.wait(59);
    assert_eq!(link.session.poll_event(), None);
    link.wait(1);
    let events: Vec<_> = std::iter::from_fn(|| link.session.poll_event()).collect();
    assert_eq!(end_of(&events), Err(Error::Timeout(Timeout::Send)));
}

#[test]
fn partial_record_does_not_count_as_first_octet() {
    let mut link = logged_in();
    link.session.submit(Noop).unwrap();
    link.run();
    link.wait(0);
    link.peer.say(b"+OK\r\n");
    let record = link.peer.take();
    for octet in record.iter().take(18) {
        link.wait(10);
        link.peer.inject(&[*octet]);
        link.read();
    }
    let events = link.run();
    let late = Timeout::FirstOctet {
        verb: Verb::Noop,
        number: None,
        outstanding: 1,
        first_batch: false,
        last_err: None,
    };
    assert_eq!(end_of(&events), Err(Error::Timeout(late)));
}

#[test]
fn partial_records_prevent_a_stall_within_message() {
    let mut link = logged_in();
    link.session.submit(Retr(1.try_into().unwrap())).unwrap();
    link.run();
    link.peer.say(b"+OK\r\nhello\r\n");
    link.run();
    link.wait(0);
    link.peer.say(b"world\r\n.\r\n");
    for octet in link.peer.take() {
        link.wait(50);
        link.peer.inject(&[octet]);
        link.read();
    }
    let events = link.run();
    assert!(
        matches!(&events[..], [.., Event::BodyEnd { result: Ok(_), .. }]),
        "{events:?}"
    );
}

/// After each call, the records that result from it are ready to be sent.
#[test]
fn tls_records_are_ready_after_each_call() {
    let mut link = logged_in();
    let first = link.session.submit(Noop).unwrap();
    assert!(link.session.wants_write(), "submit");
    link.run();
    let second = link.session.submit(Noop).unwrap();
    link.session.submit(Noop).unwrap();
    assert!(!link.session.wants_write(), "no pipelining");

    // The reply waits to be polled, and the next command waits for the reply.
    link.peer.say(b"+OK first\r\n");
    while link.step() {}
    assert!(!link.session.wants_write());
    let event = link.session.poll_event();
    assert!(matches!(event, Some(Event::Reply { id, .. }) if id == first.id()));
    assert!(link.session.wants_write(), "poll_event");
    link.run();

    link.peer.say(b"+OK second\r\n");
    while link.step() {}
    assert!(!link.session.wants_write());
    link.session.abandon(second.id()..second.id().next());
    assert!(link.session.wants_write(), "abandon");
    link.run();

    link.session.exceeded(LimitError::new(Limited::Message, 1));
    assert!(link.session.wants_write(), "exceeded: close_notify");
}
