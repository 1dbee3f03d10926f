//! Every login method over every channel, with valid and with invalid credentials.

use std::fmt::Write as _;
use std::net::TcpStream;
use std::thread;

use pop3_blocking::{
    Client, Error, Login, Username,
    error::{Advice, AuthError},
    login::Method,
};

use super::{bearer, connect, only, server, wait_for_logins};
use pop3_testkit::dovecot::{Dovecot, OPENID_CONFIGURATION, forged_token, token};
use pop3_testkit::session::{Way, login};

/// A row of the table.
struct Row {
    method: Method,
    /// What the server logs about it.
    logged: &'static str,
    proof: Proof,
    /// The channel on which it cannot work.
    never: Option<(Way, Never)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Never {
    /// The client sends nothing. Contains a part of the reason.
    Sent(&'static str),
    /// The server refuses valid and invalid credentials.
    Accepted,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Proof {
    Password,
    /// Contains the status that the server sends for an invalid token.
    Token(&'static str),
    /// The invalid login requests the maildrop of another user.
    Certificate,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Given {
    Right,
    Wrong,
}

const GIVEN: [Given; 2] = [Given::Right, Given::Wrong];

#[rustfmt::skip]
const TABLE: [Row; 10] = [
    Row { method: Method::ScramSha256, logged: "SCRAM-SHA-256", proof: Proof::Password, never: None },
    Row { method: Method::ScramSha1, logged: "SCRAM-SHA-1", proof: Proof::Password, never: None },
    Row { method: Method::CramMd5, logged: "CRAM-MD5", proof: Proof::Password, never: None },
    Row { method: Method::Plain, logged: "PLAIN", proof: Proof::Password, never: None },
    Row { method: Method::Login, logged: "LOGIN", proof: Proof::Password, never: None },
    Row { method: Method::UserPass, logged: "PLAIN", proof: Proof::Password, never: None },
    Row { method: Method::Apop, logged: "APOP", proof: Proof::Password, never: Some((Way::Stls, Never::Sent("received unencrypted"))) },
    Row { method: Method::OAuthBearer, logged: "OAUTHBEARER", proof: Proof::Token("invalid_token"), never: None },
    Row { method: Method::XOAuth2, logged: "XOAUTH2", proof: Proof::Token("401"), never: None },
    Row { method: Method::External, logged: "EXTERNAL", proof: Proof::Certificate, never: Some((Way::Clear, Never::Accepted)) },
];

#[test]
fn every_method_works_in_cleartext_and_reports_refusal() {
    fill_in(Way::Clear);
}

#[test]
fn every_method_works_after_stls_and_reports_refusal() {
    fill_in(Way::Stls);
}

#[test]
fn every_method_works_with_tls_and_reports_refusal() {
    fill_in(Way::ImplicitTls);
}

/// Runs a table for a channel, prints it, and fails if a cell has the wrong result.
#[track_caller]
fn fill_in(way: Way) {
    let Some(server) = server() else { return };
    // In parallel, because Dovecot 2.3 delays a refusal by up to half a second.
    let cells: Vec<_> = thread::scope(|scope| {
        let server = &server;
        let start = |row| GIVEN.map(|given| scope.spawn(move || try_out(server, way, row, given)));
        let cells: Vec<_> = TABLE.iter().map(start).collect();
        let end = |cell: thread::ScopedJoinHandle<'_, _>| {
            cell.join().unwrap_or_else(|_| Err("it panicked".into()))
        };
        cells.into_iter().map(|cells| cells.map(end)).collect()
    });

    let mut shown = format!(
        "\n{:<16}{:<24}wrong, then right\n",
        format!("{way:?}"),
        "right"
    );
    let mut failures = String::new();
    for (row, cells) in TABLE.iter().zip(&cells) {
        write!(shown, "{:<16}", row.method.to_string()).unwrap();
        for (given, cell) in GIVEN.iter().zip(cells) {
            write!(shown, "{:<24}", cell.as_deref().unwrap_or("FAILED")).unwrap();
            if let Err(reason) = cell {
                let method = row.method;
                writeln!(failures, "{method} over {way:?}, {given:?} given: {reason}").unwrap();
            }
        }
        shown.push('\n');
    }
    println!("{shown}");
    assert!(failures.is_empty(), "\n{failures}\n{}", server.log());

    // The server logged the same mechanism.
    for row in TABLE.iter().filter(|row| row.never_works(way).is_none()) {
        let alike = TABLE.iter().filter(|other| other.logged == row.logged);
        wait_for_logins(&server, "anna", row.logged, GIVEN.len() * alike.count());
    }
}

/// Runs one cell. Returns its result, or what is wrong with it.
fn try_out(server: &Dovecot, way: Way, row: &Row, given: Given) -> Result<String, String> {
    let mut client = row.connect(server, way);
    if let Some(never) = row.never_works(way) {
        let error = refused(&mut client, row.login(given))?;
        client.capa().map_err(|error| format!("CAPA: {error}"))?;
        return match never {
            Never::Accepted => row.check_refusal(&error),
            Never::Sent(reason) => check_not_sent(&error, reason),
        };
    }
    let mut result = String::new();
    if given == Given::Wrong {
        let error = refused(&mut client, row.login(Given::Wrong))?;
        result = row.check_refusal(&error)? + ", ";
        client.capa().map_err(|error| format!("CAPA: {error}"))?;
        // The same connection is used again.
    }
    client
        .login(row.login(Given::Right))
        .map_err(|error| format!("no login: {error}"))?;
    let stat = client.stat().map_err(|error| format!("STAT: {error}"))?;
    check(stat.messages == 0, || format!("{stat:?}"))?;
    let end = client.quit().map_err(|error| format!("QUIT: {error}"))?;
    check(end.is_committed(), || format!("{end:?}"))?;
    Ok(result + "logged in")
}

fn refused(client: &mut Client<TcpStream>, login: Login) -> Result<Error, String> {
    let error = client.login(login).err();
    let error = error.ok_or("the login succeeded")?;
    check(!error.is_fatal(), || format!("fatal: {error:?}"))?;
    Ok(error)
}

impl Row {
    fn never_works(&self, way: Way) -> Option<Never> {
        let (never_over, never) = self.never?;
        (never_over == way).then_some(never)
    }

    fn connect(&self, server: &Dovecot, way: Way) -> Client<TcpStream> {
        // Only EXTERNAL needs a certificate. With other methods, the name in it would take
        // precedence.
        let certificate =
            (self.proof == Proof::Certificate).then(|| server.client_certificate("anna"));
        connect(server, way, certificate)
    }

    fn login(&self, given: Given) -> Login {
        let login = match (self.proof, given) {
            (Proof::Password, Given::Right) => login("anna", "secret"),
            (Proof::Password, Given::Wrong) => login("anna", "Secret"),
            (Proof::Token(_), Given::Right) => bearer("anna", token("anna", 0)),
            (Proof::Token(_), Given::Wrong) => bearer("anna", forged_token("anna")),
            (Proof::Certificate, Given::Right) => Login::certificate(),
            (Proof::Certificate, Given::Wrong) => {
                Login::certificate().acting_as(Username::new("boris").expect("user"))
            }
        };
        only(self.method, login)
    }

    /// Checks that the refusal has all details, and returns what to print of it.
    fn check_refusal(&self, error: &Error) -> Result<String, String> {
        let AuthError::Rejected(rejected) = about_login(error)? else {
            return Err(format!("not a refusal: {error:?}"));
        };
        check(rejected.method == self.method, || format!("{rejected:?}"))?;
        let Proof::Token(expected) = self.proof else {
            check(rejected.advice == Advice::CheckCredentials, || {
                format!("{rejected:?}")
            })?;
            check(rejected.oauth.is_none(), || format!("{rejected:?}"))?;
            return Ok("refused".into());
        };
        check(rejected.advice == Advice::FreshToken, || {
            format!("{rejected:?}")
        })?;
        let oauth = rejected.oauth.as_ref().ok_or("no OAuth error")?;
        let status = oauth.status.as_ref().ok_or("no status")?.to_string();
        check(status == expected, || format!("status {status}"))?;
        let place = oauth.openid_configuration.as_ref().map(ToString::to_string);
        check(place.as_deref() == Some(OPENID_CONFIGURATION), || {
            format!("{place:?}")
        })?;
        Ok(status)
    }
}

fn check_not_sent(error: &Error, reason: &str) -> Result<String, String> {
    let AuthError::NoSafeLogin(_) = about_login(error)? else {
        return Err(format!("sent nevertheless: {error:?}"));
    };
    let text = error.to_string();
    check(text.contains(reason), || format!("the reason is {text:?}"))?;
    Ok("not sent".into())
}

fn about_login(error: &Error) -> Result<&AuthError, String> {
    match error {
        Error::Auth(error) => Ok(error),
        error => Err(format!("not about the login: {error:?}")),
    }
}

fn check(condition: bool, otherwise: impl FnOnce() -> String) -> Result<(), String> {
    if condition { Ok(()) } else { Err(otherwise()) }
}
