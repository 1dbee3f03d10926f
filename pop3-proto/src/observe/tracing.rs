//! An observer that reports to the crate `tracing`.

use alloc::collections::VecDeque;

use tracing::field::{Empty, display};
use tracing::{Level, Span};

use super::{Observed, Observer, Record};
use crate::channel::{Handshake, TlsInfo};
use crate::error::Error;
use crate::status::indicator;
use crate::ticket::RequestId;
use crate::types::MessageNumber;
use crate::verb::Verb;

/// An [`Observer`] that creates spans and events of the crate `tracing`.
///
/// | span | level | parent | from | to |
/// |---|---|---|---|---|
/// | `connection` | INFO | the current span when it is created | its creation | the end of the connection |
/// | `login` | INFO | `connection` | its first command | its result |
/// | `command` | DEBUG | `connection` or `login` | the command was sent | its reply is complete |
/// | `message` | DEBUG | `command` | the status line of `RETR` or `TOP` | the end of the message |
///
/// The fields follow the semantic conventions of OpenTelemetry where there are such:
///
/// | field | span | value |
/// |---|---|---|
/// | `server.address`, `server.port` | `connection` | the endpoint |
/// | `network.protocol.name` | `connection` | `pop3` |
/// | `tls.protocol.version`, `tls.cipher`, `tls.resumed` | `connection` | the result of the handshake |
/// | `pop3.verb` | `command` | the keyword |
/// | `pop3.message.number` | `command`, `message` | the message |
/// | `pop3.status` | `command` | `+OK` or `-ERR` |
/// | `pop3.octets` | `command`, `message` | the octets of the reply, or of the message without dot-stuffing |
/// | `pop3.lines` | `message` | the lines of the message |
/// | `error`, `error.type` | all | why it failed: the text, and its kind, such as `refused` or `timeout` |
///
/// The message of each event is what [`Record`] displays:
///
/// | level | event |
/// |---|---|
/// | ERROR | the connection ended with an error |
/// | WARN | a login failed, or a reply was malformed |
/// | INFO | the server refused a command outside a login |
/// | DEBUG | the server refused a command of a login; TLS; a tolerated deviation; the end of the connection |
/// | TRACE | each line that was sent or received |
///
/// Commands that are pipelined overlap. A span is also closed when the connection is dropped. What
/// the connection [redacts](super#what-is-redacted) is redacted here, too.
///
/// The asynchronous clients drive the connection in the task of the caller, so the spans are never
/// entered: they are the parents of each other, but not of what the application logs meanwhile.
///
/// ```
/// use pop3_proto::Connector;
/// use pop3_proto::observe::Tracing;
///
/// let mut connector = Connector::default();
/// connector.trace();
/// // The same, if you need your own span, or other observers as well:
/// connector.observe_with(|endpoint| Box::new(Tracing::new(endpoint.host(), endpoint.port())));
/// ```
#[derive(Debug)]
pub struct Tracing {
    // The fields are dropped in this order, which closes children before their parents.
    /// The commands that were sent and are not answered.
    commands: VecDeque<Command>,
    login: Option<Login>,
    connection: Span,
}

#[derive(Debug)]
struct Login {
    request: Option<RequestId>,
    span: Span,
}

#[derive(Debug)]
struct Command {
    message: Option<Span>,
    span: Span,
    /// The octets of its reply so far.
    octets: u64,
    /// Whether its span has a status.
    has_status: bool,
}

impl Tracing {
    /// Creates the span of a connection to this server. Its parent is the current span.
    pub fn new(host: &str, port: u16) -> Self {
        Self::in_span(tracing::span!(
            Level::INFO,
            "connection",
            server.address = host,
            server.port = port,
            network.protocol.name = "pop3",
            tls.protocol.version = Empty,
            tls.cipher = Empty,
            tls.resumed = Empty,
            error = Empty,
            "error.type" = Empty,
        ))
    }

