//! Checks that the clients have the same methods with the same arguments. A function that calls
//! each method once is compiled for each client, but never run.

use std::path::Path;

/// `[async] [.await]` for an asynchronous client, `[] []` for a blocking one.
#[macro_export]
macro_rules! every_method {
    ([$($asynchronous:tt)?] [$($wait:tt)*] $client:ty, $stream:ty, $($adapter:ident)::+) => {
        #[expect(dead_code, reason = "compiling it is the test")]
        $($asynchronous)? fn every_method(
            endpoint: &pop3_proto::Endpoint,
            login: pop3_proto::Login,
            streams: [$stream; 2],
        ) -> Result<(), pop3_proto::Error> {
            use pop3_proto::{MessageNumber, Retr, Stat, command::Noop};
            use $($adapter)::+::{connect, connect_over, connect_with, start};
            let connector = pop3_proto::Connector::default();
            let session = connector.connection(endpoint, pop3_proto::Instant::ORIGIN)?;
            let [first, second] = streams;
            let _: $client = start(session, first) $($wait)* ?;
            let _: $client = connect_over(endpoint, &connector, second) $($wait)* ?;
            let _: $client = connect(endpoint) $($wait)* ?;
            let mut client: $client = connect_with(endpoint, &connector) $($wait)* ?;
            let first = MessageNumber::FIRST;

            let _: Option<&pop3_proto::reply::Greeting> = client.greeting();
            let _: &pop3_proto::Connection = client.connection();
            let _: pop3_proto::Phase = client.phase();
            let _: Option<&pop3_proto::Capabilities> = client.capabilities();
            let _: bool = client.utf8_mode();
            let _: Option<&str> = client.language();
            let _: Option<&pop3_proto::tls::TlsInfo> = client.tls();
            let _: &pop3_proto::Config = client.config();
            let error: Option<pop3_proto::Error> = client.error().cloned();
            let _: Option<pop3_proto::error::Retry> = error.map(|error| client.retry(&error));
            let _: Option<&pop3_proto::login::LoginPlan> = client.login_plan();
            let _: pop3_proto::login::LoginPlan = client.plan_login(&login);
            let _: &[pop3_proto::Quirk] = client.quirks();
            let _: pop3_proto::observe::Statistics = client.statistics();

            let ticket: pop3_proto::Ticket<Stat> = client.submit(Stat)?;
            let _: pop3_proto::reply::MailboxStat = client.wait(ticket) $($wait)* ?;
            let ticket: pop3_proto::Ticket<Retr> = client.submit(Retr(first))?;
            let _: Vec<u8> = client.wait_open(ticket) $($wait)* ?.to_vec(0) $($wait)* ?;
            let _: pop3_proto::reply::Status = client.call(Noop) $($wait)* ?;
            let _: (pop3_proto::reply::MailboxStat,) = client.batch((Stat,)) $($wait)* ?;
            let _: Option<Result<pop3_proto::reply::Status, _>> = client.pipeline([Noop]).next() $($wait)*;
            client.pipeline([Noop]).for_each(drop) $($wait)*;
            let mut messages = client.retrieve([first]);
            let message: Option<Result<_, pop3_proto::Error>> = messages.next() $($wait)*;
            drop(message.transpose()?);

            let mut previews = client.preview([first], 0).without_retr();
            let _: Option<(MessageNumber, Result<pop3_proto::reply::Preview, _>)> = previews.next() $($wait)*;
            let _: u64 = previews.discarded();

            let mut message = client.open(Retr(first)) $($wait)* ?;
            let _: (Option<MessageNumber>, &pop3_proto::reply::Status) =
                (message.number(), message.status());
            let _: Option<_> = message.chunk() $($wait)* ?;
            let _: Option<&pop3_proto::reply::Received> = message.received();
            let _: Vec<u8> = message.to_vec(0) $($wait)* ?;

            let _: pop3_proto::reply::Status = client.login(login) $($wait)* ?;
            let login = pop3_proto::Login::bearer_on_request("alice")?;
            let provide =
                $($asynchronous)? |_: Option<pop3_proto::error::AuthError>| pop3_proto::Secret::new("token");
            let _: pop3_proto::reply::Status = client.login_with(login, provide) $($wait)* ?;
            let _: Option<pop3_proto::Capabilities> = client.start_tls() $($wait)* ?;
            let _: Option<pop3_proto::Capabilities> = client.capa() $($wait)* ?;
            let _: Option<pop3_proto::reply::Mechanisms> = client.auth_mechanisms() $($wait)* ?;
            let _: pop3_proto::reply::Status = client.utf8() $($wait)* ?;
            let _: pop3_proto::reply::Languages = client.lang() $($wait)* ?;
            let _: pop3_proto::reply::Language = client.set_lang("*") $($wait)* ?;
            let _: pop3_proto::reply::MailboxStat = client.stat() $($wait)* ?;
            let _: pop3_proto::listing::Listing = client.list() $($wait)* ?;
            let _: pop3_proto::listing::ScanEntry = client.list_one(first) $($wait)* ?;
            let _: pop3_proto::listing::UidListing = client.uidl() $($wait)* ?;
            let _: pop3_proto::listing::UidEntry = client.uidl_one(first) $($wait)* ?;
            drop(client.retr(first) $($wait)* ?);
            drop(client.top(first, 0) $($wait)* ?);
            let _: Vec<u8> = client.retr_to_vec(first, 0) $($wait)* ?;
            let _: pop3_proto::reply::Confirmed = client.confirm() $($wait)* ?;
            let _: pop3_proto::reply::Status = client.dele(first) $($wait)* ?;
            let _: pop3_proto::reply::Status = client.rset() $($wait)* ?;
            let _: pop3_proto::reply::Status = client.noop() $($wait)* ?;
            let _: bool = client.noop_if_idle(std::time::Duration::ZERO) $($wait)* ?;
            let _: pop3_proto::QuitOutcome = client.quit_keeping() $($wait)* ?;
            let _: pop3_proto::QuitOutcome = client.quit() $($wait)* ?;
            client.abort();
            Ok(())
        }
    };
}
/// Returns the text of a source file of the workspace. It is read when a test runs, because this
/// crate is not rebuilt when that file changes.
fn source(path: &str) -> String {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    std::fs::read_to_string(workspace.join(path)).expect("a source file")
}

