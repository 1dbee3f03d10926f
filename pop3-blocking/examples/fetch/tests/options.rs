//! Tests of the command line.

use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use pop3_blocking::proto::Channel;
use pop3_blocking::{login::Method, sync::Delete};

use crate::app::options::{Auth, Command, HELP, Options, Server, Trust, Verbosity, parse};
use crate::app::password::Source;

fn read(line: &str) -> Result<Command, String> {
    let arguments: Vec<OsString> = line.split_whitespace().map(OsString::from).collect();
    parse(arguments).map_err(|error| error.to_string())
}

fn accepted(line: &str) -> Options {
    match read(line) {
        Ok(Command::Fetch(options)) => *options,
        other => panic!("{line}: {other:?}"),
    }
}

fn refused(line: &str) -> String {
    let text = read(line).expect_err(line);
    assert!(!text.contains(['\r', '\n']), "more than a line: {text:?}");
    assert!(!text.contains("secret"), "the password shows: {text}");
    text
}

/// Returns user, host, port, and whether the session starts with TLS.
fn server(options: &Options) -> (&str, &str, u16, bool) {
    let [Server::Remote { endpoint, user }] = &options.servers[..] else {
        panic!("{options:?}");
    };
    let implicit_tls = endpoint.channel() == Channel::ImplicitTls;
    (
        user.as_str(),
        endpoint.host(),
        endpoint.port(),
        implicit_tls,
    )
}

#[test]
fn no_arguments_fetch_the_sample_into_mail() {
    let expected = Options {
        servers: vec![Server::Embedded],
        maildir: "mail".into(),
        ..Options::default()
    };
    assert_eq!(accepted(""), expected);
}

#[test]
fn options_are_accepted_before_and_after_the_url() {
    let options = accepted("--maildir=/var/mail/joe pop3s://joe@localhost --delete --ca ca.pem");
    assert_eq!(server(&options), ("joe", "localhost", 995, true));
    assert_eq!(options.maildir, Path::new("/var/mail/joe"));
    assert_eq!(options.trust, Trust::File("ca.pem".into()));
    assert_eq!(options.rules.delete, Delete::WhenStored);
    assert!(!options.plaintext);
    assert!(accepted("--plaintext pop3://joe@localhost").plaintext);
    assert!(options.pipelining);
    assert!(!accepted("--no-pipelining pop3s://joe@localhost").pipelining);
}

#[test]
fn repeated_verbose_option_shows_the_protocol() {
    for (line, verbosity) in [
        ("", Verbosity::Quiet),
        ("-v", Verbosity::Verbose),
        ("--verbose", Verbosity::Verbose),
        ("-vv", Verbosity::Protocol),
        ("-v --verbose", Verbosity::Protocol),
        ("-vvv", Verbosity::Protocol),
    ] {
        let options = accepted(&format!("{line} pop3s://joe@mx"));
        assert_eq!(options.verbosity, verbosity, "{line}");
    }
}

#[test]
fn auth_option_selects_one_login_method() {
    for (name, method, bound) in [
        ("PLAIN", Method::Plain, false),
        ("scram-sha-256", Method::ScramSha256, false),
        ("SCRAM-SHA-256-PLUS", Method::ScramSha256, true),
        ("USER", Method::UserPass, false),
        ("+APOP", Method::Apop, false),
        ("XOAUTH2", Method::XOAuth2, false),
    ] {
        let options = accepted(&format!("-v --auth {name} pop3s://joe@mx"));
        assert_eq!(options.auth, Some(Auth { method, bound }), "{name}");
        assert_eq!(options.verbosity, Verbosity::Verbose);
    }
    assert_eq!(
        accepted("pop3s://joe;AUTH=PLAIN@mx").auth,
        None,
        "the URL's"
    );
    for name in ["NTLM", "PLAIN-PLUS", "", "PLAIN\r\nQUIT"] {
        let shown = name.escape_debug();
        let text = format!("unknown login method \"{shown}\" for --auth; see --help");
        assert_eq!(
            parse(["--auth", name].map(OsString::from))
                .unwrap_err()
                .to_string(),
            text
        );
    }
    for line in ["--auth EXTERNAL", "pop3s://joe;AUTH=EXTERNAL@mx"] {
        assert_eq!(
            refused(line),
            "EXTERNAL needs a client certificate: use --cert; see --help"
        );
    }
}

