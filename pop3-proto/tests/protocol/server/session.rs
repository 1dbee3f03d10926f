//! The server side through its public API: octets in, octets out.

use bytes::Bytes;
use pop3_proto::server::{Maildrop, Server, ServerConfig};
use pop3_testkit::naive::stuffed;
use pop3_testkit::wire;

const LOGIN: &[u8] = b"USER alice\r\nPASS secret\r\n";

fn config() -> ServerConfig {
    ServerConfig::new("alice", "secret").greeting("ready")
}

/// Two messages: one with dots, one plain.
fn two_messages() -> Maildrop {
    [
        ("uid-a", "Subject: a\r\n\r\n.one\r\n..\r\ntwo\r\n"),
        ("uid-b", "Subject: b\r\n\r\nbody\r\n"),
    ]
    .into_iter()
    .collect()
}

fn send(server: &mut Server) -> Vec<u8> {
    wire::say(server, usize::MAX)
}

/// What the server says to these octets, after its greeting.
fn answers(server: &mut Server, octets: &[u8]) -> String {
    send(server);
    server.receive(octets);
    String::from_utf8_lossy(&send(server)).into_owned()
}

/// What a session that is logged in says to these octets.
fn answers_after_login(maildrop: Maildrop, octets: &str) -> String {
    let mut server = Server::new(config(), maildrop);
    answers(&mut server, LOGIN);
    answers(&mut server, octets.as_bytes())
}

const SESSION: &[u8] =
    b"CAPA\r\nUSER alice\r\nPASS secret\r\nSTAT\r\nLIST\r\nLIST 2\r\nUIDL\r\nUIDL 2\r\nRETR 1\r\n\
    TOP 2 0\r\nDELE 1\r\nLIST\r\nSTAT\r\nRSET\r\nNOOP\r\nDELE 2\r\nQUIT\r\n";

const SESSION_ANSWERS: &str = "+OK ready\r\n\
    +OK\r\nUSER\r\nTOP\r\nUIDL\r\nRESP-CODES\r\nAUTH-RESP-CODE\r\nPIPELINING\r\nIMPLEMENTATION pop3-proto\r\n.\r\n\
    +OK\r\n\
    +OK 2 messages (49 octets)\r\n\
    +OK 2 49\r\n\
    +OK 2 messages (49 octets)\r\n1 29\r\n2 20\r\n.\r\n\
    +OK 2 20\r\n\
    +OK\r\n1 uid-a\r\n2 uid-b\r\n.\r\n\
    +OK 2 uid-b\r\n\
    +OK 29 octets\r\nSubject: a\r\n\r\n..one\r\n...\r\ntwo\r\n.\r\n\
    +OK\r\nSubject: b\r\n\r\n.\r\n\
    +OK message 1 deleted\r\n\
    +OK 1 messages (20 octets)\r\n2 20\r\n.\r\n\
    +OK 1 20\r\n\
    +OK 2 messages (49 octets)\r\n\
    +OK\r\n\
    +OK message 2 deleted\r\n\
    +OK bye\r\n";

#[test]
fn a_whole_session_is_answered_octet_by_octet_as_expected() {
    let mut server = Server::new(config(), two_messages());
    server.receive(SESSION);
    assert!(!server.is_closed(), "the answer to QUIT is not sent yet");
    assert_eq!(
        String::from_utf8(send(&mut server)).unwrap(),
        SESSION_ANSWERS
    );
    assert!(server.is_closed() && !server.wants_read() && !server.wants_tls());
    assert_eq!(server.expunged(), ["uid-b"]);
    assert_eq!(server.maildrop().len(), 1);
}

#[test]
fn a_session_cut_anywhere_gives_the_same_octets() {
    for cut in 0..=SESSION.len() {
        for step in [1, 7, usize::MAX] {
            let mut server = Server::new(config(), two_messages());
            let mut sent = Vec::new();
            for part in [&SESSION[..cut], &SESSION[cut..]] {
                server.receive(part);
                sent.extend(wire::say(&mut server, step));
            }
            assert_eq!(
                String::from_utf8(sent).unwrap(),
                SESSION_ANSWERS,
                "cut at {cut}, sent by {step}"
            );
        }
    }
}

