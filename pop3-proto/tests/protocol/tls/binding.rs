//! SCRAM channel binding over real TLS: the exporter values of both sides (RFC 9266), and the hash of
//! the server's certificate (RFC 5929).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use pop3_proto::sasl::{Binding, ClientNonce, Mechanism as _, Progress, Scram, ScramHash};
use pop3_proto::{
    Error, Event, Instant, Login, Phase, Secret, Username,
    error::AuthError,
    login::{ChannelBinding, LoginPolicy, Method, Rejection},
    server::{Maildrop, Server, ServerConfig},
    tls::{EndPoint, NoEndPoint, Roots, TlsOptions},
};
use rustls::SupportedProtocolVersion;
use rustls::version::{TLS12, TLS13};
use sha2::{Digest as _, Sha256};

use pop3_testkit::tls::authority::{Authority, Identity, names};
use pop3_testkit::tls::link::Link;
use pop3_testkit::tls::peer::Peer;

const CLIENT_NONCE: &str = "rOprNGfwEbeRWgbNEkqO";
const SALT: &str = "W22ZaJ0SNY7soEsUEjb6gQ==";

fn server_first() -> String {
    format!("r={CLIENT_NONCE}%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s={SALT},i=4096")
}

/// A session inside TLS of this version, with a login that waits for the capabilities.
fn before_the_list(version: &'static SupportedProtocolVersion, binding: ChannelBinding) -> Link {
    before_the_list_of(&Authority::new(), version, binding)
}

/// The same, with a certificate of this authority.
fn before_the_list_of(
    authority: &Authority,
    version: &'static SupportedProtocolVersion,
    binding: ChannelBinding,
) -> Link {
    let identity = authority.certify(names(&["localhost"]));
    let peer = Peer::implicit_tls(None, identity.server_with(&[version]));
    let mut link = Link::implicit_tls(authority.client("localhost"), peer);
    submit_login(&mut link, binding);
    link
}

