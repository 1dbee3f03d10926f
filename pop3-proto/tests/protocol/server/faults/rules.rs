//! When a rule applies, and rules that are rejected.

use std::time::Duration;

use pop3_proto::command::Verb;
use pop3_proto::server::{End, FaultError, On, Server};

use super::{LOGIN, config, logged_in, mail, says};

/// Returns which of five visits are refused.
fn refused(on: On) -> Vec<usize> {
    let mut server = logged_in([on.refuse("no")]);
    let replies: Vec<_> = (0..5).map(|_| says(&mut server, "NOOP\r\n")).collect();
    (1..)
        .zip(replies)
        .filter(|(_, reply)| reply == "-ERR no\r\n")
        .map(|(n, _)| n)
        .collect()
}

#[test]
fn faults_happen_at_the_selected_visits() {
    let on = || On::command(Verb::Noop);
    assert_eq!(refused(on()), [1, 2, 3, 4, 5]);
    assert_eq!(refused(on().nth(3)), [3]);
    assert_eq!(refused(on().first(2)), [1, 2]);
    assert_eq!(refused(on().session(1)), [1, 2, 3, 4, 5]);
    assert!(refused(on().session(2)).is_empty());
    assert!(refused(On::command(Verb::Stat)).is_empty());
}

#[test]
fn visits_are_counted_over_cloned_configurations() {
    let fault = On::command(Verb::Noop).first(3).refuse("no").unwrap();
    let config = config().fault(fault.clone());
    let mut refused = 0;
    for _ in 0..5 {
        let mut server = Server::new(config.clone(), mail());
        says(&mut server, LOGIN);
        refused += says(&mut server, "NOOP\r\nNOOP\r\n")
            .matches("-ERR")
            .count();
    }
    assert_eq!((refused, fault.hits()), (3, 3));
}

#[test]
fn session_selects_one_session() {
    let config = config().fault(On::octet(3).session(2).disconnect(End::Close).unwrap());
    let greetings = [(); 3].map(|()| says(&mut Server::new(config.clone(), mail()), ""));
    assert_eq!(greetings, ["+OK ready\r\n", "+OK", "+OK ready\r\n"]);
}

#[test]
fn pieces_of_input_do_not_change_faults() {
    let session = format!("{LOGIN}NOOP\r\nRETR 1\r\nNOOP\r\nDELE 1\r\nQUIT\r\n");
    let run = |size: usize| {
        let config = [
            On::command(Verb::Noop).nth(2).refuse("no"),
            On::command(Verb::Retr).segments(3, Duration::from_secs(1)),
            On::command(Verb::Dele).delay(Duration::from_secs(1)),
            On::octet(70).delay(Duration::from_secs(1)),
        ]
        .into_iter()
        .fold(config(), |config, fault| config.fault(fault.unwrap()));
        let mut server = Server::new(config, mail());
        let pieces = session.as_bytes().chunks(size);
        let sent: Vec<u8> = pieces.flat_map(|piece| server.exchange(piece)).collect();
        (sent, server.expunged().to_vec())
    };
    let expected = run(usize::MAX);
    assert_eq!(expected.1, ["uid-1"]);
    for size in 1..20 {
        assert_eq!(run(size), expected);
    }
}

#[test]
fn rules_without_effect_are_rejected() {
    let stat = || On::command(Verb::Stat);
    let retr = || On::command(Verb::Retr);
    let error = |result: Result<_, FaultError>| result.err().unwrap();
    for on in [stat(), On::greeting(), On::login(), On::octet(1)] {
        let rejected = error(on.clone().message(1).disconnect(End::Close));
        assert_eq!(rejected, FaultError::NoMessage);
        let rejected = error(on.unique_id("uid-1").disconnect(End::Close));
        assert_eq!(rejected, FaultError::NoMessage);
    }
    for (on, name) in [
        (retr().message(0), "message"),
        (retr().session(0), "session"),
        (retr().nth(0), "nth"),
        (retr().first(0), "first"),
    ] {
        assert_eq!(error(on.refuse("no")), FaultError::CountOfZero(name));
    }
    for text in ["a\r", "a\nb"] {
        assert_eq!(error(stat().refuse(text)), FaultError::LineEnd(text.into()));
    }
    let long = "x".repeat(506);
    assert_eq!(error(stat().refuse(&long)), FaultError::TooLong(506));
    assert!(stat().refuse(&long[1..]).is_ok());
}

#[test]
fn actions_at_impossible_places_are_rejected() {
    let octet = || On::octet(3);
    let quit = || On::command(Verb::Quit);
    for (rejected, name) in [
        (octet().refuse("no"), "refuse"),
        (octet().cut(0, End::Close), "cut"),
        (octet().replace("x"), "replace"),
        (octet().insert(1, "x"), "insert"),
        (octet().append("x"), "append"),
        (octet().bare_lf(), "bare_lf"),
        (octet().status("+OK"), "status"),
        (octet().pause(1, Duration::ZERO), "pause"),
        (octet().segments(1, Duration::ZERO), "segments"),
        (octet().deliver("id", "mail"), "deliver"),
        (On::login().deliver("id", "mail"), "deliver"),
        (On::greeting().deliver("id", "mail"), "deliver"),
        (On::greeting().remove_only(1), "remove_only"),
        (quit().unstuffed(), "unstuffed"),
        (quit().unterminated(), "unterminated"),
        (
            On::command(Verb::List).message(1).unterminated(),
            "unterminated",
        ),
        (On::command(Verb::Stat).unterminated(), "unterminated"),
    ] {
        match rejected {
            Err(FaultError::NotHere { action, .. }) => assert_eq!(action, name),
            other => panic!("{name}: {other:?}"),
        }
    }
    let empty = On::any_command().segments(0, Duration::ZERO);
    assert_eq!(empty.err(), Some(FaultError::EmptySegments));
}

#[test]
fn debug_shows_no_message() {
    let fault = On::command(Verb::Stat).deliver("uid-3", "private").unwrap();
    let config = config().fault(fault);
    assert!(!format!("{config:?}").contains("private"));
}
