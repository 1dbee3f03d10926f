//! Compares the reports to the application with the records of all sides. There are three checks.
//!
//! *Agreement with the octets:* every reported reply is the reply at the same position in the
//! octets that reached the client. This must be true for any server and any partition. *Agreement
//! with the maildrop:* if that reply is the conforming server's reply to this command, it must
//! agree with the maildrop. *Completeness:* without a fault, no request fails.
//!
//! Not every violation can be detected. A reply that is left out, doubled or swapped with another
//! one of its form shifts all later replies. In POP3, only the number in the reply to `LIST n` and
//! `UIDL n` ties a reply to its command. The same is true of a body that ends too early, or that
//! runs into the next one. Such replies are not at the position of the conforming reply, so only
//! the first check applies to them.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use pop3_proto::{Channel, Error, QuitOutcome, reply::Reply};

use super::align::align;
use super::app::{Abandoned, App, Request};
use super::ask::Ask;
use super::environment::Environment;
use super::frames::{self, Frame};
use super::limits::check_limits;
use super::line::{is_of_exchange, verb};
use super::logins::{check_injection, check_logins, check_nonces, check_upgrade, logged_in};
use super::machine::Machine;
use super::model::MailboxModel;
use super::peer::Peer;
use super::plan::{PASSWORD, Plan};
use super::reply_check::check_octets;
use super::tally::Tally;

/// Checks a completed session.
pub(crate) fn check_session<M: Machine>(environment: &Environment<M>, tally: &mut Tally) {
    let (app, peer, plan) = (&environment.app, &environment.peer, &environment.plan);
    let commands: Vec<&[u8]> = peer
        .received
        .iter()
        .map(|received| &received.line[..])
        .collect();
    let reached = environment.reached();
    let frames = frames::read(&commands, &peer.said, &reached, plan.config.leniency);
    let owners = align(&peer.received, &frames, &app.requests, plan);

    check_replies(app, peer, plan, &owners, &frames);
    check_logins(environment, &owners, &frames, tally);
    check_injection(app, plan, &peer.received, &frames, &reached, tally);
    check_upgrade(&peer.received, plan);
    check_nonces(&peer.received);
    check_limits(app, plan, &peer.received, &owners, &frames);
    check_secrets(peer, plan, &environment.written);
    check_quit(app, peer, &owners);
    check_end(app);
    if plan.is_faultless() {
        check_completeness(app, plan);
    }
}

fn check_replies(app: &App, peer: &Peer, plan: &Plan, owners: &[Option<usize>], frames: &[Frame]) {
    let mut model = MailboxModel::new(&plan.mail, &plan.deviations);
    for (index, (received, owner)) in peer.received.iter().zip(owners).enumerate() {
        let Some(owner) = *owner else { continue };
        let request = &app.requests[owner];
        if request.ask.line().is_none() {
            continue;
        }
        let frame = frames.get(index);
        let violations = !plan.violations.is_empty() && frame.is_none();
        if reports_server_data(request) && !violations {
            let frame = frame.unwrap_or_else(|| panic!("no reply for {:?}", request.ask));
            check_octets(request, frame);
        }
        let conforming_ok = is_ok(&received.reply);
        let logged_in = logged_in(peer, index);
        if logged_in {
            assert_eq!(
                conforming_ok,
                model.allows(request.ask),
                "the model is wrong"
            );
        }
        let in_place = frame.map(|frame| &frame.place) == received.said.as_ref();
        if let (true, true, Some(Ok(reply))) = (in_place, conforming_ok, &request.reply) {
            let whole = request.body_end == Some(Ok(()));
            model.check(request.ask, reply, whole.then_some(&request.body));
        }
        if conforming_ok {
            model.done(request.ask);
        }
        if verb(&received.line) == b"QUIT" && logged_in {
            assert_eq!(peer.expunged(), model.deleted());
        }
    }
}

/// Returns whether the reported result can come only from the server.
pub(crate) fn reports_server_data(request: &Request) -> bool {
    match &request.reply {
        Some(Ok(Reply::Quit(QuitOutcome::Unknown))) => false,
        Some(Ok(_) | Err(Error::Refused(_))) => true,
        Some(Err(error)) => matches!(error, Error::Protocol(_)) && !error.is_fatal(),
        None => false,
    }
}

pub(crate) fn is_ok(reply: &[u8]) -> bool {
    let blanks = reply.iter().take_while(|octet| octet.is_ascii_whitespace());
    let reply = &reply[blanks.count()..];
    reply.len() >= 3 && reply[..3].eq_ignore_ascii_case(b"+OK")
}

