//! The nonces of SCRAM, generated from the seed of a connection.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pop3_proto::{Channel, Config};
use pop3_testkit::conversation::Conversation;

const LISTED: &str = "+OK\r\nSASL SCRAM-SHA-512 SCRAM-SHA-256 SCRAM-SHA-1\r\n.\r\n";

fn seeded(seed: [u8; 32]) -> Conversation {
    let mut client = Conversation::new(Config::default(), Channel::ImplicitTls);
    client.connection.seed(seed);
    client.tls();
    client.server("+OK ready\r\n");
    client.reported();
    client
}

/// Returns the nonces of the initial responses that a client sent.
fn nonces(sent: &str) -> Vec<String> {
    let initial = sent.lines().filter_map(|line| line.split(' ').nth(2));
    initial
        .map(|response| {
            let response = STANDARD.decode(response).expect("base64");
            let response = String::from_utf8(response).expect("text");
            let (_, nonce) = response.split_once(",r=").expect("a nonce");
            nonce.to_owned()
        })
        .collect()
}

fn three_attempts(client: &mut Conversation) -> Vec<String> {
    client.ask("login user pencil each=SCRAM-SHA-512,SCRAM-SHA-256,SCRAM-SHA-1");
    client.server(LISTED);
    for _ in 0..3 {
        client.server("-ERR no\r\n");
    }
    let nonces = nonces(&client.sent());
    assert_eq!(nonces.len(), 3);
    nonces
}

#[test]
fn each_login_attempt_has_its_own_nonce() {
    let nonces = three_attempts(&mut seeded([7; 32]));
    for (index, nonce) in nonces.iter().enumerate() {
        // At least 18 octets in base64.
        assert!(nonce.len() >= 24, "{nonce}");
        assert!(!nonces[..index].contains(nonce), "{nonce} was used twice");
    }
}

#[test]
fn second_login_uses_different_nonces() {
    let mut client = seeded([7; 32]);
    let first = three_attempts(&mut client);
    client.ask("login user pencil only=SCRAM-SHA-256");
    let second = nonces(&client.sent());
    assert_eq!(second.len(), 1);
    assert!(!first.contains(&second[0]));
}

#[test]
fn nonces_depend_only_on_the_seed() {
    let first = three_attempts(&mut seeded([7; 32]));
    assert_eq!(first, three_attempts(&mut seeded([7; 32])));
    let mut other = [7; 32];
    other[31] = 8;
    for nonce in three_attempts(&mut seeded(other)) {
        assert!(!first.contains(&nonce));
    }
}

#[test]
fn nonce_given_with_login_is_used_once() {
    let mut client = seeded([7; 32]);
    client.ask("login user pencil nonce=given each=SCRAM-SHA-512,SCRAM-SHA-256");
    client.server(LISTED);
    client.server("-ERR no\r\n");
    let nonces = nonces(&client.sent());
    assert_eq!(nonces.len(), 2);
    assert_eq!(nonces[0], "given");
    assert_ne!(nonces[1], "given");
}

#[test]
fn given_nonce_is_kept_for_scram() {
    let mut client = Conversation::new(Config::default(), Channel::ImplicitTls);
    client.tls();
    client.server("+OK ready\r\n");
    client.ask("login user pencil each=PLAIN,SCRAM-SHA-256 nonce=abc");
    client.server("+OK\r\nSASL PLAIN SCRAM-SHA-256\r\n.\r\n");
    client.sent();
    client.server("-ERR\r\n");
    assert_eq!(nonces(&client.sent()), ["abc"]);
}