/// Submits a login, up to its `CAPA`.
fn submit_login(link: &mut Link, binding: ChannelBinding) {
    let policy = LoginPolicy::first_of([Method::ScramSha256]).with_channel_binding(binding);
    let login = Login::new("user", "pencil").unwrap();
    let nonce = ClientNonce::new(CLIENT_NONCE).unwrap();
    link.session
        .submit(login.with_policy(policy).with_nonce(nonce))
        .unwrap();
    link.run();
    link.peer.say(b"+OK\r\n");
    link.run();
    assert_eq!(take_received(link), "CAPA\r\n");
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

/// Returns the certificate that the server presented, as the server knows it.
fn hash_of_certificate(identity: &Identity) -> EndPoint {
    EndPoint::from_hash(&Sha256::digest(identity.certificate())).unwrap()
}

#[test]
fn t_28_login_over_tls_1_2_is_bound_to_the_certificate() {
    let authority = Authority::new();
    for binding in [ChannelBinding::Prefer, ChannelBinding::Require] {
        let identity = authority.certify(names(&["localhost"]));
        let expected = hash_of_certificate(&identity);
        let mut link = log_in_to(&authority, identity, binding);
        let first_bare = format!("n=user,r={CLIENT_NONCE}");
        let first = STANDARD.encode(format!("p=tls-server-end-point,,{first_bare}"));
        let command = format!("AUTH SCRAM-SHA-256-PLUS {first}\r\n");
        assert_eq!(take_received(&mut link), command);
        challenge(&mut link, &server_first());
        let line = take_received(&mut link);
        let last = STANDARD.decode(line.trim_end()).unwrap();
        let last = String::from_utf8(last).unwrap();
        let bound = [&b"p=tls-server-end-point,,"[..], expected.as_bytes()].concat();
        assert!(
            last.starts_with(&format!("c={},", STANDARD.encode(bound))),
            "{last}"
        );
        assert_eq!(last, final_message(Binding::TlsServerEndPoint(expected)));
    }
}

/// A session over TLS 1.2 with a server that has this certificate, up to `AUTH`.
fn log_in_to(authority: &Authority, identity: Identity, binding: ChannelBinding) -> Link {
    let peer = Peer::implicit_tls(None, identity.server_with(&[&TLS12]));
    let mut link = Link::implicit_tls(authority.client("localhost"), peer);
    submit_login(&mut link, binding);
    list(&mut link, "SCRAM-SHA-256 SCRAM-SHA-256-PLUS");
    link
}

#[test]
fn t_28_y_flag_needs_binding_data() {
    let undefined = Authority::ed25519();
    for (authority, version, flag) in [
        (&Authority::new(), &TLS13, "y"),
        (&Authority::new(), &TLS12, "y"),
        (&undefined, &TLS13, "y"),
        (&undefined, &TLS12, "n"),
    ] {
        let mut link = before_the_list_of(authority, version, ChannelBinding::Prefer);
        list(&mut link, "SCRAM-SHA-256");
        let first = STANDARD.encode(format!("{flag},,n=user,r={CLIENT_NONCE}"));
        let command = format!("AUTH SCRAM-SHA-256 {first}\r\n");
        assert_eq!(take_received(&mut link), command);
    }
}

#[test]
fn t_28_required_binding_needs_data_and_plus() {
    const BOTH: &str = "SCRAM-SHA-256 SCRAM-SHA-256-PLUS";
    for (authority, version, listed, why) in [
        (
            Authority::new(),
            &TLS13,
            "SCRAM-SHA-256",
            Rejection::NotListed,
        ),
        (
            Authority::new(),
            &TLS12,
            "SCRAM-SHA-256",
            Rejection::NotListed,
        ),
        (
            Authority::ed25519(),
            &TLS12,
            BOTH,
            Rejection::NoEndPoint(NoEndPoint::Undefined),
        ),
    ] {
        let mut link = before_the_list_of(&authority, version, ChannelBinding::Require);
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

/// Logs in to a server whose certificate has the hash `known`, through TLS with another certificate
/// if an attacker relays it. The client verifies no certificate.
fn relayed(known: EndPoint, presented: Identity, binding: ChannelBinding) -> Vec<Event> {
    let account = ServerConfig::new("user", "pencil").sasl(["SCRAM-SHA-256", "SCRAM-SHA-256-PLUS"]);
    let server = Server::implicit_tls(account, Maildrop::default());
    let mut peer = Peer::implicit_tls(Some(server), presented.server_with(&[&TLS12]));
    peer.end_point = Some(known);
    let anyone = TlsOptions::trusting(Roots::DangerAcceptAnyCertificate);
    let mut link = Link::implicit_tls(anyone.client_tls("localhost").unwrap(), peer);
    let policy = LoginPolicy::first_of([Method::ScramSha256]).with_channel_binding(binding);
    link.session.seed([7; 32]);
    let login = Login::new("user", "pencil").unwrap();
    link.session.submit(login.with_policy(policy)).unwrap();
    let mut events = link.run();
    events.retain(|event| !matches!(event, Event::Greeting(_)));
    while link.session.is_computing() {
        link.wait(0);
        events.extend(link.run());
    }
    assert!(link.session.tls().unwrap().unverified);
    events
}

#[test]
fn t_28_relay_with_another_certificate_cannot_log_in() {
    let authority = Authority::new();
    let own = authority.certify(names(&["localhost"]));
    let attackers = Identity::self_signed(&names(&["localhost"]));
    let known = hash_of_certificate(&own);
    for binding in [ChannelBinding::Prefer, ChannelBinding::Require] {
        let events = relayed(known, attackers.clone(), binding);
        let [
            Event::Reply {
                result: Err(error), ..
            },
        ] = &events[..]
        else {
            panic!("{events:?}");
        };
        let text = error.server_text().unwrap().to_string();
        assert_eq!(text, "the channel binding is that of another channel");
        // The same login without the attacker.
        let events = relayed(known, own.clone(), binding);
        assert!(
            matches!(events[..], [Event::Reply { result: Ok(_), .. }]),
            "{events:?}"
        );
    }
    // Without channel binding, the attacker is not detected.
    let events = relayed(known, attackers, ChannelBinding::Off);
    assert!(
        matches!(events[..], [Event::Reply { result: Ok(_), .. }]),
        "{events:?}"
    );
}
