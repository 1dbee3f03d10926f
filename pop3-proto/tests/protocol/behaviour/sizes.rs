//! The size of a received message, compared with the sizes that the server states.

use pop3_proto::reply::SizeMatch::{Differs, Equal, LineEnds, Unknown};
use pop3_proto::{
    Config, Event, List,
    config::Leniency,
    reply::{Received, SizeMatch},
};

use pop3_testkit::conversation::{Conversation, logged_in, logged_in_with};

/// Returns the `Received` of a streamed reply that arrived completely.
fn received(session: &mut Conversation, op: &str, reply: impl AsRef<[u8]>) -> Received {
    session.ask(op);
    session.server(reply);
    let ends = session
        .events()
        .into_iter()
        .filter_map(|event| match event {
            Event::BodyEnd { result, .. } => Some(result.expect("a whole body")),
            _ => None,
        });
    let ends: Vec<Received> = ends.collect();
    let [end] = ends.as_slice() else {
        panic!("expected one BodyEnd: {ends:?}");
    };
    *end
}

fn listed(sizes: &str) -> Conversation {
    let mut session = logged_in();
    let listing = format!("+OK\r\n{sizes}.\r\n");
    session.call(List, listing).expect("sizes");
    session
}

/// Compares a body with a size that `LIST` states, and with one that the reply states.
fn compared(body: &str, stated: u64) -> SizeMatch {
    let mut session = listed(&format!("1 {stated}\r\n"));
    let by_list = received(&mut session, "retr 1", format!("+OK\r\n{body}.\r\n"));
    assert_eq!(
        (by_list.octets, by_list.announced),
        (body.len() as u64, Unknown)
    );
    let mut session = logged_in();
    let reply = format!("+OK {stated} octets\r\n{body}.\r\n");
    let by_reply = received(&mut session, "retr 1", reply);
    assert_eq!(
        (by_reply.octets, by_reply.listed),
        (body.len() as u64, Unknown)
    );
    assert_eq!(by_list.listed, by_reply.announced);
    by_list.listed
}

#[test]
fn size_match_is_equal_for_the_stated_size() {
    assert_eq!(compared("Subject: x\r\n\r\nbody\r\n", 20), Equal);
    assert_eq!(compared("", 0), Equal);
}

#[test]
fn other_line_end_counting_is_reported() {
    let body = "Subject: x\r\n\r\nbody\r\n";
    // The three line endings count as one octet each; the last one does not count; both.
    assert_eq!(compared(body, 17), LineEnds(3));
    assert_eq!(compared(body, 18), LineEnds(2));
    assert_eq!(compared(body, 16), LineEnds(4));
    // Other differences are not explained by line endings.
    for (stated, difference) in [
        (0, 20),
        (1, 19),
        (15, 5),
        (19, 1),
        (21, -1),
        (22, -2),
        (23, -3),
    ] {
        assert_eq!(compared(body, stated), Differs(difference), "{stated}");
    }
}

#[test]
fn bare_lf_counted_as_two_octets_is_recognised() {
    // One of three lines ends in a bare LF: 19 octets were received.
    let body = "Subject: x\r\n\nbody\r\n";
    assert_eq!(compared(body, 19), Equal);
    // Each line ending counts as two octets; the same without the last one.
    assert_eq!(compared(body, 20), LineEnds(-1));
    assert_eq!(compared(body, 18), LineEnds(1));
    // As sent, without the last line ending; each as one octet; the same without the last one.
    assert_eq!(compared(body, 17), LineEnds(2));
    assert_eq!(compared(body, 16), LineEnds(3));
    assert_eq!(compared(body, 21), Differs(-2));
}

#[test]
fn bare_cr_is_not_counted_as_line_end() {
    let body = "a\rb\rc\r\r\n\rd\r\n";
    assert_eq!(body.len(), 12);
    assert_eq!(compared(body, 12), Equal);
    assert_eq!(compared(body, 10), LineEnds(2));
    assert_eq!(compared(body, 9), LineEnds(3));
    assert_eq!(compared(body, 8), Differs(4));
}

#[test]
fn only_a_negative_difference_is_short() {
    assert!(Differs(-1).is_short() && Differs(i64::MIN).is_short());
    for other in [
        Equal,
        Unknown,
        Differs(1),
        Differs(0),
        LineEnds(-5),
        LineEnds(2),
    ] {
        assert!(!other.is_short(), "{other:?}");
    }
    // A message whose end the server lost without reporting it.
    assert_eq!(
        compared("Subject: x\r\n\r\nfirst\r\n", 5000),
        Differs(-4979)
    );
    assert_eq!(compared("x\r\n", u64::MAX), Differs(i64::MIN));
}

