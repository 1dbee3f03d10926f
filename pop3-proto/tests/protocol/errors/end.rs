//! Texts of timeouts, and of connections that are closed, reset or not possible.

use pop3_proto::command::Verb;
use pop3_proto::error::{
    Closed, Stage, Timeout, TlsError, TlsErrorKind, TransportError, TransportErrorKind,
};
use pop3_proto::reply::ErrReply;
use pop3_proto::{Channel, Error};

use super::{Texts, before, number, reply};

pub(super) fn session_ends(texts: &mut Texts) {
    use Channel::{ImplicitTls, Plain};
    let (retr, seven) = (Verb::Retr, Some(number(7)));
    texts.add("Timeout::Connect", Timeout::Connect);
    for channel in [ImplicitTls, Plain] {
        texts.add("Timeout::TlsHandshake", Timeout::TlsHandshake { channel });
        texts.add("Timeout::Greeting", Timeout::Greeting { channel });
        texts.add("Closed::NoGreeting", Closed::NoGreeting { channel });
        texts.add("Stage::TlsHandshake", Stage::TlsHandshake { channel });
        texts.add("Stage::Greeting", Stage::Greeting { channel });
    }
    for (verb, number) in [(retr, seven), (Verb::Quit, None)] {
        for last_err in [None, before()] {
            let outstanding = 2;
            texts.add(
                "Timeout::FirstOctet",
                Timeout::FirstOctet {
                    verb,
                    number,
                    outstanding,
                    first_batch: false,
                    last_err: last_err.clone(),
                },
            );
            texts.add(
                "Closed::Unanswered",
                Closed::Unanswered {
                    verb,
                    number,
                    outstanding,
                    first_batch: false,
                    last_err: last_err.clone(),
                },
            );
        }
        texts.add("Stage::Unanswered", Stage::Unanswered { verb, number });
        texts.add("Stage::InReply", Stage::InReply { verb, number });
    }
    for (lf_dot, last_err) in [(false, None), (true, None), (false, before())] {
        texts.add(
            "Timeout::Stall",
            Timeout::Stall {
                verb: Some(retr),
                number: seven,
                outstanding: 2,
                first_batch: false,
                lf_dot,
                last_err: last_err.clone(),
            },
        );
        texts.add(
            "Closed::Truncated",
            Closed::Truncated {
                verb: retr,
                number: seven,
                outstanding: 2,
                first_batch: false,
                lf_dot,
                last_err,
            },
        );
    }
    texts.add(
        "Timeout::Stall, without a command",
        Timeout::Stall {
            verb: None,
            number: None,
            outstanding: 0,
            first_batch: false,
            lf_dot: false,
            last_err: None,
        },
    );
    texts.add("Timeout::Send", Timeout::Send);
    texts.add("Timeout::Total", Timeout::Total);
    texts.add("Closed::Finished", Closed::Finished);
    texts.add("Closed::Idle", Closed::Idle { last_err: None });
    texts.add("Closed::Idle", Closed::Idle { last_err: before() });
    let idle = reply("autologout; idle for too long");
    texts.add("Closed::UnsolicitedErr", Closed::UnsolicitedErr(idle));
    let empty = ErrReply::default();
    texts.add(
        "Closed::UnsolicitedErr",
        Closed::UnsolicitedErr(empty.clone()),
    );
    let busy = reply("too many connections from your address");
    texts.add("Closed::GreetingRefused", Closed::GreetingRefused(busy));
    texts.add("Closed::GreetingRefused", Closed::GreetingRefused(empty));
}

pub(super) fn transport(texts: &mut Texts) {
    use std::io::{Error as IoError, ErrorKind};
    let retr = Stage::InReply {
        verb: Verb::Retr,
        number: Some(number(7)),
    };
    for (name, kind, words, stage) in [
        (
            "NameResolution",
            TransportErrorKind::NameResolution,
            "cannot resolve the host name host.invalid: Name or service not known",
            None,
        ),
        (
            "Reset",
            TransportErrorKind::Reset,
            "Connection reset by peer (os error 104)",
            Some(Stage::Greeting {
                channel: Channel::Plain,
            }),
        ),
        (
            "Reset",
            TransportErrorKind::Reset,
            "Connection reset by peer (os error 104)",
            Some(Stage::TlsHandshake {
                channel: Channel::ImplicitTls,
            }),
        ),
        (
            "Reset",
            TransportErrorKind::Reset,
            "Connection reset by peer (os error 104)",
            Some(retr),
        ),
        ("Other", TransportErrorKind::Other, "disk on fire", None),
    ] {
        let mut error = TransportError::new(kind, words);
        error.stage = stage;
        texts.add(&format!("TransportErrorKind::{name}"), error);
    }
    let refused = || IoError::from(ErrorKind::ConnectionRefused);
    let address = |text: &str| text.parse().expect("an address");
    let one = Error::unreachable(&[(address("192.0.2.1:995"), refused())]);
    texts.add("TransportErrorKind::Refused", one);
    let two = [
        (address("192.0.2.1:995"), refused()),
        (
            address("[2001:db8::1]:995"),
            IoError::from(ErrorKind::NetworkUnreachable),
        ),
    ];
    texts.add("TransportErrorKind::Unreachable", Error::unreachable(&two));
    for (name, kind) in [
        ("UnknownIssuer", TlsErrorKind::UnknownIssuer),
        ("Certificate", TlsErrorKind::Certificate),
        ("NoApplicationProtocol", TlsErrorKind::NoApplicationProtocol),
        ("NotTls", TlsErrorKind::NotTls),
        ("Incompatible", TlsErrorKind::Incompatible),
        ("NotConfigured", TlsErrorKind::NotConfigured),
        ("Other", TlsErrorKind::Other),
    ] {
        let error = TlsError::new(kind, "the cause");
        texts.add(&format!("TlsErrorKind::{name}"), error);
    }
    for (case, text) in crate::tls::texts::all() {
        texts.add(&format!("TlsError: {case}"), text);
    }
}
