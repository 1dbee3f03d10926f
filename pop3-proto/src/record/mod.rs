//! Transcripts: recording sessions, replaying them without a network, and shrinking them.
//!
//! A *transcript* is a conversation between an application, a connection and a server, as text. A
//! [`Recorder`] writes one while a session runs, without secrets. [`replay`] plays it to a new
//! [`Connection`](crate::Connection), which does the same again: it sends the same octets, reports
//! the same events, and ends in the same error. [`shrink`] removes what is not needed for that.
//!
//! The tests of this crate are transcripts, too. A transcript from a bug report becomes a test when
//! its file is copied to `pop3-proto/tests/transcripts`. The seeds of the fuzz targets are derived
//! from the same files.
//!
//! ```
//! use pop3_proto::record::{Recorder, Transcript, replay};
//! use pop3_proto::{Channel, Config, Connection, Instant};
//!
//! let recorder = Recorder::new();
//! let now = Instant::ORIGIN;
//! let mut connection = Connection::new(Config::default(), Channel::Plain, now);
//! assert!(recorder.attach(&mut connection));
//!
//! let greeting = b"+OK ready\r\n";
//! connection.recv_buffer().unwrap()[..greeting.len()].copy_from_slice(greeting);
//! connection.received(greeting.len(), now);
//! while connection.poll_event().is_some() {}
//! connection.handle_eof(now);
//!
//! let text = recorder.transcripts()[0].to_string();
//! assert!(text.ends_with("\
//! S: +OK ready
//! = greeting: \"ready\"
//! ! eof
//! = closed: closed Idle
//! "));
//!
//! // Later, and without the server:
//! let transcript: Transcript = text.parse()?;
//! let replayed = replay(&transcript)?;
//! assert!(replayed.error().is_some());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What is recorded
//!
//! A recording contains what the application, the server, TLS and the clock did: requests with
//! their arguments, the octets of the server in the segments in which they were read, the end of
//! the stream and failures, deadlines that passed, and the settings that differ from the default.
//! Inside TLS it contains the plaintext. It never contains:
//!
//! * **secrets**. A password is recorded as `secret`, a token as `token-1`. The lines that the
//!   client sends are those of a replay with these values. A secret that the server echoes is
//!   replaced. [`Secret`](crate::Secret#redaction) says what is recognized, and what is not. In
//!   multi-line replies the octets of a secret become `*`.
//! * **the server's signature of SCRAM**, from which the password could be guessed. It is replaced
//!   by the one for the password `secret`, so that the login succeeds in a replay, too. If the
//!   client did not accept the signature, an invalid one is recorded. The nonces, the salt and the
//!   iteration count are recorded.
//! * **the responses of a custom mechanism**. Their number is recorded.
//! * octets that were received but not parsed, if the connection has not ended.
//!
//! These are private, and are replaced unless the recorder keeps them:
//!
//! * **messages, and the replies to raw commands**: each octet becomes `x`, except dots, line ends
//!   and a leading `+OK` or `-ERR`. The lines, their lengths and their dots are kept, because they
//!   decide where a message ends. After the first message, a line of the server that is not a reply
//!   is replaced in the same way, because it may be a part of a message.
//!   [`Recorder::keep_messages`] keeps all of these.
//! * **user names**, also in the status lines of the server: they become `user`, with the same
//!   length. The same applies to the user to act as, and to the trace of an anonymous login. The
//!   host that OAUTHBEARER sends becomes `mail.example.org`. [`Recorder::keep_names`] keeps names.
//!
//! Everything else is recorded as it is: the texts of the server, which often contain its host
//! name, its capabilities, sizes, unique-ids, and the arguments of raw commands. Read a recording
//! before you publish it.
//!
//! A recording is kept in memory, up to a limit ([`Recorder::limited_to`]). It must begin with the
//! connection. Times are recorded to the second, and exactly for deadlines that passed. The text of
//! a failure of the transport or of TLS is not recorded, only its kind.
//!
//! # The language
//!
//! | line | meaning |
//! |---|---|
//! | `# …` | a comment |
//! | `S: …` | the server sends this line |
//! | `C: …` | the client has sent this line |
//! | `> …` | the application requests an operation, such as `retr 1`, or does something else; see below |
//! | `>> …` | the same, but as soon as the events between the last `S:` line and this line were polled, while later octets of the segment are not parsed |
//! | `= …` | the client reports this event to the application |
//! | `? what: value` | the state of the client: `phase`, `capabilities`, `greeting`, `utf8`, `language`, `tls`, or `plan`, which is the plan of the last login |
//! | `! …` | an event outside the protocol: `eof`, `reset`, `write fails`, `tls`, `tls 1.2`, `tls 1.3`, `tls fails`, `wait SECONDS`; `read fails KIND`, `write fails KIND` and `tls fails KIND` have the kind of the failure |
//! | `set …` | a setting of the client, such as `set channel implicit-tls`; see below |
//! | `include …` | inserts the lines of another file; see [`Transcript::parse_with`] |
//! | `only …` | plays the transcript only under `strict` or `lenient`, only with `crlf` line ends, or only `whole`, which means uncut |
//!
//! A line that begins with `[strict]` or `[lenient]` applies only under that leniency.
//!
//! Lines of `S:` and `C:` end in CR LF unless they end in a backslash. `\r`, `\n`, `\t`, `\\` and
//! `\xNN` are octets. Consecutive `S:` lines are received in one segment. Consecutive `C:` lines are
//! sent in one batch. Consecutive `>` lines are requested together. A `?` line separates two segments,
//! two batches or two groups of requests. If `! write fails` follows `>` lines directly, it happens
//! before their octets are sent.
//!
//! A transcript is complete: the client must not send or report anything else. A replay checks that
//! before each `S:` or `>` line, and at the end.
//!
//! ## Settings
//!
//! | setting | meaning |
//! |---|---|
//! | `channel plain`, `channel implicit-tls`, `channel trusted` | how the connection starts; `plain` is the default |
//! | `allow-insecure-login` | `Config::allow_insecure_login` |
//! | `utf8` | `Config::utf8` is `Utf8Policy::Auto` |
//! | `stls off`, `capa never`, `initial-response never`, `lf-dot ends-reply` | the field of `Config` with that name |
//! | `pipelining always`, `pipelining never` | `Config::pipelining` |
//! | `keep-alive SECONDS`, `total SECONDS` | `Config::keep_alive`, `Timeouts::total` |
//! | `tls-timeout SECONDS`, `greeting-timeout`, `first-octet-timeout`, `stall-timeout`, `send-timeout`, `quit-timeout`, `quit-without-deletions-timeout` | the field of `Timeouts` with that name; `never` is the longest time |
//! | `challenges N`, `challenge-octets N`, `capability-lines N`, `listing-entries N`, `listing-line N`, `listing-octets N`, `line-limit N`, `receive-buffer N`, `capability-octets N`, `challenge-line N`, `command-line N` | the limit in `Limits`; `line-limit` is `Limits::line`, `challenge-line` is `Limits::challenge`, and `command-line` is `Limits::command` |
//!
//! ## Operations
//!
//! An operation is the command in lower case, such as `stat`, `list`, `list 1`, `top 1 0` or `quit`.
//!
//! | operation | meaning |
//! |---|---|
//! | `list streamed`, `uidl streamed` | the listing is streamed like a message |
//! | `list salvaged`, `uidl salvaged` | the listing of a synchronisation, without its malformed lines |
//! | `capabilities` | the capabilities, from memory if they are known |
//! | `auth` | `AUTH` without a mechanism |
//! | `lang`, `lang TAG` | `LANG` without and with an argument |
//! | `short XTND`, `long XTND`, `stream XTND` | a raw command with a reply of one line, a multi-line reply, or a streamed reply |
//! | `confirm N` | confirms the messages with N questions, which are always the same for the same listings; `key=` and 64 hexadecimal digits choose others, and `without-sizes` asks only about unique-ids |
//! | `login USER PASSWORD` | a login with a password |
//! | `login-token USER TOKEN` | a login with a bearer token; `server=HOST:PORT` adds the server's name to the request |
//! | `login-tokens USER TOKEN…` | the same, with these tokens provided on request, one after the other |
//! | `login-on-request USER` | the same, with the tokens of later lines |
//! | `login-certificate`, `login-anonymous TRACE` | a login with EXTERNAL or ANONYMOUS |
//! | `login-mechanism NAME N` | a login with a custom mechanism that sends N responses; with `initial`, the first of them is an initial response |
//!
//! Instead of an operation, these words may follow `>` or `>>`:
//!
//! | words | meaning |
//! |---|---|
//! | `abandon`, `abandon N`, `abandon N..M` | abandons all requests, or those with these numbers; the first request of the connection is 1 |
//! | `token TEXT`, `no token` | provides the token that a login wants, or none |
//! | `exceeded LIMIT N` | ends the connection because of a limit of the application: `line`, `lines`, `octets`, `challenges`, `challenge-octets` or `message` |
//! | `panicked` | code of the application panicked |
//! | `keep-alive SECONDS`, `keep-alive off` | changes the interval of keep-alives |
//!
//! These words may follow a login:
//!
//! | option | meaning |
//! |---|---|
//! | `only=A`, `first=A,B`, `each=A,B`, `twisted` | the login policy, such as `only=SCRAM-SHA-256`; `twisted` is the policy of the client in Twisted |
//! | `as=NAME` | the authorization identity: acts as this user |
//! | `binding=prefer`, `binding=require` | channel binding |
//! | `nonce=TEXT`, `iterations=1..5000` | the nonce and the accepted iteration counts of SCRAM |
//!
//! After `! tls 1.3` and `! tls 1.2` channel binding is available, with the octets 0 to 31: as the
//! exporter (RFC 9266), or as the hash of the certificate (RFC 5929). After `! tls` it is
//! not, because RFC 5929 defines no hash for a certificate that is signed with Ed25519.
//!
//! ## Events
//!
//! An event is the operation, a colon and its result. The events of the connection have no operation:
//! `greeting: …`, `quirk …` and `closed`.
//!
//! | result | meaning |
//! |---|---|
//! | `ok "text"` | the reply is `+OK` with this text; `ok` if the text is empty |
//! | `1=120 2=200`, `1=?`, `empty` | numbers with sizes or unique-ids; `?` if the value is missing; an empty listing |
//! | `…, after dele` | a listing that was requested after a `DELE` |
//! | `2 messages, 320 octets` | the values of `stat`; `no size` if the size is missing |
//! | `ok "text", "octets"` | the reply to a raw command with a multi-line reply |
//! | `USER \| UIDL \| TOP` | the lines of the capabilities; `none` if there are none, `unknown` if `CAPA` was refused |
//! | `mechanisms: PLAIN LOGIN` | the reply to `auth`; `unknown` if it was refused |
//! | `en "English" \| es ""` | the reply to `lang`, with the text of each language; `none` if there is none. The reply to `lang TAG` is one language |
//! | `opened "text"`, `body "octets"`, `end` | the status, a chunk and the end of a streamed reply |
//! | `cut short: ERROR` | a streamed reply failed after its status |
//! | `token wanted`, `token wanted, after ERROR` | a login wants its first token, or a fresh one |
//! | `confirmed by 16` | the confirmation succeeded with this number of questions |
//! | `committed "text"`, `refused "text"`, `unknown` | the outcome of `quit` |
//! | `failed: ERROR` | the operation failed |
//!
//! An error is written as its kind and variant, not with its text, so that a better text changes no
//! transcript:
//!
//! | error | meaning |
//! |---|---|
//! | `refused RETR 1 "text" Code` | `-ERR` to a command, with its response code if there is one |
//! | `auth …` | a failed login: `auth AUTH "text"` if the server refused it, `auth no safe login, PLAN`, `auth no token`, or `auth Cause, "text"` if the client cancelled it |
//! | `misuse …` | the application made a mistake, such as `misuse RETR in AUTHORIZATION` |
//! | `protocol …`, `security …`, `unconfirmed …` | the variant of `ProtocolError`, `SecurityError` or `Unconfirmed`, and the command |
//! | `limit Lines 20` | the variant of `Limited`, and the limit |
//! | `timeout …`, `closed …` | the variant of `Timeout` or `Closed`, and the command |
//! | `transport …`, `tls …` | the kind of the failure |
//! | `panicked` | code of the application panicked |
//!
//! These words may follow an error:
//!
//! | words | meaning |
//! |---|---|
//! | `, 3 in flight` | three commands were unanswered |
//! | `, first batch` | the session ended in its first pipelined batch (`Error::suspects_pipelining`) |
//! | `, at LF dot` | the last octets were LF `.` CR LF |
//! | `, after CAPA "text"` | an earlier `-ERR` that may be the reason (`Error::last_err`) |
//! | `, token "invalid_token"` | what the server sent about a token |
//! | `, try PLAIN` | the login method in `Error::try_instead` |
//!
//! `quirk NAME` has the name of a variant of `Quirk`. A `plan` is the verdict on each login method, or
//! one verdict if all are the same.
//!
//! # Partitions
//!
//! [`Feeding`] and [`LineEnds`] split the octets of the server differently, and change its line
//! ends. The results must be the same, except for the line ends of bodies.
//!
//! There is one exception. `protocol Surplus RETR 1` means that the reply to `RETR 1` failed,
//! because octets that no command explains follow its end. The client can see that only if these
//! octets are received together with the end. If they are cut apart, the end of the reply may be
//! reported first, and the connection then closes with the same error. A replay accepts that.