/// Returns the public methods of a source file.
fn public_methods(source: &str) -> impl Iterator<Item = &str> {
    source.lines().filter_map(|line| {
        let rest = line.trim_start().strip_prefix("pub ")?;
        let rest = rest.strip_prefix("async ").unwrap_or(rest);
        rest.strip_prefix("fn ")?.split(['(', '<']).next()
    })
}

/// Returns the names that an adapter re-exports from the core.
fn reexports(source: &str) -> Vec<&str> {
    let lists = source.split("pub use pop3_proto::").skip(1);
    let lists = lists.filter_map(|list| list.split(';').next());
    let mut names: Vec<&str> = lists
        .flat_map(|list| list.split(['{', ',', '}']))
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .collect();
    names.sort_unstable();
    names
}

/// Checks that the adapters re-export the same names.
pub fn adapters_reexport_the_same_names() {
    let blocking = source("pop3-blocking/src/lib.rs");
    let blocking = reexports(&blocking);
    assert!(blocking.len() > 25, "{blocking:?}");
    let tokio = source("pop3-tokio/src/lib.rs");
    let tokio = reexports(&tokio);
    assert_eq!(blocking, tokio);
    let async_std = source("pop3-async-std/src/lib.rs");
    let async_std = reexports(&async_std);
    assert_eq!(blocking, async_std);
}

/// Checks that `every_method!` calls every public method, and that no client has additional ones.
pub fn every_public_method_is_compared() {
    let sources = [
        source("pop3-proto/src/engine/getters.rs"),
        source("pop3-proto/src/blocking/client.rs"),
        source("pop3-proto/src/blocking/commands.rs"),
        source("pop3-proto/src/blocking/helpers.rs"),
        source("pop3-proto/src/blocking/message.rs"),
        source("pop3-proto/src/blocking/previews.rs"),
        source("pop3-proto/src/client/previews.rs"),
        source("pop3-proto/src/client/client.rs"),
        source("pop3-proto/src/client/commands.rs"),
        source("pop3-proto/src/client/helpers.rs"),
        source("pop3-proto/src/client/message.rs"),
    ];
    let table = include_str!("names.rs");
    // These methods are not compared, because they depend on the transport. The adapters have
    // functions that call `start` and `connect_over`. `keep_alive` runs a future, which a blocking
    // client cannot do: both kinds have `noop_if_idle`.
    let own = [
        "transport",
        "into_transport",
        "start",
        "connect_over",
        "keep_alive",
    ];
    let mut count = 0;
    for source in sources {
        let names: Vec<&str> = public_methods(&source).collect();
        count += names.len();
        for name in names.iter().filter(|name| !own.contains(name)) {
            assert!(
                table.contains(&format!(".{name}(")),
                "{name} is not in the table"
            );
        }
    }
    assert!(count > 60, "the sources were not read");
}
