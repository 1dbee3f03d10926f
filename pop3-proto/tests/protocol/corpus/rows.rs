//! Reads the rows of `rows.txt`.

use std::path::Path;

/// A threat or a quirk.
#[derive(Debug, Default)]
pub(crate) struct Row {
    /// Such as `T-06b`.
    pub(crate) id: String,
    /// How the leniencies compare: `same`, `differs`, or `-` if there is no transcript.
    pub(crate) leniencies: String,
    pub(crate) words: String,
    /// Names of transcripts and tests.
    pub(crate) shown_by: Vec<String>,
    /// Why tests show it, but no transcript.
    pub(crate) no_transcript: Option<String>,
    /// Why it is not tested.
    pub(crate) not_applicable: Option<String>,
}

impl Row {
    /// Returns the names of the transcripts of this row.
    pub(crate) fn transcripts(&self) -> impl Iterator<Item = &str> {
        let names = self.shown_by.iter().map(String::as_str);
        names.filter(|name| name.ends_with(".pop3"))
    }
}

/// Returns the numbers of all rows in order. Missing numbers were never assigned.
pub(crate) fn numbers() -> Vec<String> {
    let threats = "1-6 6b 7-8 8b 9-16 20-36 40-48 50-61 70-75 75b 76-90 95-98";
    let quirks = "1-11 11a-11g 12-20 20a-20e 21-45 45a 46 46a 47-57 57a-57l 58-59 59a-59b 60 60a-60m \
                  61-66 66a 67-78 78a 79-80";
    let of = |letter: &str, ranges: &str| -> Vec<String> {
        let ranges = ranges.split_whitespace().flat_map(expanded);
        ranges.map(|number| format!("{letter}-{number}")).collect()
    };
    [of("T", threats), of("Q", quirks)].concat()
}

/// Expands a range: `3-5` is 03, 04, 05; `6a-6c` is 06a, 06b, 06c.
fn expanded(range: &str) -> Vec<String> {
    let (first, last) = range.split_once('-').unwrap_or((range, range));
    let parts = |text: &str| {
        let digits = text.trim_end_matches(|c: char| c.is_ascii_lowercase());
        let letter = text.chars().last().filter(char::is_ascii_lowercase);
        (digits.parse::<u32>().expect("a number"), letter)
    };
    match (parts(first), parts(last)) {
        ((number, Some(from)), (_, Some(to))) => (from..=to)
            .map(|letter| format!("{number:02}{letter}"))
            .collect(),
        ((from, _), (to, _)) => (from..=to).map(|number| format!("{number:02}")).collect(),
    }
}

/// Reads the list.
pub(crate) fn rows() -> Vec<Row> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/rows.txt");
    let text = std::fs::read_to_string(path).expect("the list");
    let mut rows: Vec<Row> = Vec::new();
    for line in text.lines() {
        if let Some(inside) = line.strip_prefix("    ") {
            let row = rows.last_mut().expect("a number before its words");
            match inside.split_once(": ") {
                Some(("no transcript", why)) => row.no_transcript = Some(why.to_owned()),
                Some(("not applicable", why)) => row.not_applicable = Some(why.to_owned()),
                _ if row.words.is_empty() => row.words = inside.to_owned(),
                _ => row.shown_by.push(inside.to_owned()),
            }
        } else if !line.is_empty() && !line.starts_with('#') {
            let (id, leniencies) = line.split_once("  ").expect("a number and a word");
            rows.push(Row {
                id: id.to_owned(),
                leniencies: leniencies.to_owned(),
                ..Row::default()
            });
        }
    }
    rows
}
