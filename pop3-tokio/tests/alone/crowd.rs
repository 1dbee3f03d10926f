//! Two hundred concurrent sessions from one process, with every octet compared: with embedded
//! servers, and with Dovecot. A session and its server need three file descriptors, and a process
//! may have at most 1024.

use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

use pop3_blocking::server::{EmbeddedServer, ServerConfig};
use pop3_testkit::dovecot::{Dovecot, Options, corpus};
use pop3_tokio::{Connector, Endpoint, Login, Stat, Uidl, tls::Roots};
use tokio::sync::Barrier as AsyncBarrier;
use tokio::task::JoinSet;

use super::ALONE;

const SESSIONS: usize = 200;

/// An embedded server accepts 64 sessions at a time.
const SERVERS: usize = 4;

/// How long the sessions wait for each other.
const LIMIT: Duration = Duration::from_secs(60);

/// The endpoints of the sessions, one for each session or one for all.
struct Places {
    places: Vec<(Endpoint, Connector)>,
    mail: Vec<Vec<u8>>,
}

impl Places {
    /// Returns the endpoint of the nth session.
    fn of(&self, n: usize) -> (&Endpoint, &Connector) {
        let mut places = self.places.iter().cycle();
        let (endpoint, connector) = places.nth(n).unwrap();
        (endpoint, connector)
    }
}

fn trusting(pem: &str) -> Connector {
    let mut connector = Connector::default();
    connector.tls.roots = Some(Roots::from_pem(pem.as_bytes()).unwrap());
    connector
}

fn embedded() -> (Vec<EmbeddedServer>, Arc<Places>) {
    let mail = corpus(11);
    let start = || {
        let maildrop = mail
            .iter()
            .zip(1..)
            .map(|(mail, n)| (format!("uid-{n}"), mail.clone()));
        let config = ServerConfig::new("alice", "secret");
        EmbeddedServer::start(config, maildrop.collect()).unwrap()
    };
    let servers: Vec<_> = (0..SERVERS).map(|_| start()).collect();
    // Half of the sessions use STLS.
    let places = servers.iter().flat_map(|server| {
        let connector = trusting(server.ca_pem());
        [
            (server.implicit_tls(), connector.clone()),
            (server.plain(), connector),
        ]
    });
    let places = Places {
        places: places.collect(),
        mail,
    };
    (servers, Arc::new(places))
}

/// Logs in, waits until all sessions are logged in, and fetches everything.
async fn session(n: usize, places: Arc<Places>, all: Arc<AsyncBarrier>) {
    let (endpoint, connector) = places.of(n);
    let mut client = pop3_tokio::connect_with(endpoint, connector).await.unwrap();
    client
        .login(Login::new("alice", "secret").unwrap())
        .await
        .unwrap();
    all.wait().await;
    let (stat, uids) = client.batch((Stat, Uidl)).await.unwrap();
    assert_eq!(stat.messages as usize, places.mail.len());
    let mut messages = client.retrieve(uids.numbers());
    for expected in &places.mail {
        let mut message = messages.next().await.unwrap().unwrap();
        let mut rest = expected.as_slice();
        while let Some(chunk) = message.chunk().await.unwrap() {
            rest = rest.strip_prefix(&chunk[..]).expect("the same octets");
        }
        assert!(rest.is_empty());
    }
    assert!(messages.next().await.is_none());
    // No session ends before all sessions have fetched all messages.
    all.wait().await;
    assert!(client.quit().await.unwrap().is_committed());
}

async fn crowd(places: Arc<Places>) {
    let all = Arc::new(AsyncBarrier::new(SESSIONS));
    let mut sessions = JoinSet::new();
    for n in 0..SESSIONS {
        sessions.spawn(session(n, Arc::clone(&places), Arc::clone(&all)));
    }
    while let Some(session) = sessions.join_next().await {
        session.unwrap();
    }
}

#[tokio::test]
async fn two_hundred_concurrent_sessions_run_in_one_thread() {
    let _alone = ALONE.lock().await;
    let (_servers, places) = embedded();
    crowd(places).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_hundred_concurrent_dovecot_sessions_run_multithreaded() {
    let _alone = ALONE.lock().await;
    let Some(server) = Dovecot::start(Options::default()) else {
        return;
    };
    server.add_user("alice", "secret");
    let mail = corpus(11);
    server.deliver("alice", &mail);
    let connector = trusting(server.ca_pem());
    let places = vec![
        (
            Endpoint::implicit_tls("localhost", Some(server.tls_port())),
            connector.clone(),
        ),
        (
            Endpoint::plain("localhost", Some(server.plain_port())),
            connector,
        ),
    ];
    crowd(Arc::new(Places { places, mail })).await;
}

/// A barrier for threads that times out if a thread has panicked and does not arrive.
#[derive(Default)]
struct TimedBarrier {
    /// How many threads arrived, at the first barrier and then at the next.
    came: Mutex<usize>,
    all_here: Condvar,
}

impl TimedBarrier {
    /// Waits for all threads. Returns whether they arrived in time.
    fn wait_for_all(&self) -> bool {
        let mut came = self.came.lock().unwrap();
        *came += 1;
        let expected = came.next_multiple_of(SESSIONS);
        self.all_here.notify_all();
        let waited = self
            .all_here
            .wait_timeout_while(came, LIMIT, |came| *came < expected);
        !waited.unwrap().1.timed_out()
    }
}

/// This test is here and not with the blocking client's tests, because servers, messages and
/// numbers are the same.
#[test]
fn two_hundred_concurrent_blocking_sessions_run_in_threads() {
    let _alone = ALONE.blocking_lock();
    let (_servers, places) = embedded();
    let all = TimedBarrier::default();
    let session = |n: usize| {
        let (endpoint, connector) = places.of(n);
        let mut client = pop3_blocking::connect_with(endpoint, connector).unwrap();
        client
            .login(Login::new("alice", "secret").unwrap())
            .unwrap();
        if !all.wait_for_all() {
            return;
        }
        let uids = client.uidl().unwrap();
        let mut messages = client.retrieve(uids.numbers());
        for expected in &places.mail {
            let octets = messages.next().unwrap().unwrap().to_vec(1 << 20).unwrap();
            assert!(octets == *expected);
        }
        assert!(messages.next().is_none());
        if all.wait_for_all() {
            assert!(client.quit().unwrap().is_committed());
        }
    };
    thread::scope(|scope| {
        let session = &session;
        for n in 0..SESSIONS {
            scope.spawn(move || session(n));
        }
    });
    assert_eq!(*all.came.lock().unwrap(), 2 * SESSIONS);
}