#[test]
fn stuffed_dots_are_not_counted() {
    let mut session = listed("1 6\r\n");
    let received = received(&mut session, "retr 1", "+OK 6 octets\r\n..\r\n..x\r\n.\r\n");
    assert_eq!((received.octets, received.listed), (7, Differs(1)));
    assert_eq!(received.announced, Differs(1));
}

#[test]
fn line_end_count_does_not_depend_on_splitting() {
    let line = "0123456789".repeat(13) + "\r\nx\ny\r\n";
    let body = line.repeat(40);
    let stated = body.len() as u64 - 80;
    for trickle in [false, true] {
        let mut session = listed(&format!("1 {stated}\r\n"));
        session.trickle = trickle;
        let received = received(&mut session, "retr 1", format!("+OK\r\n{body}.\r\n"));
        assert_eq!(received.listed, LineEnds(80));
    }
}

#[test]
fn lf_cr_is_not_a_line_end() {
    let body = "s: x\r\nx\n\r.\ny\rz\r\n";
    let (octets, pairs, bare) = (body.len() as u64, 2, 2);
    for trickle in [false, true] {
        let compare = |stated: u64| {
            let mut session = listed(&format!("1 {stated}\r\n"));
            session.trickle = trickle;
            received(&mut session, "retr 1", format!("+OK\r\n{body}.\r\n")).listed
        };
        assert_eq!(compare(octets + bare), LineEnds(-2));
        assert_eq!(compare(octets - pairs), LineEnds(2));
        assert_eq!(compare(octets - pairs - 2), Differs(4));
    }
}

#[test]
fn announced_size_needs_one_number_before_octets() {
    let stated = |text: &str| {
        let mut session = logged_in();
        received(&mut session, "retr 1", format!("+OK{text}\r\n123\r\n.\r\n")).announced
    };
    for text in [
        " 5 octets",
        " 5 octets follow",
        " 5 OCTETS follow.",
        " message 1 (5 octets)",
        " Message follows (5 octets).",
        " here are 5 octets, as asked",
    ] {
        assert_eq!(stated(text), Equal, "{text:?}");
    }
    for text in [
        "",
        " 5",
        " 5 bytes",
        " octets 5",
        " octets",
        " five octets",
        " -5 octets",
        " +5 octets",
        " 1,005 octets",
        " 1.5 octets",
        " 5x octets",
        " 5 kilooctets",
        " 5 octets of 9 octets",
        " 99999999999999999999 octets",
        " 5 of octets",
        " 5octets",
    ] {
        assert_eq!(stated(text), Unknown, "{text:?}");
    }
}

#[test]
fn size_match_is_unknown_without_a_size() {
    let body = "+OK 5 octets\r\n123\r\n.\r\n";
    let unknown = |received: Received| {
        assert_eq!(received.octets, 5);
        assert_eq!((received.listed, received.announced), (Unknown, Unknown));
    };
    // Only RETR sends a complete message.
    unknown(received(&mut listed("1 5\r\n"), "top 1 0", body));
    unknown(received(&mut listed("1 5\r\n"), "stream XTND X", body));
    let verdict = |session: &mut Conversation| received(session, "retr 1", body).listed;
    assert_eq!(verdict(&mut listed("1 5\r\n")), Equal);
    assert_eq!(verdict(&mut logged_in()), Unknown);
    assert_eq!(verdict(&mut listed("2 5\r\n")), Unknown);
    assert_eq!(verdict(&mut listed("1\r\n")), Unknown);
    assert_eq!(verdict(&mut listed("1 big\r\n")), Unknown);
    // Searching an unsorted listing for each message would be slow.
    assert_eq!(verdict(&mut listed("2 5\r\n1 5\r\n")), Unknown);
}

#[test]
fn listing_after_dele_is_not_compared() {
    let mut session = listed("1 3\r\n2 5\r\n");
    session.exchange("dele 1", "+OK\r\n");
    session.call(List, "+OK\r\n1 5\r\n.\r\n").expect("sizes");
    let received = received(&mut session, "retr 2", "+OK\r\n123\r\n.\r\n");
    assert_eq!(received.listed, Equal);
}

#[test]
fn size_match_is_the_same_under_strict() {
    for leniency in [Leniency::Lenient, Leniency::Strict] {
        let mut config = Config::default();
        config.leniency = leniency;
        let mut session = logged_in_with(config);
        session.call(List, "+OK\r\n1 16\r\n.\r\n").expect("sizes");
        let reply = "+OK 20 octets\r\nSubject: x\r\n\r\nbody\r\n.\r\n";
        let received = received(&mut session, "retr 1", reply);
        assert_eq!(received.octets, 20);
        assert_eq!((received.listed, received.announced), (LineEnds(4), Equal));
    }
}