    /// Uses a span of the application as that of the connection. A field that the span does not
    /// declare is not recorded.
    pub fn in_span(connection: Span) -> Self {
        Self {
            connection,
            login: None,
            commands: VecDeque::new(),
        }
    }

    /// Returns the span that is the parent of what belongs to this request, but to no command.
    fn parent(&self, request: Option<RequestId>) -> &Span {
        match &self.login {
            Some(login) if login.request == request => enabled(&login.span, &self.connection),
            _ => &self.connection,
        }
    }

    /// Reports that a command has failed.
    fn refused(&self, command: &Span, record: &Record<'_>, error: &Error) {
        let span = enabled(command, self.parent(record.request));
        match error.refusal() {
            // Many logins ask for something that a server does not support.
            Some(_) if self.login.is_some() => {
                tracing::event!(parent: span, Level::DEBUG, "{record}");
            }
            Some(_) => tracing::event!(parent: span, Level::INFO, "{record}"),
            None => tracing::event!(parent: span, Level::WARN, "{record}"),
        }
    }

    fn sent(&mut self, request: Option<RequestId>, verb: Verb, number: Option<MessageNumber>) {
        let span = tracing::span!(
            parent: self.parent(request),
            Level::DEBUG,
            "command",
            pop3.verb = Empty,
            pop3.message.number = Empty,
            pop3.status = Empty,
            pop3.octets = Empty,
            error = Empty,
            "error.type" = Empty,
        );
        span.record("pop3.verb", verb.row().keyword);
        if let Some(number) = number {
            span.record("pop3.message.number", number.get());
        }
        self.commands.push_back(Command {
            span,
            message: None,
            octets: 0,
            has_status: false,
        });
    }

    fn received(
        &mut self,
        verb: Option<Verb>,
        number: Option<MessageNumber>,
        line: &[u8],
        octets: usize,
    ) {
        let Some(command) = self.commands.front_mut().filter(|_| verb.is_some()) else {
            return;
        };
        command.octets += octets as u64;
        let Some((is_ok, _)) = indicator(line).filter(|_| !command.has_status) else {
            return;
        };
        command.has_status = true;
        let status = if is_ok { "+OK" } else { "-ERR" };
        command.span.record("pop3.status", status);
        if is_ok && matches!(verb, Some(Verb::Retr | Verb::Top)) {
            let span = tracing::span!(
                parent: &command.span,
                Level::DEBUG,
                "message",
                pop3.message.number = Empty,
                pop3.octets = Empty,
                pop3.lines = Empty,
                error = Empty,
                "error.type" = Empty,
            );
            if let Some(number) = number {
                span.record("pop3.message.number", number.get());
            }
            command.message = Some(span);
        }
    }

    fn multi_line(&mut self, lines: u64, octets: u64) {
        if let Some(command) = self.commands.front_mut() {
            command.octets += octets;
            if let Some(message) = command.message.take() {
                message.record("pop3.octets", octets);
                message.record("pop3.lines", lines);
            }
        }
    }

    fn established(&self, info: &TlsInfo) {
        if let Some(protocol) = &info.protocol {
            let version = match protocol.as_str() {
                "TLSv1_3" => "1.3",
                "TLSv1_2" => "1.2",
                other => other,
            };
            self.connection.record("tls.protocol.version", version);
        }
        if let Some(suite) = &info.cipher_suite {
            self.connection.record("tls.cipher", suite.as_str());
        }
        if let Some(handshake) = info.handshake {
            self.connection
                .record("tls.resumed", handshake == Handshake::Resumed);
        }
    }

    fn closed(&mut self, result: Result<(), &Error>) {
        for Command { span, message, .. } in self.commands.drain(..) {
            for span in message.iter().chain([&span]) {
                fail(span, result);
            }
        }
        if let Some(login) = self.login.take() {
            fail(&login.span, result);
        }
        let connection = core::mem::replace(&mut self.connection, Span::none());
        fail(&connection, result);
    }
}

