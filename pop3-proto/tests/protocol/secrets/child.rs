//! A login in a process that scans its own memory at each stage. The replies of the server are
//! constants, so the server side makes no copy of a secret.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use pop3_proto::sasl::{ClientNonce, Mechanism, Progress, Response, SaslError};
use pop3_proto::{
    Channel, Config, Connection, Instant, Login, Secret, Username,
    command::{Apop, Pass, User},
    login::{ChannelBinding, Credentials, LoginPolicy, Method},
    tls::TlsInfo,
};

use super::scan::{KEY, Needle, scan, scramble, scramble_hex, unscramble};

/// The environment variable that selects the login.
pub(crate) const CHOSEN: &str = "POP3_PROTO_LOGIN_METHOD";

pub(crate) const CASES: [&str; 15] = [
    "USER/PASS",
    "USER, PASS",
    "APOP",
    "APOP alone",
    "PLAIN",
    "LOGIN",
    "CRAM-MD5",
    "SCRAM-SHA-1",
    "SCRAM-SHA-256",
    "SCRAM-SHA-512",
    "SCRAM-SHA-256-PLUS",
    "OAUTHBEARER",
    "XOAUTH2",
    "X-OWN",
    "PLAIN, refused",
];

/// A login whose server echoes the password.
pub(crate) const ECHOED: &str = "USER/PASS, echoed";

const PASSWORD: [u8; 32] = scramble(b"kQ7~vXz2.Wm9pRt4-Ld8sHc3_Jb6nFg5");

/// Values that are derived from the password, for the challenges below.
#[rustfmt::skip]
const NEEDLES: &[Needle] = &[
    Needle { what: "password", scrambled: &PASSWORD },
    Needle { what: "base64 of it", scrambled: &scramble(b"a1E3fnZYejIuV205cFJ0NC1MZDhzSGMzX0piNm5GZz") },
    Needle { what: "response of PLAIN", scrambled: &scramble(b"RN352WHoyLldtOXBSdDQtTGQ4c0hjM19KYjZuRmc1") },
    Needle { what: "response with a token", scrambled: &scramble(b"rUTd+dlh6Mi5XbTlwUnQ0LUxkOHNIYzNfSmI2bkZnNQ") },
    Needle { what: "digest of APOP", scrambled: &scramble(b"4f14f57d03879639c9a5d50bd0866882") },
    Needle { what: "raw digest of APOP", scrambled: &scramble_hex::<16>("4f14f57d03879639c9a5d50bd0866882") },
    Needle { what: "digest of CRAM-MD5", scrambled: &scramble(b"c6306c435f1e7d3a272b9e7f088b23fe") },
    Needle { what: "raw digest of CRAM-MD5", scrambled: &scramble_hex::<16>("c6306c435f1e7d3a272b9e7f088b23fe") },
    Needle { what: "response of CRAM-MD5", scrambled: &scramble(b"YzYzMDZjNDM1ZjFlN2QzYTI3MmI5ZTdmMDg4YjIzZm") },
    Needle { what: "proof, SHA-1", scrambled: &scramble(b"6HCrE7vqM/59n9nw27lyQSUtKgA=") },
    Needle { what: "response, SHA-1", scrambled: &scramble(b"RTd2cU0vNTluOW53MjdseVFTVXRLZ0E9") },
    Needle { what: "salted password, SHA-1", scrambled: &scramble_hex::<20>("be2ef2da305c072f1a01e0ae992c9944bbae9cb7") },
    Needle { what: "client key, SHA-1", scrambled: &scramble_hex::<20>("a9808c9bd035d5a1c109d25d0b31970c63c12c33") },
    Needle { what: "proof, SHA-256", scrambled: &scramble(b"yt41OfTnOpwDJ0ULWNW65RtT0eh5wWAl0V5MBVbPqO4=") },
    Needle { what: "response, SHA-256", scrambled: &scramble(b"dFQwZWg1d1dBbDBWNU1CVmJQcU80PQ==") },
    Needle { what: "salted password, SHA-256", scrambled: &scramble_hex::<32>("c05530669a4a909d4e06180d4d3780b76f4e609012ad2a26fa2eee936493f8bb") },
    Needle { what: "client key, SHA-256", scrambled: &scramble_hex::<32>("dc394ed0f13cd72e41dd64b991855db34a0fb22e3a5b36face6587d97b5a7b7a") },
    Needle { what: "proof, SHA-512", scrambled: &scramble(b"C9t8A5Z8Vp8gsA7BoTJghnm9cvcW1ws8Sx97FKIVGRw8beWswVBRLQTVBlcJqcoFMe8UR5LrqiHiHzT8xj7tdA==") },
    Needle { what: "response, SHA-512", scrambled: &scramble(b"TWU4VVI1THJxaUhpSHpUOHhqN3RkQT09") },
    Needle { what: "salted password, SHA-512", scrambled: &scramble_hex::<64>("2c2ce4d5603b969a8d7a52f0e663efa6110eeade909970d760a4e11579b50310dac74fde4ce4143837ed5ec675e4b2cb8fab91cc689e481b2f2fbff112951e15") },
    Needle { what: "client key, SHA-512", scrambled: &scramble_hex::<64>("30cbd78fd98b517de7d972b30d8aed8340cb4eee1e11ac92a8e88fdd652cde75b37bf5ef085d716f6e2fdc5dbf3d2066f913410dc3c69d3ec885d4049bc1a24d") },
    Needle { what: "proof, bound", scrambled: &scramble(b"ic1ZZ/+sfVviaBug7Hv9hwM778OUw2tbW18i4JGvWnk=") },
    Needle { what: "response, bound", scrambled: &scramble(b"TTc3OE9VdzJ0YlcxOGk0Skd2V25rPQ==") },
];

