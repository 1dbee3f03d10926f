//! Bounded memory, the contents of the log, and arbitrary input.

use bytes::Bytes;
use pop3_proto::server::{Maildrop, Server};
use pop3_testkit::naive::stuffed;

use super::{LOGIN, answers, config, send, two_messages};

#[test]
fn line_over_the_limit_is_refused() {
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
                let replies = String::from_utf8(send(&mut server)).unwrap();
                assert_eq!(
                    replies,
                    format!("{answer}-ERR log in first\r\n"),
                    "{length} octets in pieces of {step}"
                );
            }
        }
    }
}

#[test]
fn pipelined_retrievals_need_bounded_memory() {
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
    let (mut sent, mut stopped_reading) = (0, false);
    let mut tail = Vec::new();
    loop {
        while server.wants_read() {
            let Some(commands) = unread.next() else { break };
            server.receive(commands);
        }
        stopped_reading |= !server.wants_read();
        if !server.wants_write() {
            break;
        }
        let octets = server.transmit();
        assert!(
            octets.len() <= 65 * 1024,
            "{} octets in one block",
            octets.len()
        );
        let n = octets.len();
        tail.extend_from_slice(octets);
        server.transmitted(n);
        while tail.len() >= expected.len() {
            assert!(tail.starts_with(&expected), "answer {sent}");
            tail.drain(..expected.len());
            sent += 1;
        }
    }
    assert!(stopped_reading, "the server must stop reading");
    assert_eq!((sent, tail.len(), unread.len()), (10_000, 0, 0));
}

#[test]
fn input_is_accepted_without_wants_read() {
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
fn large_replies_are_rendered_in_blocks() {
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
                "{command}: {} octets in one block",
                last.len()
            );
            server.transmitted(last.len());
            blocks += 1;
        }
        assert!(blocks > 10 && last.ends_with(b"\r\n.\r\n"), "{command}");
    }
}

#[test]
fn log_is_optional_and_redacts_secrets() {
    let lines = b"USER alice\r\nPASS secret\r\n pass secret\r\npassword secret\r\nAPOP alice 0123abcd\r\nAUTH PLAIN c2VjcmV0\r\n\
        stat\r\nAUTH\r\nFOO \xff bar\r\n";
    let mut without_log = Server::new(config(), two_messages());
    answers(&mut without_log, lines);
    assert!(without_log.log().is_empty());

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
fn debug_output_hides_secrets_and_mail() {
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
fn random_input_never_panics() {
    // A linear congruential generator produces the same octets in every run.
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
