//! Every wait has a deadline, and the error contains the one that has passed. Tokio's time is
//! paused, so these tests do not wait, and times are exact.

use std::time::Duration;

use pop3_tokio::{
    Config, Error, Retr, Stat, Uidl,
    command::Verb,
    config::StlsPolicy,
    error::Timeout,
    login::{LoginPolicy, Method},
};
use tokio::time::sleep;

use super::support::{
    InMemory, Wire, alice, at, number, private, run_local, scripted, terse, trusted,
};

const SECOND: Duration = Duration::from_secs(1);

/// Returns a client whose server continues with a script after the login.
async fn client_of(
    config: Config,
    room: usize,
    script: impl AsyncFnOnce(&mut Wire) + 'static,
) -> InMemory {
    let stream = scripted(room, async move |wire| {
        wire.accept_login().await;
        script(wire).await;
    });
    let mut client = pop3_tokio::start(trusted(config), stream).await.unwrap();
    client.login(alice()).await.unwrap();
    client
}

/// Returns the timeout of a failed result.
fn late<T: std::fmt::Debug>(result: Result<T, Error>) -> Timeout {
    match result {
        Err(Error::Timeout(timeout)) => timeout,
        other => panic!("{other:?}"),
    }
}

/// The timeout of a single command in flight whose reply stops.
fn stalled(verb: Verb) -> Timeout {
    Timeout::Stall {
        verb: Some(verb),
        number: (verb == Verb::Retr).then_some(number(1)),
        outstanding: 1,
        first_batch: false,
        lf_dot: false,
        last_err: None,
    }
}

/// The timeout of a single command in flight that gets no reply.
fn unanswered(verb: Verb) -> Timeout {
    Timeout::FirstOctet {
        verb,
        number: None,
        outstanding: 1,
        first_batch: false,
        last_err: None,
    }
}

