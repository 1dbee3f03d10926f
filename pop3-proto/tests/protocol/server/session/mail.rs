//! How messages are rendered, and which messages are removed.

use pop3_proto::server::{Maildrop, Server};
use pop3_testkit::naive::stuffed;

use super::{LOGIN, answers, answers_after_login, config, send, two_messages};

#[test]
fn leading_dots_are_stuffed_and_final_crlf_added() {
    for (message, size, body) in [
        ("", 0, "."),
        ("\r\n", 2, "\r\n."),
        (".", 3, "..\r\n."),
        (".\r\n", 3, "..\r\n."),
        ("a\r\n.\r\nb", 9, "a\r\n..\r\nb\r\n."),
        ("..a\r\n...\r\n", 10, "...a\r\n....\r\n."),
        ("a.b\r\n c.\r\n", 10, "a.b\r\n c.\r\n."),
        ("a\r.b", 6, "a\r.b\r\n."),
        ("a\n.b\n", 7, "a\n.b\n\r\n."),
        ("a\n.\r\nb\r\n", 8, "a\n.\r\nb\r\n."),
        ("a\r", 4, "a\r\r\n."),
    ] {
        let maildrop: Maildrop = [("uid", message)].into_iter().collect();
        assert_eq!(maildrop.octets(), size, "{message:?}");
        assert_eq!(maildrop.get(b"uid").unwrap().octets(), message);
        let replies = answers_after_login(maildrop, "LIST 1\r\nRETR 1\r\n");
        assert_eq!(
            replies,
            format!("+OK 1 {size}\r\n+OK {size} octets\r\n{body}\r\n"),
            "{message:?}"
        );
    }
}

#[test]
fn dot_stuffing_works_across_block_boundaries() {
    for pattern in [
        ".\r\n",
        "a\r\n.b\r\n",
        "..\r\n\r\n",
        "x",
        ".",
        "\n",
        "\r\n.\r\n.abc",
        "\n.\r\n.\r.\n",
        "\r",
    ] {
        for offset in 0..12 {
            let message = "-".repeat(65_536 - 40 + offset) + &pattern.repeat(40_000);
            let expected = stuffed(message.as_bytes());
            let maildrop: Maildrop = [("uid", message)].into_iter().collect();
            let mut server = Server::new(config(), maildrop);
            answers(&mut server, LOGIN);
            server.receive(b"RETR 1\r\n");
            let sent = send(&mut server);
            let status = sent.iter().position(|octet| *octet == b'\n').unwrap() + 1;
            assert!(sent[status..] == expected, "{pattern:?} at {offset}");
        }
    }
}

#[test]
fn top_returns_header_and_requested_lines() {
    let message = "A: 1\r\nB: 2\r\n\r\n.one\r\n\r\nthree";
    let header = "A: 1\r\nB: 2\r\n\r\n";
    for (message, lines, expected) in [
        (message, "0", header.into()),
        (message, "1", format!("{header}..one\r\n")),
        (message, "2", format!("{header}..one\r\n\r\n")),
        (message, "3", format!("{header}..one\r\n\r\nthree\r\n")),
        (message, "4", format!("{header}..one\r\n\r\nthree\r\n")),
        (
            message,
            "99999999999999999999999",
            format!("{header}..one\r\n\r\nthree\r\n"),
        ),
        ("\r\nbody\r\nmore\r\n", "0", "\r\n".into()),
        ("\r\nbody\r\nmore\r\n", "1", "\r\nbody\r\n".into()),
        ("A: only header\r\n", "0", "A: only header\r\n".into()),
        ("A: 1\n\nbare\nLF\n", "1", "A: 1\n\nbare\n\r\n".into()),
        ("", "5", String::new()),
    ] {
        let maildrop = [("uid", message)].into_iter().collect();
        let replies = answers_after_login(maildrop, &format!("TOP 1 {lines}\r\n"));
        assert_eq!(
            replies,
            format!("+OK\r\n{expected}.\r\n"),
            "{message:?} {lines}"
        );
    }
}

#[test]
fn deleted_message_is_hidden_until_rset() {
    let mut server = Server::new(config(), two_messages());
    answers(&mut server, LOGIN);
    assert_eq!(
        answers(&mut server, b"DELE 1\r\nSTAT\r\n"),
        "+OK message 1 deleted\r\n+OK 1 20\r\n"
    );
    assert_eq!(answers(&mut server, b"UIDL\r\n"), "+OK\r\n2 uid-b\r\n.\r\n");
    for command in ["LIST 1", "UIDL 1", "RETR 1", "TOP 1 0", "DELE 1"] {
        assert_eq!(
            answers(&mut server, format!("{command}\r\n").as_bytes()),
            "-ERR message is deleted\r\n"
        );
    }
    assert_eq!(
        answers(&mut server, b"DELE 2\r\nLIST\r\n"),
        "+OK message 2 deleted\r\n+OK 0 messages (0 octets)\r\n.\r\n"
    );
    assert_eq!(
        answers(&mut server, b"RSET\r\nSTAT\r\n"),
        "+OK 2 messages (49 octets)\r\n+OK 2 49\r\n"
    );
    answers(&mut server, b"QUIT\r\n");
    assert!(server.expunged().is_empty());
    assert_eq!(server.maildrop().len(), 2);
}

#[test]
fn quit_removes_deleted_messages_and_eof_does_not() {
    let mut shared = two_messages();
    let mut lost = Server::new(config(), shared.clone());
    answers(&mut lost, LOGIN);
    answers(&mut lost, b"DELE 1\r\nQUI");
    lost.handle_eof();
    assert!(lost.is_closed() && !lost.wants_write() && !lost.wants_read());
    assert!(lost.expunged().is_empty());
    assert_eq!(lost.maildrop().len(), 2);

    let mut quits = Server::new(config(), shared.clone());
    answers(&mut quits, LOGIN);
    assert!(quits.expunged().is_empty());
    assert!(answers(&mut quits, b"DELE 1\r\nQUIT\r\nNOOP\r\n").ends_with("+OK bye\r\n"));
    assert_eq!(quits.expunged(), ["uid-a"]);
    quits.handle_eof();
    assert_eq!(
        quits.expunged(),
        ["uid-a"],
        "the messages that QUIT removed"
    );
    assert_eq!((quits.maildrop().len(), quits.maildrop().octets()), (1, 20));

    assert_eq!(shared.len(), 2, "a session works on a snapshot");
    for unique_id in quits.expunged() {
        assert!(shared.remove(unique_id).is_some());
    }
    assert_eq!((shared.len(), shared.octets()), (1, 20));
    assert!(shared.get(b"uid-a").is_none() && shared.remove(b"uid-a").is_none());
    assert_eq!(shared.messages().next().unwrap().unique_id(), "uid-b");
}

#[test]
fn quit_before_login_removes_nothing() {
    let mut server = Server::new(config(), two_messages());
    assert_eq!(answers(&mut server, b"QUIT\r\n"), "+OK bye\r\n");
    assert!(server.is_closed() && server.expunged().is_empty());
}

#[test]
fn messages_sharing_a_unique_id_are_separate() {
    let maildrop: Maildrop = [("same", "a\r\n"), ("same", "bc\r\n")]
        .into_iter()
        .collect();
    let mut server = Server::new(config(), maildrop.clone());
    answers(&mut server, LOGIN);
    assert_eq!(
        answers(&mut server, b"UIDL\r\nDELE 2\r\nQUIT\r\n")
            .lines()
            .nth(2),
        Some("2 same")
    );
    assert_eq!(server.expunged(), ["same"]);
    assert_eq!(server.maildrop().octets(), 3);
}
