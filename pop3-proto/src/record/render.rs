//! Renders results in the format of transcripts. Only the kind of an error is written, so that
//! changed error texts do not change the transcripts.

use alloc::borrow::ToOwned as _;
use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use core::fmt::Write as _;

use crate::capability::Capabilities;
use crate::connection::Connection;
use crate::error::{
    AuthError, Closed, Error, Misuse, ProtocolError, Refusal, Rejected, SecurityError, Timeout,
    Unconfirmed,
};
use crate::event::Event;
use crate::listing::{Listing, ScanEntry, UidEntry, UidListing};
use crate::login::{LoginPlan, Verdict};
use crate::reply::{ErrReply, Language, QuitOutcome, Reply, Status};
use crate::sasl::SaslError;
use crate::ticket::RequestId;

/// Renders an event in one line. `label` returns the name of a request in the transcript.
pub fn event(event: &Event, label: &dyn Fn(RequestId) -> String) -> String {
    match event {
        Event::Greeting(greeting) => {
            let challenge = if greeting.challenge.is_some() {
                ", with a challenge"
            } else {
                ""
            };
            format!("greeting: {:?}{challenge}", greeting.text)
        }
        Event::Reply { id, result } => format!("{}: {}", label(*id), result_of(result)),
        Event::Body { id, chunk } => format!("{}: body {}", label(*id), quoted(chunk)),
        Event::BodyEnd { id, result: Ok(_) } => format!("{}: end", label(*id)),
        Event::BodyEnd {
            id,
            result: Err(why),
        } => format!("{}: cut short: {}", label(*id), error(why)),
        Event::TokenWanted { id, refused: None } => format!("{}: token wanted", label(*id)),
        Event::TokenWanted {
            id,
            refused: Some(refused),
        } => {
            let refused = error(&Error::Auth(refused.clone()));
            format!("{}: token wanted, after {refused}", label(*id))
        }
        Event::Quirk(quirk) => format!("quirk {quirk:?}"),
        Event::Closed(Ok(())) => "closed".to_owned(),
        Event::Closed(Err(why)) => format!("closed: {}", error(why)),
    }
}

/// Renders a reply, or the error.
pub fn result_of(result: &Result<Reply, Error>) -> String {
    match result {
        Ok(reply) => self::reply(reply),
        Err(why) => format!("failed: {}", error(why)),
    }
}

fn reply(reply: &Reply) -> String {
    match reply {
        Reply::Status(status) => with_text("ok", status),
        Reply::Capabilities(None) => "unknown".to_owned(),
        Reply::Capabilities(Some(list)) => capabilities(list),
        Reply::Mechanisms(None) => "unknown".to_owned(),
        Reply::Mechanisms(Some(list)) => {
            let names: Vec<_> = list
                .iter()
                .map(|name| name.escape_ascii().to_string())
                .collect();
            format!("mechanisms: {}", names.join(" "))
        }
        Reply::Languages(list) if list.is_empty() => "none".to_owned(),
        Reply::Languages(list) => {
            let languages: Vec<_> = list.iter().map(language).collect();
            languages.join(" | ")
        }
        Reply::Language(one) => language(one),
        Reply::Stat(stat) => match stat.octets {
            Some(octets) => format!("{} messages, {octets} octets", stat.messages),
            None => format!("{} messages, no size", stat.messages),
        },
        Reply::Size(entry) => scan_entry(entry),
        Reply::Sizes(listing) => sizes(listing),
        Reply::UniqueId(entry) => uid_entry(entry),
        Reply::UniqueIds(listing) => unique_ids(listing),
        Reply::BodyHead(opened) => with_text("opened", &opened.status),
        Reply::Lines(lines) => format!("{}, {}", with_text("ok", &lines.status), {
            quoted(&lines.octets)
        }),
        Reply::Confirmed(confirmed) => format!("confirmed by {}", confirmed.questions()),
        Reply::Quit(QuitOutcome::Committed(status)) => with_text("committed", status),
        Reply::Quit(QuitOutcome::Refused(reply)) => format!("refused {}", err_reply(reply)),
        Reply::Quit(QuitOutcome::Unknown) => "unknown".to_owned(),
    }
}

