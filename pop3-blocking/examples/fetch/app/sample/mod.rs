//! A sample mailbox with 300 messages. A small random number generator with a fixed seed generates
//! them, so they are the same every time.

mod texts;

use texts::{PEOPLE, SENTENCES, TOPICS, UTF8};

/// The number of messages.
const COUNT: u64 = 300;
/// The date of the first message: 3 March 2025, 06:00 UTC.
const START: u64 = 1_740_981_600;
/// The recipient of all messages.
const OWNER: &str = "Robin Example <robin@example.org>";

/// A linear congruential generator (Knuth's MMIX).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> Option<T> {
        from.get(self.below(from.len() as u64) as usize).copied()
    }

    /// Returns some sentences in lines of at most 70 octets, unless a word is longer. Each line ends in `end`.
    fn paragraph(&mut self, from: &[&str], start: &str, end: &str) -> String {
        let (count, first) = (2 + self.below(5) as usize, self.below(100) as usize);
        // A step of five through sixteen or six sentences repeats none.
        let sentences: Vec<_> = from
            .iter()
            .copied()
            .cycle()
            .skip(first)
            .step_by(5)
            .take(count)
            .collect();
        let (mut text, mut length) = (start.to_owned(), start.len());
        for word in sentences.join(" ").split(' ') {
            if length > start.len() && length + word.len() > 68 {
                text.push_str(end);
                text.push_str(start);
                length = start.len();
            } else if length > start.len() {
                text.push(' ');
            }
            text.push_str(word);
            length += word.len() + 1;
        }
        text + "\n"
    }
}

/// Returns the messages with their unique-ids. Every line ends in CRLF.
pub(crate) fn sample_maildrop() -> Vec<(String, Vec<u8>)> {
    let unique_id = |i| format!("{:08x}67c54d20", 4 * i + 17);
    let octets = |i| message(i).replace('\n', "\r\n").into_bytes();
    (0..COUNT).map(|i| (unique_id(i), octets(i))).collect()
}

fn message_id(i: u64) -> String {
    let host = Random(i).pick(&["example.org", "mail.example.net", "example.com"]);
    format!(
        "<{:x}.{}@{}>",
        START + i * 43_200,
        1000 + i * 7,
        host.unwrap_or_default()
    )
}

fn topic(i: u64) -> &'static str {
    Random(i ^ 0x5eed).pick(&TOPICS).unwrap_or_default()
}

/// Returns a complete message with local line ends.
fn message(i: u64) -> String {
    let mut random = Random(i * 0x9e37_79b9);
    let (name, address, short) = random.pick(&PEOPLE).unwrap_or_default();
    let sent = date(START + i * 43_200 + random.below(40_000));
    let (relay, transfer) = (1 + random.below(250), random.below(1 << 31) * 311);
    let (thread, subject) = if i % 7 == 4 {
        let parent = message_id(i - 4);
        let thread = format!("In-Reply-To: {parent}\nReferences: {parent}\n");
        (thread, format!("Re: {}", topic(i - 4)))
    } else {
        (String::new(), topic(i).to_owned())
    };
    format!(
        "Return-Path: <{address}>\nDelivered-To: robin@example.org\n\
         Received: from mail.example.net (mail.example.net [192.0.2.{relay}])\n\
         \tby mx.example.org with ESMTPS id {transfer:010X}\n\tfor <robin@example.org>; {sent}\n\
         Date: {sent}\nFrom: {name} <{address}>\nTo: {OWNER}\n\
         Message-ID: {}\n{thread}Subject: {subject}\nMIME-Version: 1.0\n{}",
        message_id(i),
        content(i, short, &mut random),
    )
}