/// Checks that no secret and no start of a login is visible on the wire, unless the plan allows it.
fn check_secrets(peer: &Peer, plan: &Plan, written: &[u8]) {
    if !plan.is_secret() {
        return;
    }
    for shown in shapes(PASSWORD) {
        let seen = memchr::memmem::find(written, &shown);
        assert!(seen.is_none(), "{} was written", shown.escape_ascii());
    }
    if plan.tls && plan.channel == Channel::Plain {
        for line in peer.received_in_cleartext.split(|octet| *octet == b'\n') {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            // After STLS, the line is part of a handshake.
            let login = is_of_exchange(line) && verb(line) != b"STLS";
            assert!(!login, "{} in cleartext", line.escape_ascii());
        }
    }
}

/// Returns the secret and its base64 forms at each alignment.
fn shapes(secret: &str) -> Vec<Vec<u8>> {
    let mut shapes = vec![secret.as_bytes().to_vec()];
    for before in 0..3 {
        let text = BASE64_STANDARD_NO_PAD.encode([vec![0; before], secret.into()].concat());
        // The first and the last letters depend on the adjacent octets.
        shapes.push(text.as_bytes()[before + usize::from(before > 0)..text.len() - 2].to_vec());
    }
    shapes
}

/// Checks the reported outcome of the deletions.
fn check_quit(app: &App, peer: &Peer, owners: &[Option<usize>]) {
    let Some(index) = app
        .requests
        .iter()
        .position(|request| request.ask == Ask::Quit)
    else {
        return;
    };
    let received = owners.iter().position(|owner| *owner == Some(index));
    match &app.requests[index].reply {
        Some(Err(error)) => {
            assert!(
                received.is_none(),
                "QUIT was received, but was reported as failed: {error}"
            );
            assert!(peer.expunged().is_empty());
        }
        // `Committed` means that the server received QUIT. It can be wrong only if the server
        // violates the protocol.
        Some(Ok(Reply::Quit(QuitOutcome::Committed(_)))) if peer.is_conforming() => {
            assert!(received.is_some(), "committed without a QUIT");
        }
        _ => {}
    }
}

/// Checks that every fatal error is the one that closed the connection, and that only QUIT closes
/// it without an error.
fn check_end(app: &App) {
    let fatal = |error: &&Error| error.is_fatal();
    let reported = app.requests.iter().flat_map(|request| {
        let ends = [
            request
                .reply
                .as_ref()
                .and_then(|reply| reply.as_ref().err()),
            request.body_end.as_ref().and_then(|end| end.as_ref().err()),
        ];
        ends.into_iter().flatten().filter(fatal)
    });
    for error in reported {
        match &app.closed {
            Some(Err(end)) => assert_eq!(error, end),
            Some(Ok(())) => assert!(matches!(error, Error::Closed(_)), "{error}"),
            None => panic!("not closed by {error}"),
        }
    }
    if app.closed == Some(Ok(())) {
        let quit = app.requests.iter().find(|request| request.ask == Ask::Quit);
        let quit = quit.expect("closed without QUIT");
        let answered = matches!(
            quit.reply,
            Some(Ok(Reply::Quit(_)) | Err(Error::Refused(_)))
        );
        assert!(answered || quit.abandoned == Some(Abandoned::MaybeSent));
    }
}

/// Checks that no request failed, in a session without a fault.
fn check_completeness(app: &App, plan: &Plan) {
    // Another check has already verified that the limit was exceeded.
    if let Some(Err(Error::Limit(over))) = &app.closed
        && plan.listing_limit(over.what) == Some(over.limit)
    {
        return;
    }
    assert!(!matches!(app.closed, Some(Err(_))), "{:?}", app.closed);
    let mut logged_in = None;
    for request in &app.requests {
        match (&request.reply, request.ask) {
            (None, ask) => assert!(request.abandoned.is_some(), "{ask:?} got no event"),
            (Some(Ok(_)), Ask::Login) => logged_in = Some(true),
            (Some(Err(Error::Auth(_))), Ask::Login) => logged_in = Some(false),
            (Some(Err(Error::Misuse(_))), Ask::Login) => {}
            (Some(Err(Error::Misuse(error))), ask) => {
                let gone = app
                    .requests
                    .iter()
                    .any(|request| request.abandoned.is_some());
                assert!(logged_in != Some(true) || gone, "{ask:?}: {error}");
            }
            // Another check has already verified that the refusal came from the server.
            (Some(Ok(_) | Err(Error::Refused(_))), _) => {}
            (Some(Err(error)), ask) => panic!("{ask:?} failed: {error}"),
        }
        if let Some(end) = &request.body_end {
            assert_eq!(*end, Ok(()));
        }
    }
    let open = plan.channel != Channel::Plain || plan.tls || plan.config.allow_insecure_login;
    if plan.password == PASSWORD && plan.method.is_none() && open {
        assert_ne!(logged_in, Some(false), "the right password was refused");
    }
    if let Some(outcome) = app.quit() {
        assert_eq!(app.closed, Some(Ok(())));
        assert!(outcome.is_committed(), "{outcome:?}");
    }
}