fn language(language: &Language) -> String {
    format!("{} {:?}", language.tag, language.text)
}

fn with_text(word: &str, status: &Status) -> String {
    if status.text.is_empty() {
        word.to_owned()
    } else {
        format!("{word} {:?}", status.text)
    }
}

/// Renders the lines of a capability list, separated by bars.
pub fn capabilities(list: &Capabilities) -> String {
    let lines: Vec<String> = list
        .lines()
        .map(|line| line.escape_ascii().to_string())
        .collect();
    if lines.is_empty() {
        return "none".to_owned();
    }
    lines.join(" | ")
}

fn scan_entry(entry: &ScanEntry) -> String {
    match entry.octets {
        Some(octets) => format!("{}={octets}", entry.number),
        None => format!("{}=?", entry.number),
    }
}

fn uid_entry(entry: &UidEntry) -> String {
    match &entry.unique_id {
        Some(id) if id.is_conforming() => format!("{}={id}", entry.number),
        Some(id) => format!("{}=\"{}\"", entry.number, id.as_bytes().escape_ascii()),
        None => format!("{}=?", entry.number),
    }
}

fn sizes(listing: &Listing) -> String {
    let entries = listing.iter().map(|entry| scan_entry(&entry));
    listed(entries.collect(), listing.is_after_dele())
}

fn unique_ids(listing: &UidListing) -> String {
    let entries = listing.iter().map(|entry| uid_entry(&entry));
    listed(entries.collect(), listing.is_after_dele())
}

fn listed(entries: Vec<String>, after_dele: bool) -> String {
    let mut text = if entries.is_empty() {
        "empty".to_owned()
    } else {
        entries.join(" ")
    };
    if after_dele {
        text.push_str(", after dele");
    }
    text
}

fn quoted(octets: &[u8]) -> String {
    format!("\"{}\"", octets.escape_ascii())
}

/// Renders the kind of an error, and the server's text if there is any.
pub fn error(why: &Error) -> String {
    match why {
        Error::Refused(refusal) => format!("refused {}", self::refusal(refusal)),
        Error::Auth(error) => match &**error {
            AuthError::Rejected(rejected) => self::rejected(rejected),
            AuthError::BrokenOff { cause, reply, .. } => {
                format!("auth {}, {}", sasl(cause), err_reply(reply))
            }
            AuthError::NoToken { refused: None, .. } => "auth no token".to_owned(),
            AuthError::NoToken {
                refused: Some(refused),
                ..
            } => {
                let refused = Error::Auth(refused.clone());
                format!("auth no token, after {}", self::error(&refused))
            }
            AuthError::NoSafeLogin(plan) => {
                let plan = self::plan(plan);
                format!("auth no safe login, {plan}{}", after(why))
            }
        },
        Error::Misuse(Misuse::Phase { verb, phase }) => format!("misuse {verb} in {phase}"),
        Error::Misuse(Misuse::TlsActive) => "misuse STLS inside TLS".to_owned(),
        Error::Misuse(Misuse::StlsAfterUtf8) => "misuse STLS after UTF8".to_owned(),
        Error::Misuse(Misuse::NotAdvertised { verb }) => format!("misuse {verb} not advertised"),
        Error::Misuse(Misuse::UserFirst) => "misuse PASS without USER".to_owned(),
        Error::Misuse(Misuse::TooLong { verb, octets, .. }) => {
            format!("misuse {verb} of {octets} octets")
        }
        Error::Misuse(Misuse::Argument(argument)) => format!("misuse {argument:?}"),
        Error::Protocol(why) => protocol(why),
        Error::Security(error) => match &**error {
            SecurityError::StlsRefused(reply) => {
                format!("security StlsRefused {}", err_reply(reply))
            }
            SecurityError::StlsUnavailable { .. } => {
                format!("security StlsUnavailable{}", after(why))
            }
            other => format!("security {other:?}"),
        },
        Error::Unconfirmed(why) => unconfirmed(why),
        Error::Limit(limit) => format!("limit {:?} {}", limit.what, limit.limit),
        Error::Timeout(late) => format!("{}{}", self::late(late), after(why)),
        Error::Closed(closed) => format!("{}{}", self::closed(closed), after(why)),
        Error::Transport(error) => {
            let suspicion = suspicion(error.first_batch);
            format!("transport {:?}{suspicion}{}", error.kind, after(why))
        }
        Error::Tls(why) => format!("tls {:?}", why.kind),
        Error::CallbackPanicked => "panicked".to_owned(),
        Error::Misuse(why) => format!("misuse {why:?}"),
    }
}

