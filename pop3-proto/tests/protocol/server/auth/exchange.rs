//! The rules of an exchange (RFC 5034 section 4), independent of the mechanism.

use pop3_proto::server::{Maildrop, Server, ServerConfig};

use super::{LOGGED_IN, REFUSED, answer, config, converse, encoded, is_logged_in, sent, server};

const PLAIN: &str = "AHVzZXIAcGVuY2ls";

#[test]
fn auth_is_refused_by_default() {
    let mut server = server(ServerConfig::new("user", "pencil"));
    converse(
        &mut server,
        &[(
            &format!("AUTH PLAIN {PLAIN}"),
            "-ERR mechanism is not offered",
        )],
    );
    assert!(!is_logged_in(&mut server));
}

#[test]
fn mechanism_names_are_case_insensitive() {
    for name in ["PLAIN", "plain", "pLaIn"] {
        for offered in ["PLAIN", "plain"] {
            let mut server = server(config([offered]));
            converse(&mut server, &[(&format!("auth {name} {PLAIN}"), LOGGED_IN)]);
            assert!(is_logged_in(&mut server));
        }
    }
}

#[test]
fn unknown_or_unoffered_mechanism_is_refused() {
    let mut server = server(config(["PLAIN", "GSSAPI"]));
    for name in [
        "LOGIN",
        "GSSAPI",
        "PLAI",
        "PLAIN2",
        "X",
        "\u{fc}",
        " PLAIN",
        "SCRAM-SHA-256",
    ] {
        assert_eq!(
            answer(&mut server, &format!("AUTH {name}")),
            "-ERR mechanism is not offered",
            "{name}"
        );
    }
    assert_eq!(answer(&mut server, "AUTH "), "-ERR argument missing");
    assert!(!is_logged_in(&mut server));
}

#[test]
fn asterisk_cancels_at_every_step() {
    let mut server = server(config([
        "PLAIN",
        "LOGIN",
        "CRAM-MD5",
        "SCRAM-SHA-256",
        "XOAUTH2",
    ]));
    let begin = encoded("n,,n=user,r=nonce");
    let wrong_token = encoded("user=user\x01auth=Bearer x\x01\x01");
    let exchanges: [&[&str]; 6] = [
        &["AUTH PLAIN"],
        &["AUTH LOGIN"],
        &["AUTH LOGIN", "dXNlcg=="],
        &["AUTH CRAM-MD5"],
        &["AUTH SCRAM-SHA-256", &begin],
        &["AUTH XOAUTH2", &wrong_token],
    ];
    for lines in exchanges {
        for line in lines {
            assert!(answer(&mut server, line).starts_with("+ "), "{lines:?}");
        }
        assert_eq!(answer(&mut server, "*"), "-ERR authentication cancelled");
        assert_eq!(answer(&mut server, "STAT"), "-ERR log in first");
    }
    assert_eq!(
        answer(&mut server, &format!("AUTH PLAIN {PLAIN}")),
        LOGGED_IN
    );
}

#[test]
fn invalid_base64_ends_the_exchange() {
    let mut server = server(config(["PLAIN", "LOGIN", "EXTERNAL"]).external("user"));
    for bad in [
        "AHVzZXIAcGVuY2l",
        "AHVzZXIAcGVuY2ls=",
        "AHVzZX IAcGVuY2ls",
        "AHVzZXIAcGVuY2l\u{e4}",
        "dGVzdAB0ZXN0AHRlc3R=",
        "-_-_",
        "= ",
        "**",
    ] {
        converse(
            &mut server,
            &[
                (
                    &format!("AUTH PLAIN {bad}"),
                    "-ERR the response is not base64",
                ),
                ("AUTH PLAIN", "+ "),
                (bad, "-ERR the response is not base64"),
                ("AUTH LOGIN", "+ VXNlcm5hbWU6"),
                (bad, "-ERR the response is not base64"),
                ("STAT", "-ERR log in first"),
            ],
        );
    }
    // `=` is an empty response only in the AUTH command, and `*` cancels only on a separate line.
    converse(
        &mut server,
        &[
            ("AUTH EXTERNAL", "+ "),
            ("=", "-ERR the response is not base64"),
            ("AUTH EXTERNAL *", "-ERR the response is not base64"),
            ("AUTH EXTERNAL ", "-ERR argument missing"),
        ],
    );
}