#[test]
fn a_session_octet_by_octet_gives_the_same_octets_whether_they_are_sent_at_once_or_at_the_end() {
    let mut at_once = Server::new(config(), two_messages());
    let mut at_the_end = Server::new(config(), two_messages());
    let mut sent = Vec::new();
    for octet in SESSION {
        at_once.receive(&[*octet]);
        at_the_end.receive(&[*octet]);
        sent.extend(send(&mut at_once));
    }
    assert_eq!(String::from_utf8(sent).unwrap(), SESSION_ANSWERS);
    assert_eq!(
        String::from_utf8(send(&mut at_the_end)).unwrap(),
        SESSION_ANSWERS
    );
}

#[test]
fn pending_octets_stay_in_place_when_more_commands_arrive() {
    let mut server = Server::new(config(), two_messages());
    server.receive(LOGIN);
    server.transmitted(4);
    let before = server.transmit().to_vec();
    server.receive(b"NOOP\r\n");
    assert!(server.transmit().starts_with(&before));
    server.transmitted(usize::MAX);
    assert!(!server.wants_write());
}

#[test]
fn keywords_are_read_in_any_case_and_a_bare_lf_ends_a_line() {
    let said = answers_after_login(two_messages(), "stat\nDeLe 1\r\nsTAT\n");
    assert_eq!(said, "+OK 2 49\r\n+OK message 1 deleted\r\n+OK 1 20\r\n");
}

#[test]
fn malformed_commands_are_refused_and_the_session_goes_on() {
    let lines = "\r\n \r\nFOO\r\nAUTH PLAIN\r\nSTAT \r\nSTAT 1\r\n STAT\r\nSTAT\tx\r\nLIST \r\nLIST  1\r\nLIST 1 \r\nLIST +1\r\n\
        LIST -1\r\nLIST x\r\nRETR\r\nRETR \r\nDELE\r\nTOP\r\nTOP 1\r\nTOP 1 \r\nTOP 1 x\r\nTOP x 1\r\nTOP 1 2 3\r\n\
        UIDL 1,2\r\nNOOP x\r\nRSET x\r\nQUIT now\r\nCAPA x\r\nSTLS x\r\nUSER\r\nUSER \r\nPASS\r\nAPOP\r\nAPOP x\r\n";
    let said = answers_after_login(two_messages(), lines);
    assert_eq!(said.lines().count(), lines.matches('\n').count());
    for (line, answer) in lines.lines().zip(said.lines()) {
        assert!(answer.starts_with("-ERR "), "{line:?}: {answer}");
    }
}

#[test]
fn a_message_that_is_not_there_is_refused() {
    for number in [
        "0",
        "00",
        "3",
        "4294967297",
        "18446744073709551616",
        "99999999999999999999999999999999999",
    ] {
        for command in ["LIST #", "UIDL #", "RETR #", "DELE #", "TOP # 0"] {
            let line = command.replace('#', number) + "\r\n";
            assert_eq!(
                answers_after_login(two_messages(), &line),
                "-ERR no such message\r\n",
                "{line:?}"
            );
        }
    }
}

#[test]
fn commands_of_another_state_are_refused() {
    let mut server = Server::new(config().stls(true), two_messages());
    for command in [
        "STAT", "LIST", "UIDL", "RETR 1", "TOP 1 0", "DELE 1", "NOOP", "RSET",
    ] {
        assert_eq!(
            answers(&mut server, format!("{command}\r\n").as_bytes()),
            "-ERR log in first\r\n"
        );
    }
    answers(&mut server, LOGIN);
    for command in ["USER alice", "PASS secret", "APOP alice 0", "STLS"] {
        assert_eq!(
            answers(&mut server, format!("{command}\r\n").as_bytes()),
            "-ERR already logged in\r\n"
        );
    }
}

