//! Logins in a build without the features `std`, `scram`, `oauth` and `url`.

use pop3_proto::config::CapaPolicy;
use pop3_proto::login::{LoginPolicy, Method};
use pop3_proto::reply::Reply;
use pop3_proto::{Channel, Config, Connection, Error, Event, Instant, Login};

const NOW: Instant = Instant::ORIGIN;

fn connection() -> Connection {
    let mut config = Config::default();
    config.capa = CapaPolicy::Never;
    Connection::new(config, Channel::TrustedByCaller, NOW)
}

/// Submits a login and answers each line that is sent with the next reply.
fn log_in(login: Login, replies: &[&str]) -> Result<Reply, Error> {
    let mut connection = connection();
    connection.submit(login)?;
    let mut result = None;
    for reply in ["+OK ready"].iter().chain(replies) {
        let room = connection.recv_buffer().expect("the connection reads");
        let line = format!("{reply}\r\n");
        room[..line.len()].copy_from_slice(line.as_bytes());
        connection.received(line.len(), NOW);
        while let Some(event) = connection.poll_event() {
            if let Event::Reply { result: login, .. } = event {
                result = Some(login);
            }
        }
        let octets = connection.transmit().len();
        connection.transmitted(octets, NOW);
    }
    result.expect("the login ended")
}

#[test]
fn plan_names_missing_features() {
    println!("an idle connection: {} octets", size_of::<Connection>());
    let password = Login::new("joe", "secret").expect("ASCII");
    let plan = connection().plan_login(&password).to_string();
    let missing = "SCRAM-SHA-1: not included in this build: enable the feature `scram` of pop3-proto";
    assert!(plan.contains(missing), "{plan}");
    let token = Login::bearer("joe", "token").expect("ASCII");
    let plan = connection().plan_login(&token).to_string();
    let missing = "XOAUTH2: not included in this build: enable the feature `oauth` of pop3-proto";
    assert!(plan.contains(missing), "{plan}");
}

#[test]
fn password_login_succeeds() {
    let login = Login::new("joe", "secret").expect("ASCII");
    assert!(log_in(login, &["+OK", "+OK logged in"]).is_ok());
}

#[test]
fn methods_of_missing_features_are_not_tried() {
    for method in [Method::ScramSha256, Method::OAuthBearer] {
        let login = Login::new("joe", "secret").expect("ASCII");
        let login = login.with_policy(LoginPolicy::only(method));
        let error = log_in(login, &[]).expect_err("no method is left");
        assert!(matches!(error, Error::Auth(_)), "{error:?}");
    }
}

#[test]
fn escaped_password_in_a_challenge_is_redacted() {
    let login = Login::new("joe", "kQ7~vXz2pass").expect("ASCII");
    // {"status":"400","hint":"kQ7\u007evXz2pass"}
    let challenge = "+ eyJzdGF0dXMiOiI0MDAiLCJoaW50Ijoia1E3XHUwMDdldlh6MnBhc3MifQ==";
    let error = log_in(login, &["+OK", challenge, "-ERR no"]).expect_err("it was refused");
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains("vXz2pass"), "{shown}");
    assert!(shown.contains("<redacted>"), "{shown}");
}
