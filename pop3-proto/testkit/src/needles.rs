//! Searches a log for every form in which a secret could appear there.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// The minimum length of a line to search for. Shorter lines, such as `*` and `AQ==`, occur by
/// chance.
const LINE: usize = 8;

/// Texts that must not be in a log, with names for the report.
#[derive(Debug, Default)]
pub struct Needles(Vec<(String, String)>);

impl Needles {
    /// Adds a secret in these forms: unchanged, in base64 at each alignment, in hexadecimal, and as
    /// the list of octets that `Debug` writes.
    pub fn secret(&mut self, what: &str, secret: &[u8]) {
        self.push(what, "plain", String::from_utf8_lossy(secret).into_owned());
        for before in 0..3 {
            let octets = [&vec![0; before], secret].concat();
            // Use only the part of the encoding that does not depend on the surrounding octets.
            let (first, last) = ((before * 8).div_ceil(6), octets.len() * 8 / 6);
            for (name, encoded) in [
                ("base64", STANDARD_NO_PAD.encode(&octets)),
                ("url-safe base64", URL_SAFE_NO_PAD.encode(&octets)),
            ] {
                let name = format!("{name} after {before}");
                self.push(what, &name, encoded[first..last].to_owned());
            }
        }
        let hex = |upper: bool| -> String {
            let digits = secret.iter().map(|octet| format!("{octet:02x}"));
            let hex: String = digits.collect();
            if upper { hex.to_ascii_uppercase() } else { hex }
        };
        self.push(what, "hex", hex(false));
        self.push(what, "upper hex", hex(true));
        let list: Vec<String> = secret.iter().map(u8::to_string).collect();
        self.push(what, "octets", list.join(", "));
        for indent in (4..=64).step_by(4) {
            let list = list.join(&format!(",\n{}", " ".repeat(indent)));
            self.push(what, "octets in lines", list);
        }
    }

    /// Adds a line that was sent, or the part of it that is confidential.
    pub fn line(&mut self, line: &str) {
        if line.len() >= LINE {
            self.push("line", "as sent", line.to_owned());
            self.push("line", "base64", STANDARD_NO_PAD.encode(line));
        }
    }

    /// Adds a response that was sent in base64.
    pub fn response(&mut self, response: &str) {
        self.line(response);
        let Ok(decoded) = STANDARD.decode(response) else {
            return;
        };
        let decoded = String::from_utf8_lossy(&decoded).into_owned();
        if decoded.len() < LINE {
            return;
        }
        self.push(
            "line",
            "decoded and escaped",
            decoded.escape_default().to_string(),
        );
        if let Some((_, proof)) = decoded.split_once(",p=") {
            self.push("proof", "as sent", proof.to_owned());
        }
        if let Some((_, digest)) = decoded.split_once(' ').filter(|it| it.1.len() == 32) {
            self.push("digest", "hex", digest.to_owned());
            self.push("digest", "upper hex", digest.to_ascii_uppercase());
        }
        self.push("line", "decoded", decoded);
    }

    fn push(&mut self, what: &str, form: &str, text: String) {
        if !text.is_empty() {
            self.0.push((format!("{what}, {form}"), text));
        }
    }

    /// Returns the names of the forms that are in a log.
    pub fn found_in(&self, log: &str) -> Vec<&str> {
        let found = self.0.iter().filter(|(_, text)| log.contains(text));
        found.map(|(name, _)| name.as_str()).collect()
    }
}
