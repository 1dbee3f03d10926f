//! STLS discards all cleartext state: nothing is transferred during the handshake, and octets from
//! before it have no effect.

use pop3_proto::{Error, Event, error::SecurityError, tls::TlsInfo};
use proptest::prelude::*;
use proptest::sample::select;

use super::case::Answer;
use super::check;
use super::client::Client;
use super::strategies::{Pieces, any_answers, case, octets, pieces, plain_case};

const UPGRADES: [&str; 2] = ["stls", "login alice correct-horse only=PLAIN"];

/// I3: between `STLS` and the end of the handshake nothing is sent, for any requests, at any time,
/// and for any octets from the server.
#[test]
fn i03_nothing_is_sent_between_stls_and_tls() {
    let strategy = (case(any_answers()), select(&UPGRADES[..]), pieces());
    check(250, strategy, |(mut case, upgrade, pieces)| {
        case.client.channel = pop3_proto::Channel::Plain;
        case.server.stls = true;
        case.ops.insert(0, upgrade.to_owned());
        let mut client = Client::new(&case);
        while client.ask() {}
        let mut pieces = pieces.sizes();
        // Like `run`, but checks what was sent instead of doing a handshake.
        while !client.connection.wants_tls() {
            let moved = client.poll() || client.send(usize::MAX) || client.tick();
            if !moved && !client.receive(pieces.next().unwrap_or(usize::MAX)) {
                break;
            }
            client.check_state()?;
        }
        let lines = client.lines();
        let stls = lines.iter().position(|line| line == "STLS");
        let Some(stls) = stls else {
            return client.ensure(!client.connection.wants_tls(), "TLS without STLS");
        };
        // The client sends more only if the server refused STLS.
        let accepted = client.connection.wants_tls();
        client.ensure(!accepted || lines.len() == stls + 1, "sent after STLS")?;
        if accepted {
            let _ = client.connection.submit(pop3_proto::Quit);
            let _ = client.connection.submit(pop3_proto::command::Capa);
            client.wait(core::time::Duration::from_secs(1));
            client.connection.received(7, client.now);
            client.poll();
            client.check_state()?;
            let sent = client.send(usize::MAX);
            client.ensure(!sent, "sent during the handshake")?;
        }
        Ok(())
    });
}

/// I4: what was learnt in cleartext is discarded, and octets after the `+OK` to `STLS` are an error
/// before the handshake, not a reply after it.
#[test]
fn i04_cleartext_state_and_octets_are_discarded_at_tls() {
    let strategy = (octets(), select(&UPGRADES[..]), any::<bool>());
    check(200, strategy, |(surplus, upgrade, with_the_reply)| {
        let mut case = plain_case();
        case.ops = vec![upgrade.to_owned()];
        case.answers = vec![Answer::Proper; 2];
        if with_the_reply {
            case.answers.push(Answer::After(surplus.clone()));
        }
        let mut client = Client::new(&case);
        while client.ask() {}
        while !client.connection.wants_tls() {
            let moved = client.poll() || client.send(usize::MAX) || client.receive(usize::MAX);
            if !moved {
                break;
            }
        }
        if with_the_reply && !surplus.is_empty() {
            let reported = client.connection.error();
            let injected = matches!(reported, Some(Error::Security(why))
                if matches!(**why, SecurityError::ResponseInjection));
            return client.ensure(injected, format!("{reported:?}"));
        }
        client.ensure(client.connection.wants_tls(), "no TLS")?;
        // Octets that the caller has read ahead are ignored here.
        client.connection.received(surplus.len(), client.now);
        client
            .connection
            .tls_established(TlsInfo::default(), client.now);
        let connection = &client.connection;
        client.ensure(connection.greeting().is_none(), "the greeting was kept")?;
        client.ensure(
            connection.capabilities().is_none(),
            "the capabilities were kept",
        )?;

        // From now on, the client processes only the octets that the server sends inside TLS.
        client.peer.tls();
        let reported = client.events.len();
        client.run(Pieces::WHOLE.sizes())?;
        let synchronized = client.events[reported..]
            .iter()
            .all(|event| matches!(event, Event::Reply { result: Ok(_), .. }));
        client.ensure(synchronized, "octets were left over")?;
        client.ensure(
            client.connection.outstanding() == 0,
            "some requests have no reply",
        )?;
        let plan = client.connection.login_plan().map(ToString::to_string);
        let stls = client
            .connection
            .capabilities()
            .map(pop3_proto::Capabilities::stls);
        client.ensure(
            stls == Some(false),
            format!("STLS inside TLS: {stls:?}, {plan:?}"),
        )
    });
}

/// I4 for a login: the challenge of a cleartext greeting is never answered inside TLS.
#[test]
fn i04_cleartext_challenge_is_not_used_after_tls() {
    check(
        100,
        (case(any_answers()), pieces()),
        |(mut case, pieces)| {
            case.client.channel = pop3_proto::Channel::Plain;
            case.client.stls_required = true;
            case.client.insecure = false;
            case.server.stls = true;
            case.ops = [
                "stls",
                "apop alice correct-horse",
                "login alice correct-horse only=APOP",
            ]
            .map(str::to_owned)
            .to_vec();
            let client = Client::completed(&case, &pieces)?;
            let apop = client.lines().iter().any(|line| line.starts_with("APOP"));
            client.ensure(!apop, "the challenge was answered")?;
            let good = client
                .events
                .iter()
                .skip_while(|event| !is_reply(event))
                .skip(1);
            let good = good.filter(|event| matches!(event, Event::Reply { result: Ok(_), .. }));
            client.ensure(good.count() == 0, "a login by APOP succeeded")
        },
    );
}

fn is_reply(event: &Event) -> bool {
    matches!(event, Event::Reply { .. })
}