fn rejected(rejected: &Rejected) -> String {
    let mut text = format!("auth {}", refusal(&rejected.refusal));
    if let Some(oauth) = &rejected.oauth {
        let _ = write!(
            text,
            ", token {:?}",
            oauth.status.clone().unwrap_or_default()
        );
    }
    if let Some(method) = rejected.try_instead {
        let _ = write!(text, ", try {method}");
    }
    text
}

/// Renders the verdict on each login method, or one verdict if all are the same.
pub fn plan(plan: &LoginPlan) -> String {
    let verdicts: Vec<String> = plan
        .methods
        .iter()
        .map(|candidate| match &candidate.verdict {
            Verdict::Rejected(why) => format!("{why:?}"),
            other => format!("{other:?}"),
        })
        .collect();
    match verdicts.as_slice() {
        [first, rest @ ..] if rest.iter().all(|other| other == first) => first.clone(),
        _ => {
            let candidates = plan.methods.iter().zip(&verdicts);
            let words =
                candidates.map(|(candidate, verdict)| format!("{} {verdict}", candidate.name));
            words.collect::<Vec<_>>().join(", ")
        }
    }
}

fn refusal(refusal: &Refusal) -> String {
    let mut text = refusal.verb.to_string();
    if let Some(number) = refusal.number {
        let _ = write!(text, " {number}");
    }
    let _ = write!(text, " {:?}", refusal.text);
    if let Some(code) = &refusal.code {
        let _ = write!(text, " {code:?}");
    }
    text
}

/// Renders the `-ERR` that preceded an error and is related to it.
fn after(why: &Error) -> String {
    let last_err = why.last_err();
    last_err.map_or_else(String::new, |it| format!(", after {}", refusal(it)))
}

fn err_reply(reply: &ErrReply) -> String {
    let mut text = format!("{:?}", reply.text);
    if let Some(code) = &reply.code {
        let _ = write!(text, " {code:?}");
    }
    text
}

fn protocol(why: &ProtocolError) -> String {
    match why {
        ProtocolError::NotPop3 { got } => format!("protocol NotPop3 {got:?}"),
        ProtocolError::BadStatus { verb, got, .. } => format!("protocol BadStatus {verb} {got:?}"),
        ProtocolError::Unsolicited { got } => format!("protocol Unsolicited {got:?}"),
        // Omit the quoted octets, because their number depends on how many were received together.
        ProtocolError::Surplus { verb, number, .. } => {
            let number = number.map_or(String::new(), |number| format!(" {number}"));
            format!("protocol Surplus {verb}{number}")
        }
        ProtocolError::BareLineFeed { verb, got } => {
            let verb = verb.map_or("greeting".to_owned(), |verb| verb.to_string());
            format!("protocol BareLineFeed {verb} {got:?}")
        }
        ProtocolError::NumberMismatch { verb, asked, got } => {
            format!("protocol NumberMismatch {verb} {asked} {got:?}")
        }
        ProtocolError::Malformed { verb, got, .. } => format!("protocol Malformed {verb} {got:?}"),
        ProtocolError::Sasl {
            mechanism,
            cause: cause @ SaslError::ExtraChallenge(_),
        } => format!("protocol Sasl {mechanism} {}", sasl(cause)),
        other => format!("protocol {other:?}"),
    }
}

/// Renders the reason why an exchange failed. For an extra challenge, renders only the status.
fn sasl(why: &SaslError) -> String {
    match why {
        SaslError::ExtraChallenge(said) => {
            format!(
                "ExtraChallenge {:?}",
                said.status.clone().unwrap_or_default()
            )
        }
        other => format!("{other:?}"),
    }
}