#[test]
fn wrong_credentials_get_the_auth_code_and_the_client_may_try_again() {
    let mut server = Server::new(config(), two_messages());
    let said = answers(
        &mut server,
        b"USER bob\r\nPASS secret\r\nUSER alice\r\nPASS Secret\r\nUSER alice\r\nPASS secret\r\n",
    );
    let refused = "+OK\r\n-ERR [AUTH] invalid credentials\r\n";
    assert_eq!(
        said,
        format!("{refused}{refused}+OK\r\n+OK 2 messages (49 octets)\r\n")
    );
}

#[test]
fn pass_counts_only_right_behind_user() {
    let mut server = Server::new(config(), two_messages());
    for between in ["CAPA", "FOO", "PASS wrong", "APOP alice 0"] {
        let said = answers(
            &mut server,
            format!("USER alice\r\n{between}\r\nPASS secret\r\n").as_bytes(),
        );
        assert!(said.ends_with("-ERR USER first\r\n"), "{between}: {said}");
    }
    let long_line = [b"USER alice\r\n", &[b'x'; 300][..], b"\r\nPASS secret\r\n"].concat();
    assert!(
        answers(&mut server, &long_line).ends_with("-ERR line too long\r\n-ERR USER first\r\n")
    );
}

#[test]
fn spaces_belong_to_the_password() {
    for (secret, logged_in) in [(" a b ", true), ("a b", false), (" a b", false)] {
        let mut server = Server::new(ServerConfig::new("alice", " a b "), Maildrop::new());
        let said = answers(
            &mut server,
            format!("USER alice\r\nPASS {secret}\r\n").as_bytes(),
        );
        assert_eq!(
            said.ends_with("+OK 0 messages (0 octets)\r\n"),
            logged_in,
            "{said}"
        );
    }
}

/// The example of RFC 1939 section 7.
#[test]
fn apop_is_accepted_when_a_challenge_is_set() {
    let challenge = "<1896.697170952@dbc.mtview.ca.us>";
    let config = ServerConfig::new("mrose", "tanstaaf")
        .apop_challenge(challenge)
        .allow_plaintext_login(false);
    let mut server = Server::new(config, two_messages());
    assert_eq!(
        send(&mut server),
        b"+OK POP3 server ready <1896.697170952@dbc.mtview.ca.us>\r\n"
    );
    let refused = answers(
        &mut server,
        b"APOP mrose c4c9334bac560ecc979e58001b3e22fa\r\n",
    );
    assert_eq!(refused, "-ERR [AUTH] invalid credentials\r\n");
    let accepted = answers(
        &mut server,
        b"APOP mrose c4c9334bac560ecc979e58001b3e22fb\r\n",
    );
    assert_eq!(accepted, "+OK 2 messages (49 octets)\r\n");

    let mut without = Server::new(ServerConfig::new("mrose", "tanstaaf"), two_messages());
    assert!(
        answers(
            &mut without,
            b"APOP mrose c4c9334bac560ecc979e58001b3e22fb\r\n"
        )
        .starts_with("-ERR ")
    );
}

#[test]
fn capa_lists_what_is_offered_and_can_be_unknown() {
    let tags = |mut server: Server| answers(&mut server, b"CAPA\r\n");
    let listed = tags(Server::new(
        config().stls(true).pipelining(false).implementation("x y"),
        Maildrop::new(),
    ));
    assert_eq!(
        listed,
        "+OK\r\nUSER\r\nTOP\r\nUIDL\r\nRESP-CODES\r\nAUTH-RESP-CODE\r\nSTLS\r\nIMPLEMENTATION x y\r\n.\r\n"
    );
    assert!(!tags(Server::implicit_tls(config().stls(true), Maildrop::new())).contains("STLS"));
    assert!(
        !tags(Server::new(
            config().allow_plaintext_login(false),
            Maildrop::new()
        ))
        .contains("USER")
    );
    assert!(
        tags(Server::implicit_tls(
            config().allow_plaintext_login(false),
            Maildrop::new()
        ))
        .contains("USER")
    );
    assert_eq!(
        tags(Server::new(config().capa(false), Maildrop::new())),
        "-ERR unknown command\r\n"
    );
}