/// Returns the headers about the content, and the content.
fn content(i: u64, short: &str, random: &mut Random) -> String {
    let plain = "Content-Type: text/plain; charset=utf-8";
    let eight = "Content-Transfer-Encoding: 8bit\n";
    let text = text(i % 7, short, random);
    let mark = format!("=_{:x}_{i}", random.below(1 << 30));
    match i % 7 {
        1 => format!("{plain}; format=flowed\n{eight}\n{text}"),
        3 => {
            let media = [
                ("image/jpeg", "photo.jpg"),
                ("application/pdf", "report.pdf"),
            ];
            let (media, file) = random.pick(&media).unwrap_or_default();
            let attachment = base64(attachment_size(i, random), random);
            format!(
                "Content-Type: multipart/mixed; boundary=\"{mark}\"\n{eight}\n\
                 This is a message in MIME format.\n\n--{mark}\n{plain}\n{eight}\n{text}\n\
                 --{mark}\nContent-Type: {media}\nContent-Transfer-Encoding: base64\n\
                 Content-Disposition: attachment; filename=\"{i}-{file}\"\n\n\
                 {attachment}\n--{mark}--\n"
            )
        }
        5 => format!(
            "Content-Type: multipart/alternative; boundary=\"{mark}\"\n{eight}\n\
             --{mark}\n{plain}\n{eight}\n{text}\n\
             --{mark}\nContent-Type: text/html; charset=utf-8\n{eight}\n\
             <html><body><p>{}</p></body></html>\n\n--{mark}--\n",
            text.replace("\n\n", "</p>\n<p>"),
        ),
        _ => format!("{plain}\n{eight}\n{text}"),
    }
}

fn text(kind: u64, short: &str, random: &mut Random) -> String {
    let mut text = "Hello Robin,\n\n".to_owned();
    for _ in 0..1 + random.below(4) {
        text += &match kind {
            // Soft line ends of format=flowed (RFC 3676).
            1 => random.paragraph(&SENTENCES, "", " \n"),
            2 | 5 => random.paragraph(&UTF8, "", "\n"),
            4 => {
                let quoted = random.paragraph(&SENTENCES, "> ", "\n");
                quoted + "\n" + &random.paragraph(&SENTENCES, "", "\n")
            }
            _ => random.paragraph(&SENTENCES, "", "\n"),
        };
        text.push('\n');
    }
    match kind {
        // Lines that POP3 must byte-stuff.
        0 => text += "Settings:\n.profile\n..\n.\n...and so on.\n\n",
        6 => {
            for minute in 0..random.below(60) {
                let file = random.below(999_999);
                text += &format!(".. 03:{minute:02} /srv/data/{file:06}.db\tok\n");
            }
            text.push('\n');
        }
        _ => {}
    }
    text + &format!("Best wishes\n{short}\n\n-- \n{short}, by the canal\n")
}

/// Returns the size of an attachment: a few have 2 MB or half a megabyte, most have 10 to 120 KB.
fn attachment_size(i: u64, random: &mut Random) -> u64 {
    match i {
        _ if i % 98 == 45 => 2_000_000,
        _ if i % 56 == 24 => 400_000 + random.below(300_000),
        _ => 10_000 + random.below(110_000),
    }
}

/// Returns random octets in base64, in lines of 76 characters.
fn base64(size: u64, random: &mut Random) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for digit in 1..=size.div_ceil(3) * 4 {
        text.extend(random.pick(ALPHABET).map(char::from));
        if digit % 76 == 0 {
            text.push('\n');
        }
    }
    text.trim_end().to_owned() + "\n"
}

/// Returns a date in the format of mail headers, in the time zone +0100.
fn date(unix: u64) -> String {
    const MONTHS: [&str; 8] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug"];
    const DAYS: [u64; 8] = [31, 28, 31, 30, 31, 30, 31, 31];
    const WEEKDAYS: [&str; 7] = ["Wed", "Thu", "Fri", "Sat", "Sun", "Mon", "Tue"];
    let local = unix + 3600;
    // Days since 1 January 2025, a Wednesday. All messages are from the first eight months of that year.
    let (mut day, time) = ((local - 1_735_689_600) / 86_400, local % 86_400);
    let weekday = WEEKDAYS.get(day as usize % 7).unwrap_or(&"");
    let mut month = "";
    for (name, days) in MONTHS.into_iter().zip(DAYS) {
        month = name;
        if day < days {
            break;
        }
        day -= days;
    }
    let (hour, minute, second) = (time / 3600, time / 60 % 60, time % 60);
    format!(
        "{weekday}, {:02} {month} 2025 {hour:02}:{minute:02}:{second:02} +0100",
        day + 1
    )
}
