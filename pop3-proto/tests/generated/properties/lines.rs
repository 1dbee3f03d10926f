//! The client sends one line for each command, and only commands that were requested.

use pop3_proto::{
    Channel, Error, Secret, Username,
    command::{Apop, Command, Pass, Raw, User},
    error::Misuse,
    login::{LoginPolicy, Method},
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::client::Client;
use super::strategies::{Pieces, any_answers, case, pieces, plain_case};
use super::{Verdict, check};

/// Checks that all sent octets are lines without embedded CR, LF or NUL.
fn is_lines(client: &Client) -> Verdict {
    let mut rest = client.sent.as_slice();
    while let Some(end) = rest
        .iter()
        .position(|octet| matches!(octet, b'\r' | b'\n' | 0))
    {
        client.ensure(
            rest[end..].starts_with(b"\r\n"),
            "sent a bare CR, LF or NUL",
        )?;
        rest = &rest[end + 2..];
    }
    client.ensure(rest.is_empty(), "sent a partial line")
}

/// I1: no sent octet is CR, LF or NUL, except for the CRLF after each command.
#[test]
fn i01_sent_octets_are_lines_ending_in_crlf() {
    check(200, (case(any_answers()), pieces()), |(case, pieces)| {
        let client = Client::completed(&case, &pieces)?;
        is_lines(&client)
    });
}

/// Arguments that contain line ends, or octets that resemble them.
fn words() -> impl Strategy<Value = String> {
    let words = [
        "\r\n", "\n", "\r", "\0", "DELE 1", "QUIT", " ", "a", "\t", "ü", "\u{85}", "\u{2028}",
    ];
    vec(select(words.to_vec()), 1..6).prop_map(|words| words.concat())
}

/// Submits a command if it can be built. Returns whether it was built.
fn ask<C: Command>(client: &mut Client, command: Result<C, Misuse>) -> Result<bool, Error> {
    let Ok(command) = command else {
        return Ok(false);
    };
    client.connection.submit(command)?;
    Ok(true)
}

/// I1 for arguments that callers take from untrusted input: an argument is part of one line, or
/// cannot be built.
#[test]
fn i01_arguments_cannot_contain_line_ends() {
    check(400, (0..8usize, words(), words()), |(which, one, other)| {
        let mut case = plain_case();
        case.client.channel = Channel::TrustedByCaller;
        let mut client = Client::new(&case);
        client.run(Pieces::WHOLE.sizes())?;
        let name = || Username::new(one.as_str());
        let secret = || Secret::new(other.as_str());
        let login = |method| {
            let login = pop3_proto::Login::password(name()?, secret()?);
            Ok(login.with_policy(LoginPolicy::only(method)))
        };
        let before = client.lines().len();
        let connection = &mut client;
        let asked = match which {
            0 => ask(connection, name().map(User)),
            1 => {
                let alice = Username::new("alice").map(User);
                ask(connection, alice).and_then(|_| ask(connection, secret().map(Pass)))
            }
            2 => ask(
                connection,
                name().and_then(|name| Apop::new(name, secret()?)),
            ),
            3 => ask(connection, Raw::short(format!("XTND {one}"))),
            4 => ask(connection, Raw::long(one.as_str())),
            5 => ask(connection, login(Method::UserPass)),
            6 => ask(connection, login(Method::Plain)),
            _ => ask(connection, login(Method::CramMd5)),
        };
        client.run(Pieces::WHOLE.sizes())?;
        is_lines(&client)?;
        let most = match (which, asked) {
            (1, Ok(false)) => 1,
            (_, Ok(false) | Err(_)) => 0,
            (1, Ok(true)) => 2,
            (0 | 2 | 3 | 4, Ok(true)) => 1,
            // CAPA before and after the login, and two or three lines for the login.
            (_, Ok(true)) => 5,
        };
        let lines = client.lines().split_off(before);
        client.ensure(lines.len() <= most, format!("{lines:?} for one command"))?;
        let injected = lines
            .iter()
            .any(|line| line.starts_with("DELE") || line == "QUIT");
        client.ensure(!injected, "an argument became a command")
    });
}

/// I8: `DELE` and `QUIT` are sent only if they were requested, and not more often than requested.
/// Closing a connection never sends them.
#[test]
fn i08_dele_and_quit_are_sent_only_on_request() {
    check(250, (case(any_answers()), pieces()), |(case, pieces)| {
        let client = Client::completed(&case, &pieces)?;
        for command in ["dele 1", "dele 2", "quit"] {
            let is_it = |line: &&String| line.eq_ignore_ascii_case(command);
            let sent = client.lines().iter().filter(is_it).count();
            let asked = case.ops.iter().filter(is_it).count();
            client.ensure(sent <= asked, format!("sent {command} {sent} times"))?;
        }
        Ok(())
    });
}