#[test]
fn passwords_in_clear_are_refused_where_they_are_not_allowed() {
    let config = config().allow_plaintext_login(false);
    let mut clear = Server::new(config.clone(), two_messages());
    assert_eq!(
        answers(&mut clear, LOGIN),
        "-ERR passwords only under TLS\r\n".repeat(2)
    );
    let mut tls = Server::implicit_tls(config, two_messages());
    assert!(answers(&mut tls, LOGIN).ends_with("+OK 2 messages (49 octets)\r\n"));
}

#[test]
fn the_stls_hand_off_discards_what_was_injected_in_clear_and_forgets_the_user() {
    let clear =
        b"USER alice\r\nSTLS\r\nPASS secret\r\nUSER alice\r\nPASS secret\r\nDELE 1\r\nQUIT\r\nST";
    for cut in 0..=clear.len() {
        let mut server = Server::new(config().stls(true), two_messages());
        let mut sent = Vec::new();
        for part in [&clear[..cut], &clear[cut..]] {
            server.receive(part);
            sent.extend(wire::say(&mut server, 5));
        }
        assert_eq!(
            sent, b"+OK ready\r\n+OK\r\n+OK begin TLS negotiation\r\n",
            "cut at {cut}"
        );
        assert!(server.wants_tls() && !server.wants_read() && !server.is_closed());
        server.receive(b"NOOP\r\n");
        server.tls_established();
        assert!(
            !server.wants_tls() && server.wants_read() && !server.wants_write(),
            "no new greeting"
        );
        assert_eq!(
            answers(&mut server, b"PASS secret\r\nSTAT\r\n"),
            "-ERR USER first\r\n-ERR log in first\r\n"
        );
        assert!(!answers(&mut server, b"CAPA\r\n").contains("STLS"));
        assert_eq!(
            answers(&mut server, b"STLS\r\n"),
            "-ERR command not permitted when TLS active\r\n"
        );
        assert!(answers(&mut server, LOGIN).ends_with("+OK 2 messages (49 octets)\r\n"));
    }
}

#[test]
fn tls_is_wanted_only_when_the_whole_answer_to_stls_has_left() {
    let mut server = Server::new(config().stls(true), two_messages());
    server.receive(b"STLS\r\n");
    while server.wants_write() {
        assert!(!server.wants_tls() && !server.wants_read());
        server.tls_established();
        server.transmitted(1);
    }
    assert!(
        server.wants_tls(),
        "the premature tls_established had no effect"
    );
    server.handle_eof();
    assert!(server.is_closed() && !server.wants_tls());
}

#[test]
fn stls_that_is_not_offered_is_refused() {
    let mut clear = Server::new(config(), two_messages());
    assert_eq!(
        answers(&mut clear, b"STLS\r\n"),
        "-ERR STLS is not offered\r\n"
    );
    let mut tls = Server::implicit_tls(config().stls(true), two_messages());
    assert_eq!(
        answers(&mut tls, b"STLS\r\n"),
        "-ERR command not permitted when TLS active\r\n"
    );
    assert!(!clear.wants_tls() && !tls.wants_tls());
}

#[test]
fn leading_dots_are_stuffed_and_a_missing_final_crlf_is_added() {
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
        let said = answers_after_login(maildrop, "LIST 1\r\nRETR 1\r\n");
        assert_eq!(
            said,
            format!("+OK 1 {size}\r\n+OK {size} octets\r\n{body}\r\n"),
            "{message:?}"
        );
    }
}

