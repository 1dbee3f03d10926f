//! Checks that the lists of threats, quirks, RFC requirements and behaviours of Twisted
//! (`corpus/rows.txt`, `../CONFORMANCE.md` and `src/guide/twisted.md`) are complete, and that the
//! tests and transcripts that they name exist.

mod names;
mod rows;
mod sources;

use names::{Names, is_same_for_both, read, rows_of, workspace};
use rows::{numbers, rows};

#[test]
fn every_row_is_listed_once_in_order() {
    let listed: Vec<String> = rows().into_iter().map(|row| row.id).collect();
    for (listed, number) in listed.iter().zip(&numbers()) {
        assert_eq!(listed, number, "rows are in numerical order");
    }
    assert_eq!(listed.len(), numbers().len());
}

#[test]
fn every_row_has_a_test_or_a_reason() {
    for row in rows() {
        assert!(!row.words.is_empty(), "{} has no description", row.id);
        let shown = !row.shown_by.is_empty();
        let evidence = [
            shown && row.transcripts().next().is_some(),
            shown && row.no_transcript.is_some(),
            !shown && row.not_applicable.is_some(),
        ];
        let evidence = evidence.into_iter().filter(|it| *it).count();
        assert_eq!(
            evidence, 1,
            "{}: needs a transcript, or a reason why it has none",
            row.id
        );
    }
}

#[test]
fn tests_named_by_rows_exist() {
    let names = Names::all();
    let rows = rows();
    let named = rows
        .iter()
        .flat_map(|row| row.shown_by.iter().map(|name| (&row.id, name)));
    let missing: Vec<_> = named.filter(|(_, name)| !names.has(name)).collect();
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn row_leniencies_match_their_transcripts() {
    let names = Names::all();
    for row in rows() {
        let transcripts = row.transcripts().map(|name| &names.transcripts[name]);
        let same: Vec<bool> = transcripts.map(|text| is_same_for_both(text)).collect();
        let expected = match same.as_slice() {
            [] => "-",
            same if same.iter().all(|same| *same) => "same",
            _ => "differs",
        };
        assert_eq!(row.leniencies, expected, "{}", row.id);
    }
}

#[test]
fn rows_and_transcripts_name_each_other() {
    let names = Names::all();
    let rows = rows();
    for row in &rows {
        for transcript in row.transcripts() {
            let text = &names.transcripts[transcript];
            let knows = rows_of(text).any(|id| id == row.id);
            assert!(knows, "{transcript} does not name {}", row.id);
        }
    }
    for (transcript, text) in &names.transcripts {
        for id in rows_of(text) {
            let row = rows.iter().find(|row| row.id == id);
            let row =
                row.unwrap_or_else(|| panic!("{transcript} names {id}, which does not exist"));
            let knows = row.transcripts().any(|name| name == transcript);
            assert!(knows, "{id} does not name {transcript}");
        }
    }
}

#[test]
fn tests_with_row_numbers_are_in_their_row() {
    let rows = rows();
    for test in Names::all().tests {
        let name = test.rsplit("::").next().unwrap_or_default();
        let mut words = name.split('_');
        let (Some(letter @ ("t" | "q")), Some(number)) = (words.next(), words.next()) else {
            continue;
        };
        let id = format!("{}-{number}", letter.to_uppercase());
        let row = rows.iter().find(|row| row.id == id);
        let row = row.unwrap_or_else(|| panic!("{test}: {id} does not exist"));
        assert!(row.shown_by.contains(&test), "{id} does not name {test}");
    }
}

#[test]
fn every_requirement_has_a_test_or_a_reason() {
    let names = Names::all();
    let text = conformance();
    let mut requirements = 0;
    for line in text.lines().filter(|line| line.starts_with('|')) {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [_, level, words, shown_by] = cells.as_slice() else {
            panic!("expected four cells: {line}")
        };
        if level.starts_with("---") || *level == "level" {
            continue;
        }
        requirements += 1;
        assert!(!words.is_empty(), "{line}");
        if shown_by.starts_with("not applicable: ") {
            continue;
        }
        let mut shown_by = shown_by.split('`').skip(1).step_by(2).peekable();
        assert!(shown_by.peek().is_some(), "no test is named: {line}");
        for name in shown_by {
            assert!(names.has(name), "{name} does not exist: {line}");
        }
    }
    assert!(requirements > 100, "the table was not found");
}

#[test]
fn every_behaviour_of_twisted_has_a_test() {
    let names = Names::all();
    let text = read(&workspace().join("pop3-proto/src/guide/twisted.md"));
    let mut behaviours = 0;
    for line in text.lines().filter(|line| line.starts_with('|')) {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [theirs, ours, shown_by] = cells.as_slice() else {
            // The errors have no tests of their own.
            assert_eq!(cells.len(), 2, "{line}");
            continue;
        };
        if theirs.starts_with("---") || *theirs == "Twisted" {
            continue;
        }
        behaviours += 1;
        assert!(!ours.is_empty(), "{line}");
        let mut shown_by = shown_by.split('`').skip(1).step_by(2).peekable();
        assert!(shown_by.peek().is_some(), "no test is named: {line}");
        for name in shown_by {
            assert!(names.has(name), "{name} does not exist: {line}");
        }
    }
    assert!(behaviours > 45, "only {behaviours} rows were found");
}

/// A transcript that cites an RFC in its header demonstrates a requirement of that RFC.
#[test]
fn every_transcript_that_cites_an_rfc_is_linked() {
    let text = conformance();
    let chapters = text.lines().filter_map(|line| line.strip_prefix("## RFC "));
    let rfcs: Vec<&str> = chapters.flat_map(numbers_in).collect();
    assert!(rfcs.len() > 15, "the chapters were not found");
    let mut cited = 0;
    for (transcript, play) in Names::all().transcripts {
        let head = play.lines().map_while(|line| line.strip_prefix('#'));
        let head = head.collect::<Vec<_>>().join(" ");
        let cites = head.split("RFC ").skip(1);
        let mut cites = cites.filter_map(|rest| numbers_in(rest).next());
        if cites.any(|rfc| rfcs.contains(&rfc)) {
            cited += 1;
            let is_linked = text.contains(&format!("`{transcript}`"));
            assert!(is_linked, "CONFORMANCE.md does not name {transcript}");
        }
    }
    assert!(cited > 25, "the headers were not found");
}

fn conformance() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/CONFORMANCE.md");
    std::fs::read_to_string(path).expect("the table")
}

/// Returns the numbers in a text.
fn numbers_in(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|c: char| !c.is_ascii_digit());
    words.filter(|word| !word.is_empty())
}
