//! Logins with a bearer token that are not in the matrix.

use std::cell::RefCell;
use std::fmt::Write as _;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::rc::Rc;
use std::time::Duration;

use pop3_blocking::{
    Client, Error, Login, Secret, Stream, connect_over,
    error::{Advice, AuthError, Closed},
    login::Method,
};

use super::{bearer, connect, connector, only, rejected, server, wait_for_logins};
use pop3_testkit::dovecot::{Dovecot, expired_token, token};
use pop3_testkit::session::{WAYS, Way};

/// The longest response that Dovecot accepts, from 2.3 to 2.4.4: 8 KiB of base64 without the line
/// end (`LOGIN_MAX_AUTH_BUF_SIZE`). It contains the token and its surrounding fields.
const LONGEST_RESPONSE: usize = 8188 / 4 * 3;

const METHODS: [Method; 2] = [Method::OAuthBearer, Method::XOAuth2];

#[test]
fn oauthbearer_is_preferred_to_xoauth2() {
    let Some(server) = server() else { return };
    let mut client = connect(&server, Way::Stls, None);
    client.login(bearer("anna", token("anna", 0))).unwrap();
    wait_for_logins(&server, "anna", "OAUTHBEARER", 1);
}

#[test]
fn login_with_fresh_token_succeeds_after_expired_token() {
    let Some(server) = server() else { return };
    for method in METHODS {
        let mut client = connect(&server, Way::ImplicitTls, None);
        let expired = expired_token("anna");
        let login = only(method, bearer("anna", expired.clone()));
        let mut shown = format!("{login:?}");
        let error = client.login(login).unwrap_err();
        assert_eq!(error.advice(), Some(Advice::FreshToken), "{method}");
        write!(shown, "{error} {error:?}").unwrap();
        assert!(!shown.contains(&expired), "{shown}");
        assert!(rejected(error).oauth.unwrap().status.is_some());
        client
            .login(only(method, bearer("anna", token("anna", 0))))
            .unwrap();
        assert_eq!(client.stat().unwrap().messages, 0);
    }
}

#[test]
fn fresh_token_is_requested_on_the_same_connection() {
    let Some(server) = server() else { return };
    for method in METHODS {
        for way in WAYS {
            let mut client = connect(&server, way, None);
            let provide = |refused: Option<AuthError>| {
                let text = match refused {
                    None => expired_token("anna"),
                    Some(_) => token("anna", 0),
                };
                Secret::new(text)
            };
            let login = only(method, Login::bearer_on_request("anna").unwrap());
            client.login_with(login, provide).unwrap();
            assert_eq!(client.stat().unwrap().messages, 0);
        }
        wait_for_logins(&server, "anna", &method.to_string(), WAYS.len());
    }
}

#[test]
fn token_of_another_user_is_refused() {
    let Some(server) = server() else { return };
    for method in METHODS {
        let mut client = connect(&server, Way::ImplicitTls, None);
        let of_boris = only(method, bearer("anna", token("boris", 0)));
        // Dovecot 2.3 reports the reason in JSON, 2.4 does not.
        rejected(client.login(of_boris).unwrap_err());
        client
            .login(only(method, bearer("boris", token("boris", 0))))
            .unwrap();
        wait_for_logins(&server, "boris", &method.to_string(), 1);
    }
}

#[test]
fn long_token_is_sent_without_initial_response() {
    let Some(server) = server() else { return };
    for method in METHODS {
        let (mut client, sent) = recorded(&server);
        // Leaves room for the name, the host and the port.
        let long = token("anna", LONGEST_RESPONSE - 100);
        client.login(only(method, bearer("anna", long))).unwrap();
        assert_eq!(client.stat().unwrap().messages, 0);
        let sent = String::from_utf8(sent.take()).unwrap();
        assert!(sent.contains(&format!("AUTH {method}\r\n")), "{sent}");
    }
}

#[test]
fn token_beyond_the_server_limit_ends_the_connection() {
    let Some(server) = server() else { return };
    for method in METHODS {
        let mut client = connect(&server, Way::ImplicitTls, None);
        let login: Login = only(method, bearer("anna", token("anna", 8 << 10)));
        // Dovecot closes without a reply: nothing indicates that the token is invalid.
        let error = client.login(login).unwrap_err();
        assert!(
            matches!(error, Error::Closed(_) | Error::Transport(_)),
            "{error:?}"
        );
        assert!(error.is_fatal());
        assert_ne!(error, Closed::Finished.into());
        assert_eq!(client.stat().unwrap_err(), error);
    }
}

/// Returns a client in cleartext, and what it has sent.
fn recorded(server: &Dovecot) -> (Client<Recorded>, Rc<RefCell<Vec<u8>>>) {
    let connector = connector(server, Way::Clear, None);
    let sent = Rc::default();
    let stream = Recorded {
        stream: TcpStream::connect(("127.0.0.1", server.plain_port())).unwrap(),
        sent: Rc::clone(&sent),
    };
    let client = connect_over(&Way::Clear.endpoint(server), &connector, stream);
    (client.unwrap(), sent)
}

/// A socket that records what is written.
#[derive(Debug)]
struct Recorded {
    stream: TcpStream,
    sent: Rc<RefCell<Vec<u8>>>,
}

impl Read for Recorded {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.read(buffer)
    }
}

impl Write for Recorded {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        let written = self.stream.write(octets)?;
        self.sent.borrow_mut().extend(octets.iter().take(written));
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

impl Stream for Recorded {
    fn set_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.stream.set_timeout(timeout)
    }
}
