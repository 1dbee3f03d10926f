//! T-43: a session over real TLS, with a TLS library that logs at all levels.

use pop3_proto::{
    Event, Login,
    login::{LoginPolicy, Method},
};
use pop3_testkit::needles::Needles;
use pop3_testkit::tls::authority::Authority;
use pop3_testkit::tls::link::Link;
use pop3_testkit::tls::peer::Peer;

use super::log::{Log, capture, captured};
use super::logins::{PASSWORD, secret};

fn needles() -> Needles {
    let mut needles = Needles::default();
    needles.secret("password", PASSWORD.as_bytes());
    needles.response(&base64_of(&format!("\0alice\0{PASSWORD}")));
    needles
}

fn base64_of(text: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(text)
}

/// Runs a login over TLS that ends with this reply. Returns everything that was logged.
fn login(method: Method, reply: &str) -> String {
    let authority = Authority::new();
    let peer = Peer::implicit_tls(None, authority.server());
    let mut link = Link::implicit_tls(authority.client("localhost"), peer);
    let login = Login::password("alice".try_into().unwrap(), secret());
    link.session
        .submit(login.with_policy(LoginPolicy::only(method)))
        .unwrap();
    let mut log = Log::default();
    let answers = ["+OK", "+OK\r\nSASL PLAIN\r\n.", "+OK", reply];
    let sasl = usize::from(method == Method::Plain);
    for answer in answers[..2].iter().chain(&answers[2 + sasl..]) {
        link.peer.say(format!("{answer}\r\n").as_bytes());
        for event in link.run() {
            log.event(&event);
            if let Event::Reply { .. } = event {
                log.debug(&link.session);
            }
        }
        log.debug(&link.session);
        log.connection(&link.session);
    }
    let received = String::from_utf8_lossy(&link.peer.received);
    assert!(received.contains(PASSWORD) || received.contains("AUTH PLAIN A"));
    log.0
}

#[test]
fn t_43_tls_library_logs_no_secret() {
    capture();
    let echo = format!("-ERR bad command: PASS {PASSWORD}");
    for method in [Method::UserPass, Method::Plain] {
        for reply in ["+OK", "-ERR no", "what?", &echo] {
            let log = login(method, reply);
            assert_eq!(needles().found_in(&log), [""; 0], "{log:.3000}");
        }
    }
    let caught = captured();
    assert!(caught.contains("rustls"), "rustls logs records");
    assert_eq!(needles().found_in(&caught), [""; 0]);
}

#[test]
fn log_facade_is_captured() {
    capture();
    ::log::trace!(target: "a-library", "sent {}", "hunter3");
    assert!(captured().contains("a-library sent hunter3"));
}