#[test]
fn empty_response_syntax_depends_on_its_place() {
    let config = config(["EXTERNAL", "ANONYMOUS", "PLAIN"]).external("user");
    for exchange in [
        [("AUTH EXTERNAL =", LOGGED_IN)].as_slice(),
        &[("AUTH EXTERNAL", "+ "), ("", LOGGED_IN)],
        &[("AUTH ANONYMOUS =", LOGGED_IN)],
        &[("AUTH ANONYMOUS", "+ "), ("", LOGGED_IN)],
        &[("AUTH PLAIN =", "-ERR the response is malformed")],
        &[("AUTH PLAIN", "+ "), ("", "-ERR the response is malformed")],
    ] {
        converse(&mut server(config.clone()), exchange);
    }
}

#[test]
fn server_first_mechanism_rejects_an_initial_response() {
    let mut server = server(config(["CRAM-MD5"]));
    for line in ["AUTH CRAM-MD5 dXNlcg==", "AUTH CRAM-MD5 ="] {
        assert_eq!(
            answer(&mut server, line),
            "-ERR the mechanism has no initial response"
        );
    }
    assert!(!is_logged_in(&mut server));
}

#[test]
fn login_accepts_the_user_name_as_initial_response() {
    let mut server = server(config(["LOGIN"]));
    converse(
        &mut server,
        &[
            ("AUTH LOGIN dXNlcg==", "+ UGFzc3dvcmQ6"),
            (&encoded("pencils"), REFUSED),
            ("AUTH LOGIN Ym9i", "+ UGFzc3dvcmQ6"),
            (&encoded("pencil"), REFUSED),
            ("AUTH LOGIN =", "+ UGFzc3dvcmQ6"),
            (&encoded("pencil"), REFUSED),
            ("AUTH LOGIN dXNlcg", "-ERR the response is not base64"),
            ("AUTH LOGIN dXNlcg==", "+ UGFzc3dvcmQ6"),
            ("*", "-ERR authentication cancelled"),
            ("STAT", "-ERR log in first"),
            ("AUTH LOGIN dXNlcg==", "+ UGFzc3dvcmQ6"),
            (&encoded("pencil"), LOGGED_IN),
        ],
    );
    assert!(is_logged_in(&mut server));
}

#[test]
fn auth_alone_lists_mechanisms_of_the_channel() {
    let all = config(["PLAIN", "CRAM-MD5", "GSSAPI", "SCRAM-SHA-256-PLUS"]);
    let ask = |server: &mut Server| {
        server.receive(b"auth\r\n");
        sent(server)
    };
    let mut clear = server(all.clone().allow_plaintext_login(false));
    assert_eq!(ask(&mut clear), "+OK\r\nCRAM-MD5\r\nGSSAPI\r\n.\r\n");
    let mut tls = super::tls_server(all);
    assert_eq!(ask(&mut tls), "+OK\r\nPLAIN\r\nCRAM-MD5\r\nGSSAPI\r\n.\r\n");
    // AUTH without an argument starts no exchange, and is refused after the login.
    converse(&mut tls, &[(&format!("AUTH PLAIN {PLAIN}"), LOGGED_IN)]);
    assert_eq!(ask(&mut tls), "-ERR already logged in\r\n");
    let mut none = server(ServerConfig::new("user", "pencil"));
    assert_eq!(ask(&mut none), "-ERR no mechanism is offered\r\n");
}

#[test]
fn auth_after_a_login_is_refused() {
    let login = format!("AUTH PLAIN {PLAIN}");
    let mut by_auth = server(config(["PLAIN"]));
    converse(
        &mut by_auth,
        &[
            (&login, LOGGED_IN),
            (&login, "-ERR already logged in"),
            ("AUTH PLAIN", "-ERR already logged in"),
            ("STAT", "+OK 0 0"),
        ],
    );
    let mut by_pass = server(config(["PLAIN"]));
    converse(
        &mut by_pass,
        &[
            ("USER user", "+OK"),
            ("PASS pencil", LOGGED_IN),
            (&login, "-ERR already logged in"),
        ],
    );
}

#[test]
fn failed_login_can_be_retried() {
    let mut server = server(config(["PLAIN"]));
    converse(
        &mut server,
        &[
            (
                &format!("AUTH PLAIN {}", encoded("\0user\0Pencil")),
                REFUSED,
            ),
            ("STAT", "-ERR log in first"),
            (&format!("AUTH PLAIN {PLAIN}"), LOGGED_IN),
        ],
    );
}

#[test]
fn auth_discards_a_previous_user() {
    let mut server = server(config(["PLAIN"]));
    converse(
        &mut server,
        &[
            ("USER user", "+OK"),
            ("AUTH PLAIN", "+ "),
            ("*", "-ERR authentication cancelled"),
            ("PASS pencil", "-ERR USER first"),
        ],
    );
}

