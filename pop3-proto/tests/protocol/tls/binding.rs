//! SCRAM channel binding over real TLS, with the exporter values of both sides.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use pop3_proto::sasl::{Binding, ClientNonce, Mechanism as _, Progress, Scram, ScramHash};
use pop3_proto::{
    Error, Event, Instant, Login, Phase, Secret, Username,
    error::AuthError,
    login::{ChannelBinding, LoginPolicy, Method, Rejection},
};
use rustls::SupportedProtocolVersion;
use rustls::version::{TLS12, TLS13};
use sha2::Sha256;

use pop3_testkit::tls::authority::{Authority, names};
use pop3_testkit::tls::link::Link;
use pop3_testkit::tls::peer::Peer;

const CLIENT_NONCE: &str = "rOprNGfwEbeRWgbNEkqO";
const SALT: &str = "W22ZaJ0SNY7soEsUEjb6gQ==";

fn server_first() -> String {
    format!("r={CLIENT_NONCE}%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s={SALT},i=4096")
}

/// A session inside TLS of this version, with a login that waits for the capabilities.
fn before_the_list(version: &'static SupportedProtocolVersion, binding: ChannelBinding) -> Link {
    let authority = Authority::new();
    let identity = authority.certify(names(&["localhost"]));
    let peer = Peer::implicit_tls(None, identity.server_with(&[version]));
    let mut link = Link::implicit_tls(authority.client("localhost"), peer);
    let policy = LoginPolicy::first_of([Method::ScramSha256]).with_channel_binding(binding);
    let login = Login::new("user", "pencil").unwrap();
    let nonce = ClientNonce::new(CLIENT_NONCE).unwrap();
    link.session
        .submit(login.with_policy(policy).with_nonce(nonce))
        .unwrap();
    link.run();
    link.peer.say(b"+OK\r\n");
    link.run();
    assert_eq!(take_received(&mut link), "CAPA\r\n");
    link
}

/// Returns what the client sent since the last call.
fn take_received(link: &mut Link) -> String {
    String::from_utf8(std::mem::take(&mut link.peer.received)).unwrap()
}

fn list(link: &mut Link, mechanisms: &str) -> Vec<Event> {
    link.peer
        .say(format!("+OK\r\nSASL {mechanisms}\r\n.\r\n").as_bytes());
    link.run()
}

/// Sends a challenge and lets the client finish its computation.
fn challenge(link: &mut Link, message: &str) {
    link.peer
        .say(format!("+ {}\r\n", STANDARD.encode(message)).as_bytes());
    link.run();
    while link.session.poll_timeout() == Some(Instant::ORIGIN) {
        link.wait(0);
        link.run();
    }
}

/// Returns the exporter value of the server (RFC 9266 section 4.1).
fn exported(link: &mut Link) -> [u8; 32] {
    let tls = link.peer.tls.as_mut().unwrap();
    tls.export_keying_material([0; 32], b"EXPORTER-Channel-Binding", Some(b""))
        .unwrap()
}

fn mac(key: &[u8], octets: &[u8]) -> [u8; 32] {
    Hmac::<Sha256>::new_from_slice(key)
        .unwrap()
        .chain_update(octets)
        .finalize()
        .into_bytes()
        .into()
}

/// Computes `v=…` like a server that knows the password (RFC 5802 section 3).
fn server_final(first_bare: &str, last_without_proof: &str) -> String {
    let salt = STANDARD.decode(SALT).unwrap();
    let mut last = mac(b"pencil", &[&salt[..], &[0, 0, 0, 1]].concat());
    let mut salted = last;
    for _ in 1..4096 {
        last = mac(b"pencil", &last);
        salted.iter_mut().zip(last).for_each(|(sum, u)| *sum ^= u);
    }
    let key = mac(&salted, b"Server Key");
    let auth_message = format!("{first_bare},{},{last_without_proof}", server_first());
    format!("v={}", STANDARD.encode(mac(&key, auth_message.as_bytes())))
}