#[test]
fn help_lists_every_option() {
    assert_eq!(read("--help"), Ok(Command::Help));
    assert_eq!(read("-h"), Ok(Command::Help));
    // The names are in the parser, in quotation marks.
    let parser = include_str!("../app/options/parse.rs");
    let names = parser.split("Long(\"").skip(1);
    let names: Vec<_> = names.filter_map(|rest| rest.split('"').next()).collect();
    assert!(names.len() > 20, "{names:?}");
    for name in names {
        let option = format!("--{name}");
        assert!(HELP.contains(&option), "{option}");
    }
    for line in HELP.lines() {
        assert!(line.len() <= 84, "{line}");
    }
}

#[test]
fn urls_are_accepted_in_many_forms() {
    for (url, expected) in [
        (
            "pop3s://joe@mail.example",
            ("joe", "mail.example", 995, true),
        ),
        (
            "pops://joe@mail.example",
            ("joe", "mail.example", 995, true),
        ),
        (
            "pop3://joe@mail.example",
            ("joe", "mail.example", 110, false),
        ),
        (
            "pop://joe@mail.example",
            ("joe", "mail.example", 110, false),
        ),
        (
            "POP3S://joe@Mail.EXAMPLE:1995/",
            ("joe", "mail.example", 1995, true),
        ),
        ("pop3s://joe@[::1]", ("joe", "::1", 995, true)),
        (
            "pop3://joe@[2001:DB8::1]:1110",
            ("joe", "2001:db8::1", 1110, false),
        ),
        ("pop3://joe@192.0.2.7", ("joe", "192.0.2.7", 110, false)),
        (
            "pop3s://joe%40example.org@mx",
            ("joe@example.org", "mx", 995, true),
        ),
        (
            "pop3s://j%C3%B6rg%20%3A%2F@mx",
            ("jörg :/", "mx", 995, true),
        ),
    ] {
        assert_eq!(server(&accepted(url)), expected, "{url}");
    }
}

#[test]
fn usage_errors_are_one_line() {
    for (line, expected) in [
        ("--foo", "unknown option --foo; see --help"),
        ("-x", "unknown option -x; see --help"),
        ("--ca", "missing argument for option '--ca'; see --help"),
        ("--maildir=", "--maildir needs a directory; see --help"),
        ("--plaintext", "--plaintext needs a URL; see --help"),
        ("--ca x.pem", "--ca needs a URL; see --help"),
        (
            "--key x.pem pop3s://joe@mx",
            "--key needs --cert; see --help",
        ),
        (
            "--cert x.pem --plaintext pop3://joe@mx",
            "--cert contradicts --plaintext, which means no TLS; see --help",
        ),
        (
            "--password-file x --password-command y pop3s://joe@mx",
            "--password-file contradicts --password-command; see --help",
        ),
        (
            "--timeout 0",
            "--timeout needs a number of seconds, not \"0\"; see --help",
        ),
        (
            "--pin 1234 pop3s://joe@mx",
            "--pin needs a SHA-256 digest in hex or base64, not \"1234\"; see --help",
        ),
        (
            "--plaintext pop3s://joe@mx",
            "--plaintext contradicts pop3s://, which means TLS; see --help",
        ),
        (
            "--plaintext --ca x.pem pop3://joe@mx",
            "--ca contradicts --plaintext, which means no TLS; see --help",
        ),
        (
            "pop3s://joe:secret@mx",
            "not a POP3 URL: it contains a password: remove it, because other users may see the URL; see --help",
        ),
    ] {
        assert_eq!(refused(line), expected, "{line}");
    }
    assert!(refused("--delete=yes").starts_with("unexpected argument for option"));
}

