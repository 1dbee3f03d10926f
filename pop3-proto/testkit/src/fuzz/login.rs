//! Runs a login to a conforming server through an attacker who changes, drops and adds lines.
//! Checks whether the client is logged in, and that the secret is not printed.

use pop3_proto::{
    Channel, Connection, Error, Event, Login, Phase,
    error::AuthError,
    login::{ChannelBinding, Credentials, LoginPolicy, Method},
    reply::Reply,
};

use super::attacker::Attacker;
use super::commands::{Asked, Kind, login_by, secret, user};
use super::driver::Driver;
use super::script::{Step, steps};
use super::setup::{setup, with_few_iterations};
use super::{SECRET, contains};

/// The secret in base64, without the last octet.
const ENCODED: &str = "b3Blbi1zZXNhbW";

/// Runs an input: an octet for the setup, one for the login, then a [script](super::script). In the
/// script, 0x80 to 0x8f forward the server's next line, and 0x90 to 0x9f forward everything that it
/// has sent. 0xa0 to 0xaf drop a line.
pub fn login(data: &[u8]) -> usize {
    let Some((&[bits, which], script)) = data.split_first_chunk() else {
        return 0;
    };
    let (config, channel) = setup(bits);
    let small = bits & 2 != 0;
    let mut driver = Driver::new(config, channel);
    driver.ledger.secret_is_out = true;
    let method = Method::all().nth(which.into());
    let (login, scram) = some_login(which);
    let ticket = driver.connection.submit(login).unwrap();
    driver.ledger.ask(Asked::new(ticket, Kind::Login));
    let mut session = LoginSession {
        attacker: Attacker::new(channel == Channel::ImplicitTls),
        driver,
        scram,
        is_static: method.is_some_and(is_static),
        has_secret: !matches!(method, Some(Method::External | Method::Anonymous)),
        received: 0,
        result: None,
    };
    if channel == Channel::ImplicitTls {
        session.happen(&Step::Tls { exporter: true });
    }
    let steps = steps(script);
    for step in &steps {
        session.happen(step);
    }
    let conforming = |step: &Step| matches!(step, Step::Submit(_) | Step::Pause);
    if let Some(method) = method
        && !small
        && steps.iter().all(conforming)
    {
        session.succeed(method);
    }
    session.assert_attempts(if which < 15 { 1 } else { 3 });
    session.driver.ledger.events
}

/// Returns the login with this number, and whether it uses only SCRAM.
fn some_login(which: u8) -> (Login, bool) {
    if let Some(method) = Method::all().nth(which.into()) {
        return (login_by(method), method.to_string().starts_with("SCRAM"));
    }
    let three = [Method::ScramSha256, Method::CramMd5, Method::Plain];
    let policy = match which {
        12 => LoginPolicy::default(),
        13 => LoginPolicy::scram().with_channel_binding(ChannelBinding::Require),
        14 => LoginPolicy::scram().with_channel_binding(ChannelBinding::Prefer),
        15 => LoginPolicy::each_of(three),
        16 => LoginPolicy::twisted(),
        _ => return (with_tokens(), false),
    };
    let login = Login::password(user(), secret()).with_policy(with_few_iterations(policy));
    (login, matches!(which, 13 | 14))
}

fn with_tokens() -> Login {
    let username = user();
    Login::with(Credentials::TokenOnRequest { username })
}

/// A client, a server, and the attacker between them.
struct LoginSession {
    driver: Driver,
    attacker: Attacker,
    /// Whether the login uses only SCRAM.
    scram: bool,
    /// Whether the method sends the same octets to every server.
    is_static: bool,
    /// Whether the login uses a password or a token.
    has_secret: bool,
    /// How many of the client's octets the server has received.
    received: usize,
    /// The result of the login.
    result: Option<Result<Reply, Error>>,
}

impl LoginSession {
    fn happen(&mut self, step: &Step) {
        match step {
            Step::Server(lines) => self.deliver(&lines.clone()),
            Step::Submit(0..16) => {
                let line = self.attacker.line();
                self.deliver(&line);
            }
            Step::Submit(_) => {
                let rest = self.attacker.rest();
                self.deliver(&rest);
            }
            Step::AbandonOne(_) | Step::AbandonLast(_) => drop(self.attacker.line()),
            Step::Tls { .. } if self.driver.connection.wants_tls() => {
                self.driver.happen(step);
                self.attacker.tls();
            }
            step => self.driver.happen(step),
        }
        self.settle();
    }