#[tokio::test(start_paused = true)]
async fn greeting_times_out_after_a_minute() {
    run_local(async {
        let stream = scripted(1000, async |_| {});
        let start = pop3_tokio::start(trusted(Config::default()), stream);
        assert_eq!(
            late(at(60 * SECOND, start).await),
            Timeout::Greeting {
                channel: pop3_tokio::proto::Channel::TrustedByCaller
            }
        );

        let stream = scripted(1000, async |wire| {
            sleep(59 * SECOND).await;
            wire.send("+OK rea").await;
        });
        let start = pop3_tokio::start(trusted(Config::default()), stream);
        let stall = Timeout::Stall {
            verb: None,
            number: None,
            last_err: None,
            outstanding: 0,
            first_batch: false,
            lf_dot: false,
        };
        assert_eq!(late(at(119 * SECOND, start).await), stall);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn handshake_times_out_despite_partial_records() {
    run_local(async {
        let stream = scripted(100_000, async |_| {});
        let start = pop3_tokio::start(private(true), stream);
        assert_eq!(
            late(at(30 * SECOND, start).await),
            Timeout::TlsHandshake {
                channel: pop3_tokio::proto::Channel::ImplicitTls
            }
        );

        // The start of a handshake record.
        let stream = scripted(100_000, async |wire| {
            for octet in ["\x16", "\x03", "\x03", "\x01", "\x01", "\x02"] {
                wire.send(octet).await;
                sleep(10 * SECOND).await;
            }
        });
        let start = pop3_tokio::start(private(true), stream);
        assert_eq!(
            late(at(30 * SECOND, start).await),
            Timeout::TlsHandshake {
                channel: pop3_tokio::proto::Channel::ImplicitTls
            }
        );
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn handshake_after_stls_times_out() {
    run_local(async {
        let stream = scripted(100_000, async |wire| {
            wire.send("+OK ready\r\n").await;
            wire.expect_octets("CAPA\r\n").await;
            wire.send("+OK\r\nSTLS\r\n.\r\n").await;
            wire.expect_octets("STLS\r\n").await;
            sleep(100 * SECOND).await;
            wire.send("+OK go\r\n").await;
        });
        let mut client = pop3_tokio::start(private(false), stream).await.unwrap();
        let login = at(130 * SECOND, client.login(alice()));
        assert_eq!(
            late(login.await),
            Timeout::TlsHandshake {
                channel: pop3_tokio::proto::Channel::Plain
            }
        );
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn capa_times_out_after_three_minutes() {
    run_local(async {
        let stream = scripted(1000, async |wire| {
            wire.send("+OK ready\r\n").await;
            wire.expect_octets("CAPA\r\n").await;
        });
        let session = trusted(Config::default());
        let mut client = pop3_tokio::start(session, stream).await.unwrap();
        let login = at(180 * SECOND, client.login(alice()));
        assert_eq!(late(login.await), unanswered(Verb::Capa));
        // The next operation gets the same error, without a wait.
        let again = at(Duration::ZERO, client.noop());
        assert_eq!(late(again.await), unanswered(Verb::Capa));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn missing_challenge_times_out() {
    run_local(async {
        for (challenge, taken, timeout) in [
            (None, 180, unanswered(Verb::Auth)),
            (Some("+ cj1"), 60, stalled(Verb::Auth)),
        ] {
            let stream = scripted(1000, async move |wire| {
                wire.send("+OK ready\r\n").await;
                let line = wire.read_line().await;
                assert!(line.starts_with("AUTH SCRAM-SHA-256"), "{line}");
                if let Some(challenge) = challenge {
                    wire.send(challenge).await;
                }
            });
            let mut client = pop3_tokio::start(trusted(terse()), stream).await.unwrap();
            let login = alice().with_policy(LoginPolicy::only(Method::ScramSha256));
            let login = at(taken * SECOND, client.login(login));
            assert_eq!(late(login.await), timeout);
        }
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn reply_times_out_after_three_minutes() {
    run_local(async {
        let mut client = client_of(terse(), 1000, async |wire| {
            wire.expect_octets("NOOP\r\n").await;
            sleep(179 * SECOND).await;
            wire.send("+OK\r\n").await;
        })
        .await;
        at(179 * SECOND, client.noop()).await.unwrap();
        // After an idle hour, the full deadline applies.
        sleep(3600 * SECOND).await;
        let stat = at(180 * SECOND, client.stat());
        assert_eq!(late(stat.await), unanswered(Verb::Stat));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn batch_deadline_restarts_after_each_reply() {
    run_local(async {
        let mut client = client_of(terse(), 1000, async |wire| {
            wire.expect_octets("STAT\r\nUIDL\r\n").await;
            sleep(170 * SECOND).await;
            wire.send("+OK 1 1\r\n").await;
        })
        .await;
        let batch = at(350 * SECOND, client.batch((Stat, Uidl)));
        // It is the first batch of the session, and it was not answered completely.
        let suspected = Timeout::FirstOctet {
            verb: Verb::Uidl,
            number: None,
            outstanding: 1,
            first_batch: true,
            last_err: None,
        };
        assert_eq!(late(batch.await), suspected);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn only_a_stalled_body_times_out() {
    run_local(async {
        let mut client = client_of(terse(), 1000, async |wire| {
            wire.expect_octets("RETR 1\r\n").await;
            wire.send("+OK\r\n").await;
            for _ in 0..100 {
                sleep(59 * SECOND).await;
                wire.send("line\r\n").await;
            }
        })
        .await;
        let message = at(Duration::ZERO, client.open(Retr(number(1)))).await;
        let octets = message.unwrap().to_vec(10_000);
        let octets = at((100 * 59 + 60) * SECOND, octets).await;
        assert_eq!(late(octets), stalled(Verb::Retr));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn blocked_write_times_out_after_a_minute() {
    run_local(async {
        // Eight octets fit into the buffer, and the rest of the commands does not.
        let mut client = client_of(terse(), 8, async |_| {}).await;
        let batch = at(60 * SECOND, client.batch((Stat, Uidl)));
        assert_eq!(late(batch.await), Timeout::Send);

        // A server that accepts single octets from time to time does not time out.
        let mut client = client_of(terse(), 1, async |wire| {
            for octet in ["N", "O", "O", "P", "\r", "\n"] {
                sleep(59 * SECOND).await;
                wire.expect_octets(octet).await;
            }
            wire.send("+OK\r\n").await;
        })
        .await;
        at(6 * 59 * SECOND, client.noop()).await.unwrap();
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn total_timeout_applies_to_one_operation() {
    run_local(async {
        let mut config = terse();
        config.timeouts.total = Some(600 * SECOND);
        let mut client = client_of(config, 1000, async |wire| {
            wire.expect_octets("NOOP\r\n").await;
            sleep(100 * SECOND).await;
            wire.send("+OK\r\n").await;
            wire.expect_octets("UIDL\r\n").await;
            wire.send("+OK\r\n").await;
            for number in 1.. {
                wire.send(&format!("{number} a\r\n")).await;
                sleep(SECOND).await;
            }
        })
        .await;
        at(100 * SECOND, client.noop()).await.unwrap();
        // The total timeout does not run between operations.
        sleep(3600 * SECOND).await;
        assert_eq!(late(at(600 * SECOND, client.uidl()).await), Timeout::Total);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn zero_timeout_expires_immediately_and_none_never() {
    run_local(async {
        let mut config = terse();
        config.stls = StlsPolicy::Off;
        config.timeouts.greeting = Duration::MAX;
        config.timeouts.first_octet = Duration::MAX;
        config.timeouts.total = Some(Duration::MAX);
        let stream = scripted(1000, async |wire| {
            sleep(1_000_000 * SECOND).await;
            wire.accept_login().await;
            sleep(1_000_000 * SECOND).await;
            wire.expect_octets("NOOP\r\n").await;
            wire.send("+OK\r\n").await;
        });
        let mut client = pop3_tokio::start(trusted(config), stream).await.unwrap();
        client.login(alice()).await.unwrap();
        at(1_000_000 * SECOND, client.noop()).await.unwrap();

        let mut config = terse();
        config.timeouts.greeting = Duration::ZERO;
        let stream = scripted(1000, async |_| {});
        let start = pop3_tokio::start(trusted(config), stream);
        assert_eq!(
            late(at(Duration::ZERO, start).await),
            Timeout::Greeting {
                channel: pop3_tokio::proto::Channel::TrustedByCaller
            }
        );
    })
    .await;
}
