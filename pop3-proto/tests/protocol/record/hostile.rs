//! Malformed and damaged transcripts: errors that say what to change, and no panic.

use pop3_proto::config::Leniency;
use pop3_proto::record::{Feeding, LineEnds, Replay, Transcript, shrink};
use pop3_testkit::transcripts::transcripts;
use proptest::prelude::*;

#[track_caller]
fn fails(text: &str, expected: &str) {
    let error = text.parse::<Transcript>().expect_err("an error");
    assert_eq!(error.to_string(), expected);
}

#[test]
fn malformed_lines_are_explained() {
    fails(
        "set channel trusted\nQ: hello",
        "line 2: unknown line \"Q: hello\": a line begins with S:, C:, >, >>, =, ?, !, set, only, \
         include or #",
    );
    fails(
        "> retrieve 1",
        "line 1: unknown operation \"retrieve 1\": write the command in lower case with its \
         arguments, such as \"retr 1\", \"list\" or \"login USER PASSWORD\"",
    );
    fails(
        "> retr one",
        "line 1: \"one\" is not a number in the range that is allowed here",
    );
    fails(
        "> login alice",
        "line 1: \"login\" needs the user name, then the secret if it has one, then the options",
    );
    fails(
        "> login alice secret only=MAGIC",
        "line 1: unknown login method \"MAGIC\": use a name such as SCRAM-SHA-256, PLAIN, USER/PASS \
         or APOP",
    );
    fails(
        "S: +OK \\y",
        "line 1: unknown escape \"\\y\": use \\r, \\n, \\t, \\\\ or \\xNN with two hexadecimal digits",
    );
    fails(
        "! explode",
        "line 1: unknown event \"! explode\": use eof, reset, read fails KIND, write fails, tls, \
         tls 1.2, tls 1.3, tls fails or wait SECONDS",
    );
    fails(
        "only fast",
        "line 1: unknown restriction \"only fast\": use strict, lenient, crlf or whole",
    );
    fails(
        "set colour red",
        "line 1: unknown setting \"set colour red\": see the table of settings in pop3_proto::record",
    );
    fails(
        "? mood: good",
        "line 1: unknown state \"mood: good\": write \"? WHAT: VALUE\", where WHAT is phase, \
         capabilities, greeting, utf8, language, plan or tls",
    );
    fails(
        ">> noop",
        "line 1: \">>\" is possible only after S: lines: use \">\" here",
    );
    fails(
        "include other",
        "line 1: cannot include \"other\": no files can be included here",
    );
}

#[test]
fn deviations_name_line_and_difference() {
    let deviation = |text: &str| {
        let transcript: Transcript = text.parse().expect("a transcript");
        let deviation = Replay::new().run(&transcript).expect_err("a deviation");
        deviation.to_string()
    };
    assert_eq!(
        deviation("S: +OK\n= greeting: \"hi\"\n"),
        "line 2: the transcript expects the event \"greeting: \\\"hi\\\"\", but the connection \
         reported greeting: \"\""
    );
    assert_eq!(
        deviation("S: +OK\n= greeting: \"\"\n> capa\n"),
        "at the end: the connection also sent \"CAPA\\r\\n\": add a line that begins with C:"
    );
    assert_eq!(
        deviation("! tls\n"),
        "line 1: no TLS handshake is due here: \"! tls\" follows \"set channel implicit-tls\", or \
         +OK to STLS"
    );
    assert_eq!(
        deviation("S: +OK\n= greeting: \"\"\n? phase: TRANSACTION\n"),
        "line 3: the transcript expects phase to be \"TRANSACTION\", but it is \"AUTHORIZATION\""
    );
}

#[test]
fn files_that_include_one_another_are_refused() {
    let itself = |_: &str| Ok("include again\n".to_owned());
    let error = Transcript::parse_with("include again\n", &itself).expect_err("an error");
    assert!(error.to_string().contains("too many files"), "{error}");
}

/// Plays a transcript in every way. Only a panic is a failure.
fn play(transcript: &Transcript) {
    for leniency in [Leniency::Lenient, Leniency::Strict] {
        let replay = Replay::new().under(leniency);
        let _ = replay.run(transcript);
        let _ = replay.clone().fed(Feeding::Octets).run(transcript);
        let _ = replay
            .clone()
            .with_line_ends(LineEnds::BareLf)
            .observe(transcript);
    }
}

/// The texts of transcripts that are played quickly.
fn texts() -> Vec<String> {
    let quick = |it: &Transcript| it.only.is_empty() && it.server_octets() < 2_000;
    let quick = transcripts().into_iter().filter(|(_, it)| quick(it));
    quick.map(|(_, it)| it.to_string()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn damaged_transcripts_never_panic(
        choice in any::<prop::sample::Index>(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), 0..5_u8, any::<char>()), 1..6),
    ) {
        let texts = texts();
        let mut lines: Vec<String> =
            choice.get(&texts).lines().map(str::to_owned).collect();
        for (at, kind, c) in edits {
            let at = at.index(lines.len().max(1));
            let Some(line) = lines.get(at).cloned() else { continue };
            match kind {
                0 => drop(lines.remove(at)),
                1 => lines.insert(at, line),
                2 => lines.swap(at, 0),
                3 => lines[at] = line.chars().skip(1).collect(),
                _ => lines[at].push(c),
            }
        }
        if let Ok(transcript) = lines.join("\n").parse::<Transcript>() {
            play(&transcript);
        }
    }

    #[test]
    fn arbitrary_steps_never_panic(
        steps in prop::collection::vec(prop::sample::select(STEPS.to_vec()), 0..24),
    ) {
        let text = steps.join("\n");
        if let Ok(transcript) = text.parse::<Transcript>() {
            play(&transcript);
            let shrunk = shrink(&transcript, |it| !it.steps.is_empty());
            prop_assert!(shrunk.steps.len() <= transcript.steps.len().max(1) + 4);
        }
    }
}

const STEPS: [&str; 30] = [
    "set channel trusted",
    "set channel implicit-tls",
    "S: +OK",
    "S: +OK ready <1.2@x>",
    "S: -ERR [SYS/TEMP] no",
    "S: .",
    "S: 1 120",
    "S: + ",
    "S: +OK half\\",
    "> user alice",
    "> pass secret",
    "> stat",
    "> list",
    "> retr 1",
    "> login alice secret",
    "> login-on-request alice only=XOAUTH2",
    "> login-mechanism X-OWN 2 initial",
    "> token abc",
    "> no token",
    "> confirm 3",
    ">> retr 2",
    ">> abandon 1..2",
    "> abandon",
    "> exceeded message 3",
    "> panicked",
    "> quit",
    "! tls",
    "! eof",
    "! write fails",
    "! wait 70.5",
];
