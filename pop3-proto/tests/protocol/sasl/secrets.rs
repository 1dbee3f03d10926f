//! Debug and error texts of mechanisms contain no secrets, at any step.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pop3_proto::sasl::{
    Anonymous, Binding, ClientNonce, CramMd5, External, Login, Mechanism, OAuthBearer, Plain,
    Progress, Response, Scram, ScramHash, XOAuth2,
};

use super::{CLIENT_NONCE, scram_for, secret, server_first, user};

const PASSWORD: &str = "hunter2-correct-horse";

/// Everything that can be printed during an exchange, and all responses.
#[derive(Default)]
struct Exchange {
    printed: String,
    sent: Vec<Vec<u8>>,
}

impl Exchange {
    fn print(&mut self, value: &dyn std::fmt::Debug) {
        write!(self.printed, "{value:?} {value:#?} ").expect("writing to a String");
    }

    fn take(&mut self, response: &Response) {
        self.print(response);
        self.sent.push(response.as_bytes().to_vec());
    }

    fn run(mechanism: &mut dyn Mechanism, challenges: &[&[u8]]) -> Self {
        let mut exchange = Self::default();
        exchange.print(&mechanism);
        if let Some(response) = mechanism.initial_response() {
            exchange.take(&response);
        }
        for challenge in challenges {
            exchange.print(&mechanism);
            let mut result = mechanism.respond(challenge);
            loop {
                exchange.print(&result);
                exchange.print(&mechanism);
                match &result {
                    Ok(Progress::Work) => result = mechanism.work(),
                    Ok(Progress::Respond(response)) => {
                        exchange.take(response);
                        break;
                    }
                    Err(error) => {
                        write!(exchange.printed, "{error}").expect("writing to a String");
                        break;
                    }
                }
            }
        }
        let refused = mechanism.refused();
        exchange.print(&refused);
        if let Some(error) = refused {
            write!(exchange.printed, "{error}").expect("writing to a String");
        }
        let finished = mechanism.finish();
        exchange.print(&finished);
        exchange.print(&mechanism);
        exchange
    }

    /// Asserts that a secret was not printed as text, in base64, in hexadecimal or as a list.
    fn assert_hides(&self, what: &[u8]) {
        let hex: String = what.iter().map(|octet| format!("{octet:02x}")).collect();
        let list = format!("{what:?}");
        for form in [
            String::from_utf8_lossy(what).into_owned(),
            STANDARD.encode(what),
            hex,
            list.trim_matches(['[', ']']).to_owned(),
        ] {
            assert!(!self.printed.contains(&form), "{form} in {}", self.printed);
        }
    }
}

#[test]
fn password_and_digest_are_not_printed() {
    let (name, password) = (user("someone"), secret(PASSWORD));
    let mechanisms: [Box<dyn Mechanism>; 4] = [
        Box::new(Plain::new(&name, &password)),
        Box::new(Plain::acting_as(&name, &name, &password)),
        Box::new(Login::new(&name, &password)),
        Box::new(CramMd5::new(&name, &password)),
    ];
    for mut mechanism in mechanisms {
        // More challenges than any of these mechanisms answers.
        let exchange = Exchange::run(&mut *mechanism, &[b"<1@a>", b"<2@a>", b"<3@a>"]);
        exchange.assert_hides(PASSWORD.as_bytes());
        let last = exchange.sent.last().expect("a response");
        exchange.assert_hides(last);
        let digest = last.rsplit(|&octet| octet == b' ').next().expect("a part");
        exchange.assert_hides(digest);
    }
}

#[test]
fn scram_secrets_are_not_printed() {
    for hash in [ScramHash::Sha1, ScramHash::Sha256, ScramHash::Sha512] {
        for last in ["v=AAAA", "e=invalid-proof", ""] {
            let mut scram = scram_for(hash, "someone", PASSWORD)
                .with_iterations(1..=20_000)
                .with_binding(Binding::TlsExporter([0xc5; 32]));
            let first = server_first(10_002);
            let exchange = Exchange::run(&mut scram, &[first.as_bytes(), last.as_bytes()]);
            exchange.assert_hides(PASSWORD.as_bytes());
            exchange.assert_hides(CLIENT_NONCE.as_bytes());
            exchange.assert_hides(&[0xc5; 32]);
            let proof = exchange.sent.last().expect("a proof");
            exchange.assert_hides(proof);
            let proof = String::from_utf8_lossy(proof);
            let (_, proof) = proof.rsplit_once(",p=").expect("a proof");
            exchange.assert_hides(proof.as_bytes());
            exchange.assert_hides(&STANDARD.decode(proof).expect("base64"));
        }
    }
}

#[test]
fn token_is_not_printed() {
    let token = secret(PASSWORD);
    let mechanisms: [Box<dyn Mechanism>; 2] = [
        Box::new(
            OAuthBearer::new(&token)
                .expect("a token")
                .with_authzid(&user("u")),
        ),
        Box::new(XOAuth2::new(&user("u"), &token).expect("a token")),
    ];
    for mut mechanism in mechanisms {
        let echo = format!(r#"{{"status":"{PASSWORD} is stale"}}"#);
        let exchange = Exchange::run(&mut *mechanism, &[echo.as_bytes(), echo.as_bytes()]);
        exchange.assert_hides(PASSWORD.as_bytes());
        exchange.assert_hides(exchange.sent.first().expect("the token"));
        assert!(exchange.printed.contains("<redacted> is stale"));
    }
}

#[test]
fn debug_of_responses_and_bindings_hides_contents() {
    assert_eq!(format!("{:?}", Response::new(PASSWORD)), "Response(..)");
    assert_eq!(format!("{:?}", Response::empty()), "Response(..)");
    let nonce = ClientNonce::new(PASSWORD).expect("a nonce");
    assert_eq!(format!("{nonce:?}"), "ClientNonce(..)");
    let binding = Binding::TlsExporter([7; 32]);
    assert_eq!(format!("{binding:?}"), "TlsExporter(..)");
    let progress = Progress::Respond(Response::new(PASSWORD));
    assert_eq!(format!("{progress:?}"), "Respond(Response(..))");
}

#[test]
fn debug_of_mechanisms_shows_name_and_state() {
    let scram = scram_for(ScramHash::Sha256, "someone", PASSWORD);
    assert_eq!(
        format!("{scram:?}"),
        r#"Scram { name: "SCRAM-SHA-256", username: "someone", state: First, .. }"#
    );
    let cram = CramMd5::new(&user("someone"), &secret(PASSWORD));
    assert_eq!(
        format!("{cram:?}"),
        r#"CramMd5 { username: Username("someone"), answered: false, .. }"#
    );
    let external = External::new(None);
    assert_eq!(
        format!("{external:?}"),
        "External(OneMessage(Some(Response(..))))"
    );
    let anonymous = Anonymous::new("x").expect("a trace");
    assert!(format!("{anonymous:?}").starts_with("Anonymous"));
}

#[test]
fn mechanisms_are_send() {
    fn send<T: Send>() {}
    send::<Box<dyn Mechanism>>();
    send::<Scram>();
}
