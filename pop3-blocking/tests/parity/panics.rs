//! Code of the application that panics inside a client, where the application catches that: a client
//! can be used as before, or it says that it cannot. It never hangs.

use std::net::TcpStream;
use std::panic::{AssertUnwindSafe, catch_unwind};

use pop3_blocking::server::{EmbeddedServer, Maildrop, ServerConfig};
use pop3_proto::{
    Channel, Config, Error, Instant, Login, LoginPolicy, MessageNumber, Method, Noop, Pipelining,
    QuitOutcome, Secret, Session,
};

use super::client::{Client, Enough};

/// Makes a test of every story for a client.
macro_rules! every_panic {
    ($client:ty) => {
        $crate::parity::panics::every_panic! { $client:
            panicking_token_provider_ends_the_client
            panicking_iterator_leaves_the_client_usable
        }
    };
    ($client:ty: $($story:ident)*) => {
        $(#[test]
        fn $story() {
            $crate::parity::panics::$story::<$client>();
        })*
    };
}
pub(crate) use every_panic;

fn server() -> EmbeddedServer {
    let config = ServerConfig::new("alice", "secret")
        .allow_plaintext_login(true)
        .sasl(["XOAUTH2"])
        .token("token");
    let maildrop: Maildrop = (1..=9)
        .map(|number| {
            (
                format!("uid-{number}"),
                format!("Subject: {number}\r\n\r\n").into_bytes(),
            )
        })
        .collect();
    EmbeddedServer::start(config, maildrop).unwrap()
}

fn client<C: Client>(server: &EmbeddedServer, pipelining: Pipelining) -> C {
    let mut config = Config::default();
    config.pipelining = pipelining;
    let session = Session::new(config, Channel::TrustedByCaller, Instant::ORIGIN);
    let stream = TcpStream::connect(("127.0.0.1", server.plain().port())).unwrap();
    C::start(session, stream).unwrap()
}

/// Does something that panics.
fn caught<T>(act: impl FnOnce() -> T) {
    assert!(catch_unwind(AssertUnwindSafe(act)).is_err(), "no panic");
}

pub(crate) fn panicking_token_provider_ends_the_client<C: Client>() {
    let server = server();
    let mut client: C = client(&server, Pipelining::Auto);
    let login = Login::bearer_from("alice", |_| -> Result<Secret, String> {
        panic!("no token")
    });
    let login = login
        .unwrap()
        .with_policy(LoginPolicy::only(Method::XOAuth2));
    caught(|| client.login(login));
    assert_eq!(client.noop(), Err(Error::CallbackPanicked));
    assert_eq!(client.submit(Noop).err(), Some(Error::CallbackPanicked));
    let replies = client.pipeline([Noop, Noop], usize::MAX);
    assert_eq!(replies, [Err(Error::CallbackPanicked)]);
    assert_eq!(client.quit(), Err(Error::CallbackPanicked));
    let connection = client.connection();
    assert_eq!(connection.error(), Some(&Error::CallbackPanicked));
}

pub(crate) fn panicking_iterator_leaves_the_client_usable<C: Client>() {
    let server = server();
    for pipelining in [Pipelining::Never, Pipelining::Always] {
        for panics_at in 1..=4 {
            let mut client: C = client(&server, pipelining);
            client
                .login(Login::new("alice", "secret").unwrap())
                .unwrap();
            let until = |number: u32| {
                assert!(number < panics_at, "the iterator panics");
                MessageNumber::try_from(number).unwrap()
            };
            caught(|| client.pipeline((1..9).map(|n| pop3_proto::ListOne(until(n))), 9));
            assert_eq!(client.stat().unwrap().messages, 9);
            caught(|| {
                client.retrieve((1..9).map(until), &mut |message| {
                    // Half of them are left unread.
                    let message = message.unwrap();
                    if message.number().is_some_and(|number| number.get() % 2 == 0) {
                        message.rest().unwrap();
                    }
                    Enough::NotYet
                });
            });
            assert_eq!(client.uidl().unwrap().numbers().count(), 9);
            let quit = client.quit();
            assert!(matches!(quit, Ok(QuitOutcome::Committed(_))), "{quit:?}");
        }
    }
}
