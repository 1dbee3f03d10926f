//! Tests of previews, with the embedded server. The test counts the results.

use pop3_blocking::server::{EmbeddedServer, ServerConfig};
use pop3_proto::{
    Connector, Login, MessageNumber,
    command::Verb,
    config::Pipelining,
    reply::{HeaderEnd, Preview},
    tls::Roots,
};

use super::client::Client;

const MESSAGES: u32 = 20;

/// The size of a body in octets.
const BODY: usize = 60_000;

fn header(n: u32) -> String {
    format!("Subject: message {n}\r\nTo: alice\r\n\r\n")
}

fn server(config: ServerConfig) -> EmbeddedServer {
    let body = format!("{}\r\n", "x".repeat(78)).repeat(BODY / 80);
    let mail = (1..=MESSAGES).map(|n| (format!("uid-{n}"), header(n) + &body));
    EmbeddedServer::start(config, mail.collect()).unwrap()
}

/// Returns the previews, after checking that each number has one.
fn previews<C: Client>(client: &mut C, messages: u32, budget: usize) -> (Vec<Preview>, u64) {
    let numbers = (1..=messages).map(|n| MessageNumber::new(n).unwrap());
    let (items, discarded) = client.preview(numbers.clone(), budget);
    assert!(items.iter().map(|(number, _)| *number).eq(numbers));
    let previews = items.into_iter().map(|(_, preview)| preview.unwrap());
    (previews.collect(), discarded)
}

pub fn headers_arrive_with_top_and_with_retr<C: Client>() {
    for with_top in [true, false] {
        for pipelining in [Pipelining::Auto, Pipelining::Never] {
            let mut config = ServerConfig::new("alice", "secret");
            if !with_top {
                config = config.without(Verb::Top);
            }
            let server = server(config);
            let mut connector = Connector::default();
            connector.tls.roots = Some(Roots::from_pem(server.ca_pem().as_bytes()).unwrap());
            connector.config.pipelining = pipelining;
            let mut client = C::connect_with(&server.implicit_tls(), &connector).unwrap();
            client
                .login(Login::new("alice", "secret").unwrap())
                .unwrap();

            let (whole, discarded) = previews(&mut client, MESSAGES, 1000);
            for (n, preview) in (1..).zip(&whole) {
                assert_eq!(preview.header, header(n).as_bytes());
                assert_eq!(preview.end, HeaderEnd::BlankLine);
                let verb = if with_top { Verb::Top } else { Verb::Retr };
                assert_eq!(preview.verb, verb);
            }
            let bodies = BODY as u64 / 80 * 80 * u64::from(MESSAGES);
            assert_eq!(discarded, if with_top { 0 } else { bodies });

            let (cut, _) = previews(&mut client, MESSAGES, 30);
            for (n, preview) in (1..).zip(&cut) {
                assert_eq!(preview.header, format!("Subject: message {n}\r\n"));
                assert_eq!(preview.end, HeaderEnd::Budget);
            }
            // The session is synchronized, and nothing was deleted.
            assert_eq!(client.stat().unwrap().messages, MESSAGES);
        }
    }
}