/// Renders the hint that pipelining may be the cause.
fn suspicion(first_batch: bool) -> &'static str {
    if first_batch { ", first batch" } else { "" }
}

fn unconfirmed(why: &Unconfirmed) -> String {
    match why {
        Unconfirmed::Unsupported(None) => "unconfirmed Unsupported".to_owned(),
        Unconfirmed::Unsupported(Some(refusal)) => {
            format!("unconfirmed Unsupported {}", self::refusal(refusal))
        }
        Unconfirmed::WrongAnswer { verb, number, got } => {
            format!("unconfirmed WrongAnswer {verb} {number} {got:?}")
        }
        Unconfirmed::CutShort(cause) => format!("unconfirmed CutShort, {}", error(cause)),
        other => format!("unconfirmed {other:?}"),
    }
}

fn late(why: &Timeout) -> String {
    let several = |outstanding: usize| match outstanding {
        0 | 1 => String::new(),
        n => format!(", {n} in flight"),
    };
    match why {
        Timeout::FirstOctet {
            verb,
            outstanding,
            first_batch,
            ..
        } => {
            let (several, suspicion) = (several(*outstanding), suspicion(*first_batch));
            format!("timeout FirstOctet {verb}{several}{suspicion}")
        }
        Timeout::Stall {
            outstanding,
            first_batch,
            lf_dot,
            ..
        } => {
            let (several, suspicion) = (several(*outstanding), suspicion(*first_batch));
            let lf_dot = lf_dotted(*lf_dot);
            format!("timeout Stall{several}{suspicion}{lf_dot}")
        }
        Timeout::TlsHandshake { .. } => "timeout TlsHandshake".to_owned(),
        Timeout::Greeting { .. } => "timeout Greeting".to_owned(),
        why => format!("timeout {why:?}"),
    }
}

fn lf_dotted(lf_dot: bool) -> &'static str {
    if lf_dot { ", at LF dot" } else { "" }
}

fn closed(why: &Closed) -> String {
    match why {
        Closed::Idle { .. } => "closed Idle".to_owned(),
        Closed::Unanswered {
            verb,
            outstanding,
            first_batch,
            ..
        } => {
            let suspicion = suspicion(*first_batch);
            format!("closed Unanswered {verb}, {outstanding} in flight{suspicion}")
        }
        Closed::Truncated {
            verb,
            outstanding,
            first_batch,
            lf_dot,
            ..
        } => {
            let suspicion = suspicion(*first_batch);
            let lf_dot = lf_dotted(*lf_dot);
            format!("closed Truncated {verb}, {outstanding} in flight{suspicion}{lf_dot}")
        }
        Closed::UnsolicitedErr(reply) => format!("closed UnsolicitedErr {}", err_reply(reply)),
        Closed::GreetingRefused(reply) => format!("closed GreetingRefused {}", err_reply(reply)),
        Closed::NoGreeting { .. } => "closed NoGreeting".to_owned(),
        other => format!("closed {other:?}"),
    }
}

/// Renders a part of the client's state: `phase`, `capabilities`, `greeting`, `utf8`,
/// `language`, `plan` or `tls`.
/// `None` if it is unknown.
pub fn state(connection: &Connection, what: &str) -> Option<String> {
    Some(match what {
        "phase" => connection.phase().to_string(),
        "capabilities" => connection
            .capabilities()
            .map_or_else(|| "unknown".to_owned(), capabilities),
        "greeting" => connection
            .greeting()
            .map_or_else(|| "none".to_owned(), |it| format!("{:?}", it.text)),
        "utf8" => if connection.utf8_mode() { "on" } else { "off" }.to_owned(),
        "language" => connection.language().unwrap_or("unknown").to_owned(),
        "plan" => connection
            .login_plan()
            .map_or_else(|| "none".to_owned(), plan),
        "tls" => match (connection.wants_tls(), connection.tls().is_some()) {
            (true, _) => "wanted".to_owned(),
            (false, true) => "established".to_owned(),
            (false, false) => "none".to_owned(),
        },
        _ => return None,
    })
}