#[test]
fn urls_that_are_not_pop3_are_rejected() {
    for url in [
        "mx.example.org",
        "joe:secret@mx",
        "imaps://joe:secret@mx",
        "pop3s:joe@mx",
        "pop3s:///joe",
        "pop3s://joe@",
        "pop3s://joe@mx/INBOX",
        "pop3s://joe@mx?secret",
        "pop3s://joe@mx#secret",
        "pop3s://joe;AUTH=NTLM@mx",
        "pop3s://joe:secret@mx:99999",
        "pop3s://joe@mx:0",
        "pop3s://joe@[::1",
        "pop3s://joe%FF@mx",
    ] {
        let text = refused(url);
        assert!(text.starts_with("not a POP3 URL: it"), "{url}: {text}");
        assert!(text.ends_with("; see --help"), "{url}: {text}");
    }
    for url in ["pop3s://mx.example.org", "pop3s://@mx.example.org"] {
        assert_eq!(refused(url), "the URL has no user name; see --help");
    }
    for url in [
        "pop3s://joe%0D%0ADELE%201@mx",
        "pop3s://joe%00@mx",
        "pop3s://joe%C2%85@mx",
    ] {
        let expected = "the user name contains a control character; see --help";
        assert_eq!(refused(url), expected, "{url}");
    }
    let text = parse([OsString::from("pop3s://joe@m\nx")]).unwrap_err();
    assert!(!text.to_string().contains('\n'), "{text}");
    let text = parse([OsString::from("--new\nline")]).unwrap_err();
    assert_eq!(text.to_string(), "unknown option --new\\nline; see --help");
}

#[test]
fn connection_options_have_defaults_and_values() {
    let options = accepted("pop3s://joe@mx");
    assert_eq!((options.timeout, options.capa), (None, true));
    assert_eq!((options.certificate, options.password), (None, Source::Ask));
    let options = accepted("--timeout 7 --no-capa --cert a.pem --password-file p pop3s://joe@mx");
    assert_eq!(options.timeout, Some(Duration::from_secs(7)));
    assert!(!options.capa);
    assert_eq!(options.password, Source::File("p".into()));
    let both = |cert: &str, key: &str| Some((cert.into(), key.into()));
    assert_eq!(
        options.certificate,
        both("a.pem", "a.pem"),
        "one file for both"
    );
    let options = accepted("--cert a.pem --key b.pem --password-command c pop3s://joe@mx");
    assert_eq!(options.certificate, both("a.pem", "b.pem"));
    assert_eq!(options.password, Source::Command("c".into()));
}

#[test]
fn pins_are_accepted_in_hex_and_base64() {
    let digest = [0xab; 32];
    let hex = "ab".repeat(32);
    let colons = vec!["AB"; 32].join(":");
    let base64 = "q6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s=";
    for pin in [&hex, &colons, base64, &format!("sha256//{base64}")] {
        let options = accepted(&format!(
            "--pin {pin} --pin {} pop3s://joe@mx",
            "00".repeat(32)
        ));
        assert_eq!(options.trust, Trust::Keys(vec![digest, [0; 32]]), "{pin}");
    }
    let long = "ab".repeat(33);
    for pin in [
        "",
        "ab",
        &long,
        &hex.replace("ab", "xy"),
        &base64[1..],
        &format!("{base64}="),
    ] {
        let text = parse(["--pin", pin, "pop3s://joe@mx"].map(OsString::from));
        let text = text.unwrap_err().to_string();
        assert!(text.contains("needs a SHA-256 digest"), "{pin}: {text}");
    }
    let text = refused(&format!("--ca x.pem --pin {hex} pop3s://joe@mx"));
    assert_eq!(
        text,
        "--ca contradicts --pin, which replaces it; see --help"
    );
}
