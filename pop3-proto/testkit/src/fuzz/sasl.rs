//! Runs each mechanism with any challenges. Checks when `+OK` is accepted, how much is sent, and
//! what is printed.

use pop3_proto::sasl::{
    Anonymous, Binding, ClientNonce, CramMd5, External, Login, Mechanism, OAuthBearer, Plain,
    Progress, Response, SaslError, Scram, ScramHash, XOAuth2,
};

use super::commands::{secret, user};
use super::{SECRET, contains, scram};

/// The client's nonce.
const NONCE: &str = "fyko";

/// A challenge that is replaced by the signature that a server with the password would send.
const SIGNED: &[u8] = b"V";

/// Runs an input: an octet for the mechanism, then one challenge per line.
pub fn sasl(data: &[u8]) -> usize {
    let Some((&which, challenges)) = data.split_first() else {
        return 0;
    };
    let mut exchange = Exchange::new(mechanism(which));
    for line in challenges.split_inclusive(|&octet| octet == b'\n') {
        let challenge = exchange.signed(line.strip_suffix(b"\n").unwrap_or(line));
        let answer = exchange.respond(&challenge);
        let answered = answer.is_ok();
        exchange.note(&challenge, answer);
        if !answered {
            break;
        }
    }
    let said = usize::from(exchange.initial.is_some()) + exchange.challenges.len();
    exchange.finish();
    said
}

fn mechanism(which: u8) -> Box<dyn Mechanism> {
    let (user, secret) = (user(), secret());
    let scram = |hash, binding| {
        let nonce = ClientNonce::new(NONCE).unwrap();
        let scram = Scram::new(hash, &user, &secret, nonce).unwrap();
        Box::new(scram.with_iterations(1..=4).with_binding(binding))
    };
    match which % 13 {
        0 => Box::new(Plain::new(&user, &secret)),
        1 => Box::new(Plain::acting_as(&user, &user, &secret)),
        2 => Box::new(Login::new(&user, &secret)),
        3 => Box::new(CramMd5::new(&user, &secret)),
        4 => Box::new(External::new(None)),
        5 => Box::new(Anonymous::new("trace").unwrap()),
        6 => Box::new(OAuthBearer::new(&secret).unwrap().with_authzid(&user)),
        7 => Box::new(XOAuth2::new(&user, &secret).unwrap()),
        8 => scram(ScramHash::Sha1, Binding::Off),
        9 => scram(ScramHash::Sha512, Binding::NotOffered),
        10 => scram(ScramHash::Sha256, Binding::TlsExporter([7; 32])),
        11 => scram(ScramHash::Sha256, Binding::NotOffered),
        _ => scram(ScramHash::Sha256, Binding::Off),
    }
}

/// An exchange, and what was sent in it.
struct Exchange {
    mechanism: Box<dyn Mechanism>,
    initial: Option<String>,
    challenges: Vec<Vec<u8>>,
    responses: Vec<Vec<u8>>,
    failed: Option<SaslError>,
}

impl Exchange {
    fn new(mut mechanism: Box<dyn Mechanism>) -> Self {
        let initial = mechanism.initial_response();
        let text = |initial: Response| String::from_utf8(initial.as_bytes().to_vec()).unwrap();
        let mut exchange = Self {
            initial: initial.map(text),
            mechanism,
            challenges: Vec::new(),
            responses: Vec::new(),
            failed: None,
        };
        exchange.check_shown();
        exchange
    }

    fn is_scram(&self) -> bool {
        self.mechanism.name().starts_with("SCRAM")
    }

    /// Returns the final message of a server that knows the password, if the mechanism is
    /// implemented in [`scram`](super::scram).
    fn signature(&self) -> Option<String> {
        let (_, bare) = self.initial.as_ref()?.split_once(",,")?;
        let first = str::from_utf8(self.challenges.first()?).ok()?;
        let answer = str::from_utf8(self.responses.first()?).ok()?;
        let (without_proof, _) = answer.rsplit_once(",p=")?;
        scram::signature(SECRET, bare, first, without_proof)
            .filter(|_| self.mechanism.name().starts_with("SCRAM-SHA-256"))
    }

    fn signed(&self, challenge: &[u8]) -> Vec<u8> {
        match self.signature() {
            Some(signature) if challenge == SIGNED => format!("v={signature}").into(),
            _ => challenge.to_vec(),
        }
    }

    fn respond(&mut self, challenge: &[u8]) -> Result<Response, SaslError> {
        let mut progress = self.mechanism.respond(challenge);
        loop {
            match progress? {
                Progress::Respond(response) => return Ok(response),
                Progress::Work => progress = self.mechanism.work(),
            }
        }
    }

    fn note(&mut self, challenge: &[u8], answer: Result<Response, SaslError>) {
        match answer {
            Ok(response) => {
                let said = response.as_bytes();
                // A response contains at most the challenge, the names and a digest.
                assert!(said.len() <= challenge.len() + 512);
                let sends_secret = ["PLAIN", "LOGIN", "OAUTHBEARER", "XOAUTH2"];
                let sends_secret = sends_secret.contains(&self.mechanism.name());
                let reported =
                    contains(said, SECRET.as_bytes()) && !contains(challenge, SECRET.as_bytes());
                assert!(sends_secret || !reported);
                self.responses.push(said.to_vec());
            }
            Err(error) => {
                let shown = format!("{error} {error:?}");
                assert!(!shown.contains(char::is_control), "{shown}");
                self.failed = Some(error);
            }
        }
        self.challenges.push(challenge.to_vec());
        self.check_shown();
    }

    fn check_shown(&mut self) {
        let mut shown = format!("{:?}", self.mechanism);
        if let Some(refused) = self.mechanism.refused() {
            shown += &format!("{refused} {refused:?}");
        }
        assert!(!shown.contains(SECRET), "{shown}");
    }

    /// Handles `+OK` from the server, and checks whether the mechanism accepts it.
    fn finish(mut self) {
        if self.failed.is_some() {
            // A client drops a mechanism that has failed, so only SCRAM is checked here.
            assert!(!self.is_scram() || self.mechanism.finish().is_err());
            return;
        }
        let answered = self.responses.len();
        let done = match self.mechanism.name() {
            "PLAIN" | "EXTERNAL" | "ANONYMOUS" | "OAUTHBEARER" | "XOAUTH2" => answered == 0,
            "CRAM-MD5" => answered == 1,
            "LOGIN" => answered == 2,
            // The server also has to prove that it knows the password.
            _ => answered == 2 && self.is_proved(),
        };
        assert_eq!(self.mechanism.finish().is_ok(), done);
    }

    fn is_proved(&self) -> bool {
        let said = str::from_utf8(&self.challenges[1]).unwrap_or_default();
        let verifier = said
            .split(',')
            .next()
            .and_then(|first| first.strip_prefix("v="));
        let signature = self.signature().expect("the signature cannot be guessed");
        verifier == Some(&signature)
    }
}
