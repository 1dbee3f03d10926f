//! A server that implements each mechanism, sends wrong answers on request, and echoes secrets.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{EagerHash, Hmac, KeyInit as _, Mac as _};
use pop3_proto::sasl::ScramHash;

use super::logins::PASSWORD;

pub(crate) const GREETING: &str = "+OK <1896.697170952@dbc.mtview.ca.us>\r\n";
pub(crate) const CLIENT_NONCE: &str = "rOprNGfwEbeRWgbNEkqO";
const SALT: &str = "W22ZaJ0SNY7soEsUEjb6gQ==";

/// How the server behaves.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Behaviour {
    /// It follows the protocol and accepts the login.
    Right,
    /// It follows the protocol and refuses the login.
    Refuses,
    /// It sends a challenge that is not base64.
    InvalidChallenge,
    /// It closes the connection.
    Closes,
    /// It echoes the client's message with this number.
    Echoes(usize, Place, Part),
}

/// Where the server puts an echo.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Place {
    ErrText,
    ErrCode,
    /// A line that is neither `+OK` nor `-ERR`.
    Line,
    LineAfterText,
    LooksLikeOk,
    /// In `e=` of SCRAM, and in the `-ERR` after it.
    ScramError,
    /// In a member of the JSON about a token.
    Json(&'static str),
    /// In the JSON, with every octet as `\u00XX`.
    EscapedJson,
    Challenge,
    ChallengeInBase64,
    /// In a line that is cut off by a close.
    CutShort,
}

/// Places that contain the echo unencoded.
pub(crate) const UNENCODED: [Place; 7] = [
    Place::ErrText,
    Place::ErrCode,
    Place::Line,
    Place::LineAfterText,
    Place::LooksLikeOk,
    Place::Challenge,
    Place::CutShort,
];

/// Places in the JSON about a token.
pub(crate) const IN_JSON: [Place; 4] = [
    Place::Json("status"),
    Place::Json("scope"),
    Place::Json("x-other"),
    Place::EscapedJson,
];

/// What the server echoes.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Part {
    WholeLine,
    /// The text after the last space of the line.
    Word,
    Decoded,
    Password,
    PasswordInBase64,
    /// A long part of that text.
    Piece,
}

/// Echoes of what the server received, as it was received.
pub(crate) const RECEIVED: [Part; 5] = [
    Part::WholeLine,
    Part::Word,
    Part::Decoded,
    Part::Password,
    Part::Piece,
];

impl Part {
    fn of(self, line: &str) -> Vec<u8> {
        let word = line.rsplit(' ').next().unwrap_or(line);
        match self {
            Self::WholeLine => line.into(),
            Self::Word => word.into(),
            Self::Decoded if line.starts_with("APOP ") => word.into(),
            Self::Decoded => STANDARD.decode(word).unwrap_or_else(|_| word.into()),
            Self::Password => PASSWORD.into(),
            Self::PasswordInBase64 => STANDARD.encode(PASSWORD).into(),
            Self::Piece => word[word.len() / 6..word.len() - word.len() / 6].into(),
        }
    }
}

/// The server's next action.
pub(crate) enum Answer {
    Send(Vec<u8>),
    SendAndClose(Vec<u8>),
}

pub(crate) struct Server {
    pub(crate) behaviour: Behaviour,
    mechanisms: &'static str,
    /// The lines of the current exchange.
    received: Vec<String>,
    /// The text of the `-ERR` after `*` or after the response to an error.
    refusing: Option<Vec<u8>>,
}

impl Server {
    pub(crate) fn new(behaviour: Behaviour, mechanisms: &'static str) -> Self {
        Self {
            behaviour,
            mechanisms,
            received: Vec::new(),
            refusing: None,
        }
    }

    /// Answers a line, which has no line ending.
    pub(crate) fn answer(&mut self, line: &str) -> Answer {
        let send = |text: &str| Answer::Send(text.into());
        if let Some(text) = self.refusing.take() {
            return Answer::Send([b"-ERR ", text.as_slice(), b"\r\n"].concat());
        }
        if line == "CAPA" {
            let list = format!("+OK\r\nSASL {}\r\n.\r\n", self.mechanisms);
            return send(if self.received.is_empty() {
                &list
            } else {
                "-ERR\r\n"
            });
        }
        if line.starts_with("USER ") {
            return send("+OK\r\n");
        }
        self.received.push(line.to_owned());
        match self.behaviour {
            Behaviour::Echoes(number, place, part) if number + 1 == self.received.len() => {
                return self.echo(place, &part.of(line));
            }
            _ => {}
        }
        let Some(challenge) = self.challenge() else {
            return match self.behaviour {
                Behaviour::Right | Behaviour::Echoes(..) => send("+OK\r\n"),
                Behaviour::Refuses => send("-ERR no\r\n"),
                Behaviour::Closes => Answer::SendAndClose(b"-ER".to_vec()),
                Behaviour::InvalidChallenge => {
                    self.refusing = Some(b"no".to_vec());
                    send("+ !!!!\r\n")
                }
            };
        };
        Answer::Send(format!("+ {}\r\n", STANDARD.encode(challenge)).into())
    }

