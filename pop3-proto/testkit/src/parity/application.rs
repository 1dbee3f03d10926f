//! Plays the application of a conversation: calls a real client, and compares the results.

use std::net::{Ipv4Addr, TcpListener, TcpStream};

use pop3_proto::{
    Connection, Error, Event, Instant, Phase, RequestId,
    config::Leniency,
    tls::{EndPoint, NoEndPoint, TlsInfo},
};

use pop3_proto::internals::render;
use pop3_proto::record::configure;

use super::ask::ask;
use super::client::Client;
use super::script::{Script, Security, Turn};
use super::server::{Progress, serve};
use super::tls;

/// Plays both sides over a socket, each in its own thread.
pub(super) fn play<C: Client>(script: &Script, leniency: Leniency) -> Result<(), String> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let address = listener.local_addr().expect("its address");
    let progress = Progress::default();
    std::thread::scope(|scope| {
        let server = scope.spawn(|| {
            let (stream, _) = listener.accept().expect("a client");
            serve(script, stream, &progress)
        });
        let stream = TcpStream::connect(address).expect("a server");
        stream.set_nodelay(true).expect("a socket");
        let asked = act::<C>(script, leniency, stream, &progress);
        let served = server.join().expect("no panic of the server");
        match (asked, served) {
            (Ok(()), Ok(())) => Ok(()),
            (Err(asked), Ok(())) => Err(asked),
            (Ok(()), Err(served)) => Err(format!("the server: {served}")),
            (Err(asked), Err(served)) => Err(format!("{asked}\nand the server: {served}")),
        }
    })
}

fn act<C: Client>(
    script: &Script,
    leniency: Leniency,
    stream: TcpStream,
    progress: &Progress,
) -> Result<(), String> {
    let session = session(script, leniency)?;
    let mut client = match C::start(session, stream) {
        Ok(client) => client,
        Err(error) => return check_no_greeting(script, &error),
    };
    greeted(script, &client)?;
    progress.reported();
    let mut reported = Vec::new();
    for turn in &script.application {
        match turn {
            Turn::Ask(group) => ask(&mut client, group, &mut |label, words| {
                // Do not count chunks, because their boundaries are not defined.
                if !words.starts_with("body ") {
                    progress.reported();
                }
                reported.push((label.to_owned(), words));
            }),
            Turn::Look { what, how } => {
                let standing = render::state(client.connection(), what).ok_or("no such state")?;
                same(&standing, how)?;
            }
            Turn::Listen => client.until_something_comes(),
        }
    }
    compare(reported, &script.reported)?;
    ended(script, &mut client)?;
    let quirks: Vec<String> = client.quirks().iter().map(|it| format!("{it:?}")).collect();
    same(&quirks.join(" "), &script.quirks.join(" "))
}

/// Checks a session that fails before the greeting. There is no client, so every operation is
/// expected to have this error.
fn check_no_greeting(script: &Script, error: &Error) -> Result<(), String> {
    let error = render::error(error);
    same(&error, script.end.as_deref().unwrap_or("no error"))?;
    let failed = format!("failed: {error}");
    (script.reported.iter()).try_for_each(|(_, words)| same(&failed, words))
}

fn greeted(script: &Script, client: &impl Client) -> Result<(), String> {
    let greeting = client.connection().greeting().cloned();
    let greeting = Event::Greeting(greeting.ok_or("no greeting")?);
    let label = |id: RequestId| format!("{id:?}");
    let expected = script.greeting.as_deref().unwrap_or("none");
    same(&render::event(&greeting, &label), expected)
}

/// Checks that the session is open and synchronized at the end, or that every operation gets its
/// error.
fn ended(script: &Script, client: &mut impl Client) -> Result<(), String> {
    // Choose a command that is legal in this state. An illegal one would fail without any I/O.
    let answer = match client.connection().phase() {
        Phase::Authorization => client.capa().map(drop),
        _ => client.noop().map(drop),
    };
    match (answer, script.end.as_deref()) {
        (Ok(()), None) => Ok(()),
        (Ok(()), Some(end)) => Err(format!(
            "the session is still open, but should have ended: {end}"
        )),
        (Err(error), end) => same(&render::error(&error), end.unwrap_or("still there")),
    }
}

/// Compares what was reported about each operation with what was expected.
fn compare(
    mut reported: Vec<(String, String)>,
    expected: &[(String, String)],
) -> Result<(), String> {
    // Sort by operation, because the order differs if one call cannot submit all operations
    // together.
    let mut expected = expected.to_vec();
    reported.sort_by(|a, b| a.0.cmp(&b.0));
    expected.sort_by(|a, b| a.0.cmp(&b.0));
    let text = |lines: &[(String, String)]| {
        let lines = lines
            .iter()
            .map(|(label, words)| format!("{label}: {words}"));
        lines.collect::<Vec<_>>().join("\n")
    };
    same(&text(&reported), &text(&expected))
}

fn same(got: &str, expected: &str) -> Result<(), String> {
    if got == expected {
        return Ok(());
    }
    Err(format!("\n  expected {expected}\n  got      {got}"))
}

fn session(script: &Script, leniency: Leniency) -> Result<Connection, String> {
    let (config, channel) = configure(&script.settings, leniency).map_err(|it| it.to_string())?;
    let now = Instant::ORIGIN;
    if let Security::Exporter | Security::EndPoint = script.security {
        let mut session = Connection::new(config, channel, now);
        let mut info = TlsInfo::default();
        let octets: [u8; 32] = std::array::from_fn(|index| index as u8);
        if script.security == Security::Exporter {
            info.exporter = Some(octets);
        } else {
            info.end_point = EndPoint::from_hash(&octets).ok_or(NoEndPoint::NotProvided);
        }
        session.tls_established(info, now);
        return Ok(session);
    }
    let tls = tls::client(script.security == Security::Real);
    Ok(Connection::with_tls(config, channel, tls, now))
}