/// Values that only a send buffer contains: ends of lines with CR LF.
#[rustfmt::skip]
const LINES: &[Needle] = &[
    Needle { what: "line of PASS", scrambled: &scramble(b"_Jb6nFg5\r\n") },
    Needle { what: "line of APOP", scrambled: &scramble(b"d0866882\r\n") },
    Needle { what: "line of PLAIN", scrambled: &scramble(b"YjZuRmc1\r\n") },
    Needle { what: "line of LOGIN", scrambled: &scramble(b"Nm5GZzU=\r\n") },
    Needle { what: "line of CRAM-MD5", scrambled: &scramble(b"YjIzZmU=\r\n") },
    Needle { what: "line of SCRAM-SHA-1", scrambled: &scramble(b"VXRLZ0E9\r\n") },
    Needle { what: "line of SCRAM-SHA-256", scrambled: &scramble(b"cU80PQ==\r\n") },
    Needle { what: "line of SCRAM-SHA-512", scrambled: &scramble(b"N3RkQT09\r\n") },
    Needle { what: "line of SCRAM-SHA-256-PLUS", scrambled: &scramble(b"V25rPQ==\r\n") },
    Needle { what: "line with a token", scrambled: &scramble(b"bkZnNQEB\r\n") },
];

const CHALLENGE: &str = "+ PDE4OTYuNjk3MTcwOTUyQGRiYy5tdHZpZXcuY2EudXM+\r\n";
/// A placeholder: the password is written over the dots in the receive buffer.
const ECHO: &str = "-ERR PASS ................................\r\n";
const GREETING: &str = "+OK <1896.697170952@dbc.mtview.ca.us>\r\n";
const FIRST: &str = "+ cj1yT3ByTkdmd0ViZVJXZ2JORWtxT2h2WURwV1VhMlJhVENBZnV4RklsaixzPVcyMlphSjBTTlk3c29Fc1VFamI2Z1E9PSxpPTQwOTY=\r\n";

/// The server's answers to the lines after CAPA.
fn answers(case: &str) -> &'static [&'static str] {
    match case {
        "USER/PASS" | "USER, PASS" => &["+OK\r\n", "+OK\r\n"],
        "LOGIN" => &["+ VXNlcm5hbWU6\r\n", "+ UGFzc3dvcmQ6\r\n", "+OK\r\n"],
        "CRAM-MD5" | "X-OWN" => &[CHALLENGE, "+OK\r\n"],
        "SCRAM-SHA-1" => &[
            FIRST,
            "+ dj1IMDhHa3BGQklSLzU1TU5YTUlkNi9XUzNabWs9\r\n",
            "+OK\r\n",
        ],
        "SCRAM-SHA-256" => &[
            FIRST,
            "+ dj15UTRWUnI3a2poUkdjL1ZqUFpIaFcvNjNpRUJ3NThJeWJvVFJTNXc1YmM4PQ==\r\n",
            "+OK\r\n",
        ],
        "SCRAM-SHA-512" => &[
            FIRST,
            "+ dj1CYmM2M3FIVStnZzhyTzIyK2w5TEFDS3UrSWNVbDBJYVNBNmZOTmJqVXNmc1N5N2hoaHU3RjJvZGJkQVZSVnVFVHFMK1ZVVFFtT3oweFRoYjlpdXoxQT09\r\n",
            "+OK\r\n",
        ],
        "SCRAM-SHA-256-PLUS" => &[
            FIRST,
            "+ dj1WWFJUQ2hxQVVCNEFEK3R5S2RpVTh1N0o5L213WVVDZWl0ODZDeHlFRXlvPQ==\r\n",
            "+OK\r\n",
        ],
        "PLAIN, refused" => &["-ERR no\r\n"],
        ECHOED => &["+OK\r\n", ECHO],
        _ => &["+OK\r\n"],
    }
}

fn name() -> Username {
    Username::new("alice").unwrap()
}

fn secret() -> Secret {
    Secret::new(unscramble(&PASSWORD)).unwrap()
}

#[derive(Debug)]
struct CustomMechanism;

impl Mechanism for CustomMechanism {
    fn name(&self) -> &str {
        "X-OWN"
    }

    fn initial_response(&mut self) -> Option<Response> {
        None
    }

    fn respond(&mut self, _challenge: &[u8]) -> Result<Progress, SaslError> {
        Ok(Progress::Respond(Response::new(unscramble(&PASSWORD))))
    }