    fn deliver(&mut self, mut octets: &[u8]) {
        while !octets.is_empty() {
            self.take_events();
            match self.driver.receive(octets) {
                0 => return,
                taken => octets = &octets[taken..],
            }
        }
    }

    fn settle(&mut self) {
        loop {
            self.take_events();
            if !self.driver.act() {
                break;
            }
        }
        let sent = &self.driver.ledger.sent;
        self.attacker.receive(&sent[self.received..]);
        self.received = sent.len();
    }

    fn take_events(&mut self) {
        while let Some(event) = self.driver.poll() {
            self.look_at(&event);
            if let Event::TokenWanted { id, .. } = event {
                let connection = &mut self.driver.connection;
                assert_eq!(connection.poll_timeout(), None);
                if let Err(error) = connection.provide_token(id, Ok(secret())) {
                    // The server may close the connection before the token is provided.
                    assert_eq!(connection.error(), Some(&error));
                }
            }
        }
    }

    fn look_at(&mut self, event: &Event) {
        let connection = &self.driver.connection;
        assert!(!self.scram || !is_logged_in(connection) || self.attacker.has_proved());
        let Event::Reply { result, .. } = event else {
            return;
        };
        assert!(self.result.is_none(), "one login");
        match result {
            Ok(reply) => {
                assert!(matches!(reply, Reply::Status(_)));
                assert_ne!(connection.phase(), Phase::Authorization);
                // Even if the attacker has sent the +OK, the client has sent everything that the
                // server needs for a login.
                assert!(!self.is_static || self.attacker.has_logged_in());
            }
            Err(error) => {
                assert!(!is_logged_in(connection), "logged in despite {error}");
                let sent = &self.driver.ledger.sent;
                if ["PASS ", "AUTH ", "APOP "]
                    .iter()
                    .any(|verb| contains(sent, verb.as_bytes()))
                {
                    let shown = format!("{error} {error:?} {:?}", connection.login_plan());
                    // An attacker who knows the secret from elsewhere may send it.
                    let secret = self.has_secret && shown.contains(SECRET);
                    let encoded = contains(sent, ENCODED.as_bytes()) && shown.contains(ENCODED);
                    assert!(!secret && !encoded, "{shown}");
                }
            }
        }
        self.result = Some(result.clone());
    }

    /// Checks that the login succeeds with every method if the attacker only forwards lines.
    fn succeed(&mut self, method: Method) {
        for _ in 0..12 {
            self.happen(&Step::Submit(16));
            self.happen(&Step::Tls { exporter: true });
        }
        match self.result.as_ref().expect("the server has answered") {
            Ok(_) => {}
            // A challenge that was sent in cleartext may be forged.
            Err(Error::Auth(error)) if method == Method::Apop => {
                assert!(matches!(**error, AuthError::NoSafeLogin(_)));
                assert_eq!(self.driver.connection.channel(), Channel::Plain);
            }
            Err(error) => panic!("{method}: {error}"),
        }
    }

    /// Asserts that the client made at most this many login attempts. The server counts each one
    /// with a wrong password as a failure.
    fn assert_attempts(&self, most: usize) {
        let lines = self.driver.ledger.sent.split(|&octet| octet == b'\n');
        let is_attempt = |line: &&[u8]| {
            let verbs = ["AUTH ", "APOP ", "USER "].map(str::as_bytes);
            verbs.into_iter().any(|verb| line.starts_with(verb))
        };
        assert!(lines.filter(is_attempt).count() <= most);
    }
}

fn is_static(method: Method) -> bool {
    use Method::{Anonymous, External, Login, OAuthBearer, Plain, UserPass, XOAuth2};
    matches!(
        method,
        Anonymous | External | Login | OAuthBearer | Plain | UserPass | XOAuth2
    )
}

fn is_logged_in(connection: &Connection) -> bool {
    connection.phase() == Phase::Transaction
}