pub use self::deviation::{Deviation, Difference};
pub use self::recorder::Recorder;
pub use self::replay::{Feeding, LineEnds, Replay, Replayed, replay};
pub use self::settings::{configure, describe};
pub use self::shrink::shrink;
pub use self::step::{Action, Step};
pub use self::transcript::{Include, Line, Only, ParseError, Setting, Transcript};
pub use crate::operation::{ConfirmOperation, LoginOperation, Operation, Problem};

#[cfg(feature = "internals")]
mod conversation;
mod deviation;
#[cfg_attr(
    not(feature = "internals"),
    allow(unreachable_pub, reason = "the feature `internals` makes it public")
)]
mod driver;
mod player;
mod recorder;
#[cfg_attr(
    not(feature = "internals"),
    allow(unreachable_pub, reason = "the feature `internals` makes it public")
)]
mod render;
mod replay;
mod scram;
mod settings;
mod shrink;
mod step;
#[cfg_attr(
    not(feature = "internals"),
    allow(unreachable_pub, reason = "the feature `internals` makes it public")
)]
mod surplus;
mod transcript;
mod write;
mod writer;

/// The driver of the tests of this workspace, and the words of the language.
#[cfg(feature = "internals")]
pub(crate) mod internals {
    pub use super::conversation::assert_over;
    pub use super::driver::{Driver, Outcome, join};
    pub use super::surplus::is_late_surplus;

    /// Writes events and errors in the language of transcripts.
    pub mod render {
        pub use super::super::render::{capabilities, error, event, plan, result_of, state};
    }
}