#[test]
fn commands_inside_an_exchange_are_responses() {
    let mut server = server(config(["LOGIN"]).stls(true));
    // QUIT, STLS, CAPA and STAT are valid base64.
    for command in ["QUIT", "STLS", "CAPA", "STAT"] {
        converse(
            &mut server,
            &[
                ("AUTH LOGIN", "+ VXNlcm5hbWU6"),
                (command, "+ UGFzc3dvcmQ6"),
                (command, REFUSED),
            ],
        );
        assert!(!server.wants_tls() && !server.is_closed());
    }
    converse(
        &mut server,
        &[
            ("AUTH LOGIN", "+ VXNlcm5hbWU6"),
            ("LIST 1", "-ERR the response is not base64"),
        ],
    );
}

#[test]
fn responses_may_have_up_to_64_kib() {
    let mut server = server(config(["PLAIN", "ANONYMOUS"]));
    let fits = "A".repeat(64 * 1024 - 4);
    let too_long = "A".repeat(64 * 1024);
    converse(
        &mut server,
        &[
            (
                &format!("AUTH PLAIN {}", "A".repeat(244)),
                "-ERR line too long",
            ),
            ("AUTH PLAIN", "+ "),
            (&fits, "-ERR the response is malformed"),
            ("AUTH PLAIN", "+ "),
            (&too_long, "-ERR line too long"),
            // The exchange has ended, and commands have their limit again.
            (&"A".repeat(300), "-ERR line too long"),
            ("STAT", "-ERR log in first"),
        ],
    );
}

#[test]
fn auth_session_does_not_depend_on_input_splitting() {
    let session = format!(
        "AUTH CRAM-MD5\r\n*\r\nAUTH PLAIN\r\n{}\r\nAUTH PLAIN !\r\nAUTH LOGIN\r\ndXNlcg==\r\ncGVuY2ls\r\nQUIT\r\n",
        "A".repeat(400),
    );
    let expected = format!(
        "+OK POP3 server ready\r\n\
        + PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+\r\n-ERR authentication cancelled\r\n\
        + \r\n-ERR the response is malformed\r\n-ERR the response is not base64\r\n\
        + VXNlcm5hbWU6\r\n+ UGFzc3dvcmQ6\r\n{LOGGED_IN}\r\n+OK bye\r\n"
    );
    for cut in 0..=session.len() {
        let config = config(["CRAM-MD5", "PLAIN", "LOGIN"]);
        let mut server = Server::new(config, Maildrop::new());
        let (before, after) = session.split_at(cut);
        server.receive(before.as_bytes());
        server.receive(after.as_bytes());
        assert_eq!(sent(&mut server), expected, "cut at {cut}");
        assert!(server.is_closed());
    }
}

#[test]
fn eof_during_an_exchange_ends_the_session() {
    let mut server = server(config(["PLAIN"]));
    assert_eq!(answer(&mut server, "AUTH PLAIN"), "+ ");
    server.handle_eof();
    server.receive(PLAIN.as_bytes());
    server.receive(b"\r\n");
    assert!(server.is_closed() && !server.wants_write() && !server.wants_read());
}

#[test]
fn random_auth_input_never_panics() {
    // A linear congruential generator produces the same octets in every run.
    let mut state = 1_u64;
    let mut next = move |bound: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).expect("31 bits") % bound
    };
    let names = [
        "PLAIN",
        "LOGIN",
        "CRAM-MD5",
        "SCRAM-SHA-1",
        "SCRAM-SHA-256-PLUS",
        "XOAUTH2",
        "OAUTHBEARER",
        "EXTERNAL",
        "ANONYMOUS",
    ];
    let words = [
        "n,,",
        "p=tls-exporter,,",
        "y,a=u,",
        "n=user",
        ",",
        "r=",
        "c=biws",
        "p=",
        "=",
        "=2C",
        "\0",
        "\x01",
        "auth=Bearer ",
        "user=",
        "a=",
        " ",
        "m=x",
        "pencil",
        "user",
        "\u{e4}",
        "\u{1f600}",
        "r=x%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
    ];
    for _ in 0..2_000 {
        let mut server = Server::implicit_tls(
            config(names).external("user").keep_log(true),
            Maildrop::new(),
        );
        server.channel_binding([7; 32]);
        for _ in 0..6 {
            server.receive(format!("AUTH {}\r\n", names[next(names.len())]).as_bytes());
            for _ in 0..next(4) {
                let response: String = (0..next(7)).map(|_| words[next(words.len())]).collect();
                server.receive(encoded(response).as_bytes());
                server.receive(b"\r\n");
            }
            server.receive(b"*\r\n");
        }
        sent(&mut server);
    }
}