#[test]
fn stuffing_is_right_wherever_a_block_ends() {
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
fn top_gives_the_header_the_empty_line_and_so_many_lines() {
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
        let said = answers_after_login(maildrop, &format!("TOP 1 {lines}\r\n"));
        assert_eq!(
            said,
            format!("+OK\r\n{expected}.\r\n"),
            "{message:?} {lines}"
        );
    }
}

#[test]
fn a_deleted_message_is_gone_from_every_answer_until_rset() {
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
        "what QUIT removed stays removed"
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
fn messages_that_share_a_unique_id_are_each_listed_and_removed() {
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

#[test]
fn a_line_over_the_limit_is_refused_where_it_ends_and_the_next_one_is_read() {
    let line = |octets: usize| [b"USER ", &vec![b'x'; octets - 7][..], b"\r\n"].concat();
    for (limit, config) in [(255, config()), (1000, config().max_command_octets(1000))] {
        for (length, answer) in [
            (limit, "+OK\r\n"),
            (limit + 1, "-ERR line too long\r\n"),
            (200_000, "-ERR line too long\r\n"),
        ] {
            for step in [1, 100, usize::MAX] {
                let mut server = Server::new(config.clone(), Maildrop::new());
                send(&mut server);
                let octets = [&line(length)[..], b"STAT\r\n"].concat();
                for part in octets.chunks(step) {
                    assert!(server.wants_read());
                    server.receive(part);
                }
                let said = String::from_utf8(send(&mut server)).unwrap();
                assert_eq!(
                    said,
                    format!("{answer}-ERR log in first\r\n"),
                    "{length} octets by {step}"
                );
            }
        }
    }
}

#[test]
fn ten_thousand_pipelined_retrievals_are_answered_in_bounded_memory() {
    let message = Bytes::from(".A line that begins with a dot\r\n".repeat(64));
    let body = stuffed(&message);
    let maildrop: Maildrop = (0..10_000)
        .map(|n| (format!("uid-{n}"), message.clone()))
        .collect();
    let mut server = Server::new(config(), maildrop);
    answers(&mut server, LOGIN);

    let commands: Vec<u8> = (1..=10_000)
        .flat_map(|n| format!("RETR {n}\r\n").into_bytes())
        .collect();
    let expected = [
        format!("+OK {} octets\r\n", message.len()).as_bytes(),
        &body,
    ]
    .concat();
    let mut unread = commands.chunks(1000);
    let (mut sent, mut refused_to_read) = (0, false);
    let mut tail = Vec::new();
    loop {
        while server.wants_read() {
            let Some(commands) = unread.next() else { break };
            server.receive(commands);
        }
        refused_to_read |= !server.wants_read();
        if !server.wants_write() {
            break;
        }
        let octets = server.transmit();
        assert!(octets.len() <= 65 * 1024, "{} octets at once", octets.len());
        let n = octets.len();
        tail.extend_from_slice(octets);
        server.transmitted(n);
        while tail.len() >= expected.len() {
            assert!(tail.starts_with(&expected), "answer {sent}");
            tail.drain(..expected.len());
            sent += 1;
        }
    }
    assert!(refused_to_read, "a client that does not read has to wait");
    assert_eq!((sent, tail.len(), unread.len()), (10_000, 0, 0));
}

#[test]
fn octets_that_were_not_wanted_are_taken_all_the_same() {
    let mut server = Server::new(config(), [("uid", "x".repeat(3000))].into_iter().collect());
    server.receive(LOGIN);
    server.receive(&b"RETR 1\r\n".repeat(20_000));
    assert!(!server.wants_read());
    server.receive(b"QUIT\r\n");
    let mut octets = 0;
    while server.wants_write() {
        let n = server.transmit().len();
        octets += n;
        server.transmitted(n);
    }
    assert!(server.is_closed());
    let answer = "+OK 3002 octets\r\n".len() + 3002 + 3;
    assert_eq!(
        octets,
        "+OK ready\r\n+OK\r\n+OK 1 messages (3002 octets)\r\n+OK bye\r\n".len() + 20_000 * answer
    );
}

#[test]
fn a_large_message_and_a_long_listing_are_rendered_a_block_at_a_time() {
    let mut maildrop: Maildrop = (1..100_000).map(|_| ("same", "")).collect();
    maildrop.push("large", vec![b'x'; 32 << 20]);
    let mut server = Server::new(config(), maildrop);
    answers(&mut server, LOGIN);
    for command in [
        "LIST\r\n",
        "UIDL\r\n",
        "RETR 100000\r\n",
        "TOP 100000 1\r\n",
    ] {
        server.receive(command.as_bytes());
        let (mut blocks, mut last) = (0, Vec::new());
        while server.wants_write() {
            last = server.transmit().to_vec();
            assert!(
                last.len() <= 65 * 1024,
                "{command}: {} octets at once",
                last.len()
            );
            server.transmitted(last.len());
            blocks += 1;
        }
        assert!(blocks > 10 && last.ends_with(b"\r\n.\r\n"), "{command}");
    }
}

#[test]
fn the_log_is_kept_on_request_and_shows_no_secret() {
    let lines = b"USER alice\r\nPASS secret\r\n pass secret\r\npassword secret\r\nAPOP alice 0123abcd\r\nAUTH PLAIN c2VjcmV0\r\n\
        stat\r\nAUTH\r\nFOO \xff bar\r\n";
    let mut silent = Server::new(config(), two_messages());
    answers(&mut silent, lines);
    assert!(silent.log().is_empty());

    let mut server = Server::new(config().keep_log(true), two_messages());
    answers(&mut server, lines);
    answers(
        &mut server,
        &[&[b'x'; 300][..], b"\r\nQUIT\r\nNOOP\r\n"].concat(),
    );
    let expected = [
        "USER alice",
        "PASS <redacted>",
        "PASS <redacted>",
        "PASS <redacted>",
        "APOP alice <redacted>",
        "AUTH PLAIN <redacted>",
        "stat",
        "AUTH",
        "FOO \u{fffd} bar",
        "<line too long>",
        "QUIT",
    ];
    assert_eq!(server.log(), expected);
}

#[test]
fn debug_output_shows_neither_secrets_nor_mail() {
    let mut server = Server::new(
        config().keep_log(true),
        [("uid", "confidential\r\n")].into_iter().collect(),
    );
    server.receive(b"USER alice\r\nPASS secret\r\nRETR 1\r\nPASS secr");
    let shown = format!(
        "{:?} {:?} {:?}",
        server,
        config(),
        server.maildrop().get(b"uid")
    );
    assert!(
        !shown.contains("secr\"") && !shown.contains("\"secret") && !shown.contains("confidential"),
        "{shown}"
    );
}

#[test]
fn no_octets_make_the_server_panic() {
    // A linear congruential generator: the same octets in every run.
    let mut state = 1_u64;
    let mut next = move |bound: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % bound
    };
    let words: [&[u8]; 24] = [
        b"USER alice\r\n",
        b"PASS secret\r\n",
        b"STAT",
        b"LIST",
        b"UIDL",
        b"RETR",
        b"TOP",
        b"DELE",
        b"RSET\r\n",
        b"CAPA\r\n",
        b"STLS\r\n",
        b"APOP",
        b" ",
        b" 1",
        b" 2",
        b" 18446744073709551615",
        b"\r\n",
        b"\r\n",
        b"\r\n",
        b"\n",
        b"\r",
        b"\0",
        b"\xff",
        b"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
    ];
    for _ in 0..500 {
        let config = config()
            .stls(true)
            .apop_challenge("<1@x>")
            .keep_log(true)
            .max_command_octets(next(60));
        let mut server = Server::new(config, two_messages());
        for _ in 0..200 {
            server.receive(words[next(words.len())]);
            server.transmitted(next(200));
            if server.wants_tls() {
                server.tls_established();
            }
        }
        send(&mut server);
    }
}