/// Reports a line as an event.
fn trace(span: &Span, record: &Record<'_>) {
    tracing::event!(parent: span, Level::TRACE, "{record}");
}

/// Returns a span unless a filter has disabled it, and then the next one.
fn enabled<'a>(span: &'a Span, next: &'a Span) -> &'a Span {
    if span.is_disabled() { next } else { span }
}

/// Records why the operation of a span failed.
fn fail(span: &Span, result: Result<(), &Error>) {
    if let Err(error) = result {
        span.record("error", display(error));
        span.record("error.type", kind(error));
    }
}

/// Returns the kind of an error in one word.
fn kind(error: &Error) -> &'static str {
    match error {
        Error::Refused(_) => "refused",
        Error::Auth(_) => "auth",
        Error::Misuse(_) => "misuse",
        Error::Protocol(_) => "protocol",
        Error::Security(_) => "security",
        Error::Unconfirmed(_) => "unconfirmed",
        Error::Limit(_) => "limit",
        Error::Timeout(_) => "timeout",
        Error::Closed(_) => "closed",
        Error::Transport(_) => "transport",
        Error::Tls(_) => "tls",
        Error::CallbackPanicked => "panic",
    }
}

impl Observer for Tracing {
    fn observe(&mut self, record: &Record<'_>) {
        let Record { request, what, .. } = record;
        match what {
            Observed::Sent {
                verb, number, line, ..
            } => {
                // A response belongs to the AUTH command that the exchange began with.
                if line.starts_with(verb.row().keyword) {
                    self.sent(*request, *verb, *number);
                }
                let parent = self.parent(*request);
                let span = self.commands.back().map(|command| &command.span);
                trace(span.map_or(parent, |span| enabled(span, parent)), record);
            }
            Observed::Received {
                verb,
                number,
                line,
                octets,
            } => {
                let parent = self.parent(*request);
                let front = self.commands.front().filter(|_| verb.is_some());
                let span = front.map_or(parent, |command| enabled(&command.span, parent));
                trace(span, record);
                self.received(*verb, *number, line.as_bytes(), *octets);
            }
            Observed::MultiLine { lines, octets, .. } => {
                if let Some(command) = self.commands.front() {
                    let span = enabled(&command.span, self.parent(*request));
                    let span = command
                        .message
                        .as_ref()
                        .map_or(span, |it| enabled(it, span));
                    trace(span, record);
                }
                self.multi_line(*lines, *octets);
            }
            Observed::Answered { result, .. } => {
                if let Some(command) = self.commands.pop_front() {
                    command.span.record("pop3.octets", command.octets);
                    fail(&command.span, *result);
                    if let Err(error) = result {
                        self.refused(&command.span, record, error);
                    }
                }
            }
            Observed::LoginBegins => {
                let span = tracing::span!(parent: &self.connection, Level::INFO, "login", error = Empty, "error.type" = Empty);
                self.login = Some(Login {
                    request: *request,
                    span,
                });
            }
            Observed::LoginEnded(result) => {
                if let Some(login) = self.login.take() {
                    fail(&login.span, *result);
                    if result.is_err() {
                        let span = enabled(&login.span, &self.connection);
                        tracing::event!(parent: span, Level::WARN, "{record}");
                    }
                }
            }
            Observed::TlsEstablished(info) => {
                self.established(info);
                tracing::event!(parent: &self.connection, Level::DEBUG, "{record}");
            }
            Observed::Closed(Err(error)) => {
                tracing::event!(parent: &self.connection, Level::ERROR, "{record}");
                self.closed(Err(*error));
            }
            Observed::Closed(Ok(())) => {
                tracing::event!(parent: &self.connection, Level::DEBUG, "{record}");
                self.closed(Ok(()));
            }
            Observed::TlsBegins | Observed::Quirk(_) => {
                tracing::event!(parent: &self.connection, Level::DEBUG, "{record}");
            }
        }
    }
}
