//! I9: no printed value contains a secret, even if the server echoes it. The secret is searched for
//! unchanged, in base64, as a digest and as it was sent.
//!
//! Octets before and after an `+OK` reply are left out: in a multi-line reply they are data, which
//! is not redacted.

use core::fmt::Debug;

use pop3_proto::{Error, Event};
use proptest::prelude::*;

use super::case::{Answer, Case, PASSWORD, TOKEN};
use super::check;
use super::client::Client;
use super::strategies::{any_answer, case, pieces};
use pop3_testkit::needles::Needles;

/// Everything that an application could log, in each format.
#[derive(Default)]
struct Printed(String);

impl Printed {
    fn debug(&mut self, value: &impl Debug) {
        self.0.push_str(&format!("{value:?}\n{value:#?}\n"));
    }

    fn error(&mut self, error: &Error) {
        self.debug(error);
        self.0.push_str(&format!("{error}\n{error:#}\n"));
        let mut source = core::error::Error::source(error);
        while let Some(inner) = source {
            self.0.push_str(&format!("{inner}\n{inner:?}\n"));
            source = inner.source();
        }
    }

    fn client(&mut self, client: &Client) {
        self.debug(&client.connection);
        for event in &client.events {
            self.debug(event);
            match event {
                Event::Reply {
                    result: Err(error), ..
                }
                | Event::BodyEnd {
                    result: Err(error), ..
                }
                | Event::Closed(Err(error)) => self.error(error),
                _ => {}
            }
        }
        if let Some(plan) = client.connection.login_plan() {
            self.debug(plan);
            self.0.push_str(&format!("{plan}\n{plan:#}\n"));
        }
        if let Some(error) = client.connection.error() {
            self.error(error);
        }
    }
}

/// Returns the secrets and everything that was derived from them and sent.
fn secrets(client: &Client) -> Needles {
    let mut needles = Needles::default();
    for secret in [PASSWORD, TOKEN, "wrong-password", "ya29.stale-token"] {
        needles.secret(secret, secret.as_bytes());
    }
    let public = ["CAPA", "STLS", "USER", "QUIT", "XTND"];
    for line in client.lines() {
        let mut words = line.splitn(3, ' ');
        match (words.next().unwrap_or_default(), words.next(), words.next()) {
            ("PASS", Some(_), _) => needles.line(&line),
            ("APOP", Some(_), Some(digest)) => needles.secret("digest", digest.as_bytes()),
            ("AUTH", Some(_), Some(response)) => needles.response(response),
            (response, None, _) if !public.contains(&response) => needles.response(response),
            _ => {}
        }
    }
    needles
}

/// Cases in which the server mostly echoes what it receives.
fn echoing() -> impl Strategy<Value = Case> {
    let echo = proptest::sample::select(&["", "what? ", "[AUTH] ", "A", "+OK ", "+OK what? "][..]);
    let not_good = any_answer().prop_filter("data is not redacted", |answer| {
        !matches!(answer, Answer::After(_) | Answer::Before(_))
    });
    let answer = prop_oneof![3 => not_good, 1 => echo.prop_map(Answer::Echo)];
    case(proptest::collection::vec(answer, 0..12))
}

#[test]
fn i09_printed_values_contain_no_secret() {
    check(
        100,
        (echoing(), pieces(), any::<bool>()),
        |(case, pieces, pipelined)| {
            let mut client = Client::new(&case);
            let mut printed = Printed::default();
            let mut pieces = pieces.sizes();
            while client.ask() {
                // Octets that are waiting to be sent are printed too.
                printed.debug(&client.connection);
                if !pipelined {
                    client.run(&mut pieces)?;
                    printed.client(&client);
                }
            }
            client.run(&mut pieces)?;
            client.finish()?;
            printed.client(&client);
            let found = secrets(&client).found_in(&printed.0).join(", ");
            client.ensure(found.is_empty(), format!("printed: {found}"))
        },
    );
}