    fn echo(&mut self, place: Place, what: &[u8]) -> Answer {
        self.refusing = Some(what.to_vec());
        let text = String::from_utf8_lossy(what);
        let base64 = |text: &[u8]| format!("+ {}", STANDARD.encode(text)).into_bytes();
        let json = |member: &str, text: &str| format!("{{\"{member}\":\"so: {text}\"}}");
        let plain_json = |member| {
            json(
                member,
                &text.replace('\0', "\\u0000").replace('\u{1}', "\\u0001"),
            )
        };
        let line = match place {
            Place::ErrText => [b"-ERR bad command: ", what].concat(),
            Place::ErrCode => [b"-ERR [", what, b"] no"].concat(),
            Place::Line => what.to_vec(),
            Place::LineAfterText => [b"what? ", what].concat(),
            Place::LooksLikeOk => [b"+Okay ", what].concat(),
            Place::ScramError => base64(&[b"e=", what].concat()),
            Place::Json(member) => base64(plain_json(member).as_bytes()),
            Place::EscapedJson => {
                let escaped = what.iter().map(|octet| format!("\\u{octet:04x}"));
                base64(json("status", &escaped.collect::<String>()).as_bytes())
            }
            Place::Challenge => [b"+ ", what].concat(),
            Place::ChallengeInBase64 => base64(what),
            Place::CutShort => {
                return Answer::SendAndClose([b"-ERR bad command: ", what].concat());
            }
        };
        Answer::Send([line.as_slice(), b"\r\n"].concat())
    }

    /// Returns the next challenge, or `None` if there is none.
    fn challenge(&self) -> Option<Vec<u8>> {
        let words: Vec<&str> = self.received.first()?.split(' ').collect();
        let [command, mechanism] = [words.first()?, words.get(1).unwrap_or(&"")];
        if *command != "AUTH" {
            return None;
        }
        let number = self.received.len();
        let scram = || {
            if number == 1 {
                return Some(server_first().into_bytes());
            }
            let hash = match mechanism.trim_end_matches("-PLUS") {
                "SCRAM-SHA-1" => ScramHash::Sha1,
                "SCRAM-SHA-256" => ScramHash::Sha256,
                _ => ScramHash::Sha512,
            };
            (number == 2).then(|| self.server_final(hash))
        };
        match *mechanism {
            "LOGIN" if number == 1 => Some(b"Username:".to_vec()),
            "LOGIN" if number == 2 => Some(b"Password:".to_vec()),
            "CRAM-MD5" | "X-OWN" if number == 1 => Some(b"<1896.697170952@dbc>".to_vec()),
            name if name.starts_with("SCRAM-") => scram(),
            _ => None,
        }
    }

    /// `v=…` (RFC 5802 section 3).
    fn server_final(&self, hash: ScramHash) -> Vec<u8> {
        let decoded = |line: &str| {
            let word = line.rsplit(' ').next().expect("a word");
            String::from_utf8(STANDARD.decode(word).expect("base64")).expect("UTF-8")
        };
        let first = decoded(&self.received[0]);
        let bare = first.splitn(3, ',').nth(2).expect("a bare message");
        let last = decoded(&self.received[1]);
        let (without_proof, _) = last.rsplit_once(",p=").expect("a proof");
        let message = format!("{bare},{},{without_proof}", server_first());
        let signature = match hash {
            ScramHash::Sha1 => signature::<sha1::Sha1>(&message),
            ScramHash::Sha256 => signature::<sha2::Sha256>(&message),
            ScramHash::Sha512 => signature::<sha2::Sha512>(&message),
            other => panic!("no such hash: {other:?}"),
        };
        format!("v={}", STANDARD.encode(signature)).into_bytes()
    }
}

fn server_first() -> String {
    format!("r={CLIENT_NONCE}hvYDpWUa2RaTCAfuxFIlj,s={SALT},i=2")
}

fn mac<D: EagerHash>(key: &[u8], octets: &[u8]) -> Vec<u8> {
    let mac = Hmac::<D>::new_from_slice(key).expect("a key of any length");
    mac.chain_update(octets).finalize().into_bytes().to_vec()
}

fn signature<D: EagerHash>(message: &str) -> Vec<u8> {
    let salt = STANDARD.decode(SALT).expect("base64");
    let first = mac::<D>(PASSWORD.as_bytes(), &[&salt[..], &[0, 0, 0, 1]].concat());
    let second = mac::<D>(PASSWORD.as_bytes(), &first);
    let salted: Vec<u8> = first.iter().zip(&second).map(|(a, b)| a ^ b).collect();
    mac::<D>(&mac::<D>(&salted, b"Server Key"), message.as_bytes())
}