#[test]
fn t_28_login_is_bound_to_the_tls_exporter() {
    for binding in [ChannelBinding::Prefer, ChannelBinding::Require] {
        let mut link = before_the_list(&TLS13, binding);
        list(&mut link, "SCRAM-SHA-256 SCRAM-SHA-256-PLUS");
        let first_bare = format!("n=user,r={CLIENT_NONCE}");
        let first = STANDARD.encode(format!("p=tls-exporter,,{first_bare}"));
        let command = format!("AUTH SCRAM-SHA-256-PLUS {first}\r\n");
        assert_eq!(take_received(&mut link), command);

        challenge(&mut link, &server_first());
        let line = take_received(&mut link);
        let last = STANDARD.decode(line.trim_end()).unwrap();
        let last = String::from_utf8(last).unwrap();
        let exported = exported(&mut link);
        let bound = [&b"p=tls-exporter,,"[..], &exported].concat();
        let without_proof = last.rsplit_once(",p=").unwrap().0;
        assert!(without_proof.starts_with(&format!("c={},", STANDARD.encode(bound))));
        assert_eq!(last, final_message(Binding::TlsExporter(exported)));

        challenge(&mut link, &server_final(&first_bare, without_proof));
        assert_eq!(take_received(&mut link), "\r\n");
        link.peer.say(b"+OK\r\n");
        link.run();
        link.peer.say(b"-ERR\r\n");
        link.run();
        assert_eq!(link.session.phase(), Phase::Transaction);
    }
}

/// Returns the final message of a client with this binding.
fn final_message(binding: Binding) -> String {
    let (name, password) = (Username::new("user"), Secret::new("pencil"));
    let nonce = ClientNonce::new(CLIENT_NONCE).unwrap();
    let mut scram = Scram::new(ScramHash::Sha256, &name.unwrap(), &password.unwrap(), nonce)
        .unwrap()
        .with_binding(binding);
    scram.initial_response().unwrap();
    let mut progress = scram.respond(server_first().as_bytes()).unwrap();
    loop {
        match progress {
            Progress::Work => progress = scram.work().unwrap(),
            Progress::Respond(response) => {
                return String::from_utf8(response.as_bytes().to_vec()).unwrap();
            }
        }
    }
}

#[test]
fn t_28_binding_of_one_channel_fails_on_another() {
    let mut to_the_attacker = before_the_list(&TLS13, ChannelBinding::Prefer);
    let mut to_the_server = before_the_list(&TLS13, ChannelBinding::Prefer);
    let relayed = final_message(Binding::TlsExporter(exported(&mut to_the_attacker)));
    let expected = final_message(Binding::TlsExporter(exported(&mut to_the_server)));
    let (bound, proof) = relayed.rsplit_once(",p=").unwrap();
    let (expected_bound, expected_proof) = expected.rsplit_once(",p=").unwrap();
    assert_ne!(bound, expected_bound);
    assert_ne!(proof, expected_proof);
}

#[test]
fn t_28_y_flag_needs_tls_1_3() {
    for (version, flag) in [(&TLS13, "y"), (&TLS12, "n")] {
        let mut link = before_the_list(version, ChannelBinding::Prefer);
        list(&mut link, "SCRAM-SHA-256");
        let first = STANDARD.encode(format!("{flag},,n=user,r={CLIENT_NONCE}"));
        let command = format!("AUTH SCRAM-SHA-256 {first}\r\n");
        assert_eq!(take_received(&mut link), command);
    }
}

#[test]
fn t_28_required_binding_needs_tls_1_3_and_plus() {
    for (version, listed, why) in [
        (&TLS13, "SCRAM-SHA-256", Rejection::NotListed),
        (
            &TLS12,
            "SCRAM-SHA-256 SCRAM-SHA-256-PLUS",
            Rejection::NoBinding,
        ),
    ] {
        let mut link = before_the_list(version, ChannelBinding::Require);
        let events = list(&mut link, listed);
        let [
            Event::Reply {
                result: Err(Error::Auth(error)),
                ..
            },
        ] = &events[..]
        else {
            panic!("{events:?}");
        };
        let AuthError::NoSafeLogin(plan) = &**error else {
            panic!("{error}");
        };
        assert_eq!(plan.rejection(Method::ScramSha256), Some(&why));
        assert_eq!(take_received(&mut link), "", "nothing is sent");
    }
}