    fn finish(&mut self) -> Result<(), SaslError> {
        Ok(())
    }
}

fn submit(case: &str, connection: &mut Connection) {
    let only = LoginPolicy::only;
    let password = || Login::password(name(), secret());
    let login = match case {
        "USER, PASS" => {
            connection.submit(User(name())).unwrap();
            connection.submit(Pass(secret())).unwrap();
            return;
        }
        "APOP alone" => {
            connection
                .submit(Apop::new(name(), secret()).unwrap())
                .unwrap();
            return;
        }
        "OAUTHBEARER" => Login::with(Credentials::Token {
            username: name(),
            token: secret(),
        })
        .with_policy(only(Method::OAuthBearer)),
        "XOAUTH2" => Login::with(Credentials::Token {
            username: name(),
            token: secret(),
        })
        .with_policy(only(Method::XOAuth2)),
        "X-OWN" => Login::mechanism(CustomMechanism).unwrap(),
        "SCRAM-SHA-256-PLUS" => password().with_policy(
            LoginPolicy::first_of([Method::ScramSha256])
                .with_channel_binding(ChannelBinding::Require),
        ),
        "PLAIN, refused" => password().with_policy(only(Method::Plain)),
        ECHOED => password().with_policy(only(Method::UserPass)),
        method => password().with_policy(only(method.parse().unwrap())),
    };
    let nonce = ClientNonce::new("rOprNGfwEbeRWgbNEkqO").unwrap();
    connection.submit(login.with_nonce(nonce)).unwrap();
}

const NOW: Instant = Instant::ORIGIN;

/// The thread that logs in. It stops at each stage, so that the main thread can scan the memory.
struct Worker {
    stage: Sender<&'static str>,
    resume: Receiver<()>,
}

impl Worker {
    fn stop(&self, stage: &'static str) {
        self.stage.send(stage).unwrap();
        self.resume.recv().unwrap();
    }

    fn run(&self, case: &str) {
        self.stop("before");
        let channel = match case {
            "SCRAM-SHA-256-PLUS" => Channel::ImplicitTls,
            _ => Channel::TrustedByCaller,
        };
        let mut connection = Connection::new(Config::default(), channel, NOW);
        if case == "SCRAM-SHA-256-PLUS" {
            let mut info = TlsInfo::default();
            info.exporter = Some([0xc5; 32]);
            connection.tls_established(info, NOW);
        }
        submit(case, &mut connection);
        self.stop("submitted");
        let list = format!(
            "+OK\r\nSASL {}\r\n.\r\n",
            case.trim_end_matches(", refused")
        );
        let alone = matches!(case, "USER, PASS" | "APOP alone");
        let capabilities = [list.as_str()];
        let before = if alone { &[][..] } else { &capabilities };
        let mut replies = [GREETING].into_iter().chain(before.iter().copied());
        let mut last = answers(case).iter().copied().chain(["-ERR\r\n"; 2]);
        while let Some(reply) = replies.next().or_else(|| last.next()) {
            self.deliver(&mut connection, reply);
            let octets = connection.transmit().len();
            if octets == 0 {
                break;
            }
            self.stop("in transit");
            connection.transmitted(octets, NOW);
            self.stop("sent");
        }
        assert_eq!(connection.outstanding(), 0);
        self.stop("answered");
        drop(connection);
        self.stop("dropped");
    }

    fn deliver(&self, connection: &mut Connection, reply: &str) {
        let room = connection.recv_buffer().unwrap();
        room[..reply.len()].copy_from_slice(reply.as_bytes());
        if reply == ECHO {
            let octets = PASSWORD.iter().map(|octet| octet ^ KEY);
            let place = "-ERR PASS ".len();
            room[place..]
                .iter_mut()
                .zip(octets)
                .for_each(|(room, octet)| *room = octet);
        }
        connection.received(reply.len(), NOW);
        loop {
            while connection.poll_event().is_some() {}
            if connection.poll_timeout() != Some(NOW) {
                return;
            }
            connection.handle_timeout(NOW);
        }
    }
}

#[test]
#[ignore = "the tests in `memory` run it in a separate process"]
#[allow(
    clippy::disallowed_methods,
    reason = "the test needs threads and the environment, which the core does not"
)]
fn scan_own_memory_during_login() {
    let Ok(case) = std::env::var(CHOSEN) else {
        return;
    };
    let (stage, stages) = channel();
    let (go, resume) = channel();
    let worker = Worker { stage, resume };
    let (send_address, stack) = channel();
    let thread = thread::spawn(move || {
        let here = 0_u8;
        send_address.send(&raw const here as usize as u64).unwrap();
        worker.run(&case);
    });
    let stack = stack.recv().unwrap();
    for stage in stages {
        let needles: Vec<&Needle> = match stage {
            "sent" => LINES.iter().collect(),
            _ => NEEDLES.iter().chain(LINES).collect(),
        };
        println!("STAGE {stage}: {}", scan(&needles, stack).join("; "));
        go.send(()).unwrap();
    }
    thread.join().unwrap();
}
