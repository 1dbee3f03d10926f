//! The parts of the example `fetch` that do without a server: what a Maildir survives, what a
//! command line means, what the sample mailbox holds.

#[path = "../examples/fetch/maildir/mod.rs"]
mod maildir;
#[path = "../examples/fetch/options.rs"]
mod options;
#[path = "../examples/fetch/sample/mod.rs"]
mod sample;

#[cfg(test)]
mod the_maildir {
    use std::fs::{self, File};
    use std::io::{self, Write};
    use std::path::{Path, PathBuf};
    use std::time::{Duration, SystemTime};

    use crate::maildir::Maildir;

    const ACCOUNT: &str = "joe@mail.example.org:995";

    fn store(maildir: &mut Maildir, unique_id: &str, octets: &[u8]) {
        let mut delivery = maildir.begin().unwrap();
        delivery.write_all(octets).unwrap();
        delivery
            .commit(ACCOUNT, Some(unique_id.as_bytes()))
            .unwrap();
    }

    fn files(folder: impl AsRef<Path>) -> Vec<PathBuf> {
        let entries = fs::read_dir(folder).unwrap();
        entries.map(|entry| entry.unwrap().path()).collect()
    }

    fn record(home: &tempfile::TempDir) -> String {
        fs::read_to_string(home.path().join(".pop3-uids")).unwrap()
    }

    #[test]
    fn is_made_where_there_was_nothing_for_its_owner_only() {
        let home = tempfile::tempdir().unwrap();
        let root = home.path().join("some/where/mail");
        let mut maildir = Maildir::open(&root).unwrap();
        store(&mut maildir, "one", b"Subject: Hello\r\n\r\nworld\r\n");
        let stored = files(root.join("new"));
        assert_eq!(fs::read(&stored[0]).unwrap(), b"Subject: Hello\n\nworld\n");
        assert!(files(root.join("tmp")).is_empty());
        assert!(files(root.join("cur")).is_empty());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            for private in [
                &root,
                &root.join("new"),
                &root.join(".pop3-uids"),
                &stored[0],
            ] {
                let mode = fs::metadata(private).unwrap().permissions().mode();
                assert_eq!(mode & 0o077, 0, "{private:?} is open to others");
            }
        }
    }

    #[test]
    fn names_files_as_mail_readers_expect() {
        let home = tempfile::tempdir().unwrap();
        let mut maildir = Maildir::open(home.path()).unwrap();
        store(&mut maildir, "one", b"");
        store(&mut maildir, "two", b"");
        for path in files(home.path().join("new")) {
            let name = path.file_name().unwrap().to_str().unwrap();
            let mut parts = name.splitn(3, '.');
            assert!(parts.next().unwrap().parse::<u64>().is_ok(), "{name}");
            assert!(parts.next().unwrap().starts_with('M'), "{name}");
            assert!(!parts.next().unwrap().is_empty(), "{name}");
            assert!(!name.contains([':', '/', ' ', ',']), "{name}");
        }
    }

    #[test]
    fn turns_crlf_to_lf_however_the_octets_arrive() {
        let octets = b"a\r\nb\rc\n\r\r\nd\r\r\r\n\n\r";
        let stored = b"a\nb\rc\n\r\nd\r\r\n\n\r";
        for size in 1..=octets.len() {
            let home = tempfile::tempdir().unwrap();
            let mut maildir = Maildir::open(home.path()).unwrap();
            let mut delivery = maildir.begin().unwrap();
            for piece in octets.chunks(size) {
                delivery.write_all(piece).unwrap();
                delivery.flush().unwrap();
            }
            delivery.commit(ACCOUNT, Some(b"one")).unwrap();
            let file = &files(home.path().join("new"))[0];
            assert_eq!(fs::read(file).unwrap(), stored, "in pieces of {size}");
        }
    }

    #[test]
    fn takes_back_a_delivery_that_was_dropped() {
        let home = tempfile::tempdir().unwrap();
        let mut maildir = Maildir::open(home.path()).unwrap();
        let mut delivery = maildir.begin().unwrap();
        delivery.write_all(b"half a mess").unwrap();
        assert_eq!(files(home.path().join("tmp")).len(), 1);
        drop(delivery);
        assert!(files(home.path().join("tmp")).is_empty());
        assert!(files(home.path().join("new")).is_empty());
        assert!(!maildir.contains(ACCOUNT, b"one"));
    }

    #[test]
    fn remembers_what_it_stored_for_this_account_only() {
        let home = tempfile::tempdir().unwrap();
        let mut maildir = Maildir::open(home.path()).unwrap();
        store(&mut maildir, "one", b"1\r\n");
        maildir.sync().unwrap();
        drop(maildir);

        let mut maildir = Maildir::open(home.path()).unwrap();
        assert!(maildir.contains(ACCOUNT, b"one"));
        assert!(!maildir.contains(ACCOUNT, b"two"));
        assert!(!maildir.contains("ann@mail.example.org:995", b"one"));
    }

    #[test]
    fn stores_a_message_without_a_unique_id_and_does_not_remember_it() {
        let home = tempfile::tempdir().unwrap();
        let mut maildir = Maildir::open(home.path()).unwrap();
        maildir.begin().unwrap().commit(ACCOUNT, None).unwrap();
        assert!(!maildir.sync().unwrap().contains(ACCOUNT, b""));
        assert_eq!(files(home.path().join("new")).len(), 1);
        assert_eq!(record(&home), "");
    }

    #[test]
    fn calls_nothing_durable_before_it_is_synced() {
        let home = tempfile::tempdir().unwrap();
        let mut maildir = Maildir::open(home.path()).unwrap();
        store(&mut maildir, "one", b"1\r\n");
        assert_eq!(record(&home), "");
        assert!(maildir.contains(ACCOUNT, b"one"));

        let durable = maildir.sync().unwrap();
        assert!(durable.contains(ACCOUNT, b"one"));
        assert!(!durable.contains(ACCOUNT, b"two"));
        assert_eq!(record(&home), "joe@mail.example.org:995 one\n");

        store(&mut maildir, "two", b"2\r\n");
        assert!(maildir.sync().unwrap().contains(ACCOUNT, b"two"));
        drop(maildir);
        let mut maildir = Maildir::open(home.path()).unwrap();
        assert!(maildir.sync().unwrap().contains(ACCOUNT, b"two"));
    }

    #[test]
    fn recognises_a_message_that_a_crash_left_unrecorded() {
        let home = tempfile::tempdir().unwrap();
        let mut maildir = Maildir::open(home.path()).unwrap();
        store(&mut maildir, "one", b"1\r\n");
        drop(maildir); // The crash: no sync.
        assert_eq!(record(&home), "");

        let mut maildir = Maildir::open(home.path()).unwrap();
        assert!(!maildir.sync().unwrap().contains(ACCOUNT, b"one"));
        assert!(maildir.contains(ACCOUNT, b"one"));
        assert!(maildir.contains(ACCOUNT, b"one"));
        assert!(maildir.sync().unwrap().contains(ACCOUNT, b"one"));
        assert_eq!(record(&home), "joe@mail.example.org:995 one\n");
    }

    #[test]
    fn recognises_it_even_after_a_mail_reader_took_it_to_cur_and_flagged_it() {
        let home = tempfile::tempdir().unwrap();
        let mut maildir = Maildir::open(home.path()).unwrap();
        store(&mut maildir, "one", b"1\r\n");
        drop(maildir); // The crash: no sync.
        let new = files(home.path().join("new")).remove(0);
        let name = new.file_name().unwrap().to_str().unwrap();
        fs::rename(&new, home.path().join(format!("cur/{name},U=7:2,FRS"))).unwrap();

        let mut maildir = Maildir::open(home.path()).unwrap();
        assert!(maildir.contains(ACCOUNT, b"one"));
        assert!(maildir.sync().unwrap().contains(ACCOUNT, b"one"));
    }

    #[test]
    fn does_not_fetch_again_what_the_user_deleted() {
        let home = tempfile::tempdir().unwrap();
        let mut maildir = Maildir::open(home.path()).unwrap();
        store(&mut maildir, "one", b"1\r\n");
        maildir.sync().unwrap();
        drop(maildir);
        fs::remove_file(&files(home.path().join("new"))[0]).unwrap();
        assert!(
            Maildir::open(home.path())
                .unwrap()
                .contains(ACCOUNT, b"one")
        );
    }

    #[test]
    fn does_not_take_a_torn_line_for_the_id_of_another_message() {
        let home = tempfile::tempdir().unwrap();
        drop(Maildir::open(home.path()).unwrap());
        let torn = "joe@mail.example.org:995 one\njoe@mail.example.org:995 tw";
        fs::write(home.path().join(".pop3-uids"), torn).unwrap();

        let mut maildir = Maildir::open(home.path()).unwrap();
        assert!(maildir.contains(ACCOUNT, b"one"));
        assert!(!maildir.contains(ACCOUNT, b"tw"));
        assert!(!maildir.contains(ACCOUNT, b"two"));
        store(&mut maildir, "three", b"3\r\n");
        maildir.sync().unwrap();
        let whole = "joe@mail.example.org:995 one\njoe@mail.example.org:995 three\n";
        assert_eq!(record(&home), whole);
    }

    #[test]
    fn passes_over_lines_that_are_damaged() {
        let home = tempfile::tempdir().unwrap();
        drop(Maildir::open(home.path()).unwrap());
        let damaged = b"\0\0\0\0\n\n\xff\xfe \n   \njoe@mail.example.org:995 one\n\0\0";
        fs::write(home.path().join(".pop3-uids"), damaged).unwrap();
        assert!(
            Maildir::open(home.path())
                .unwrap()
                .contains(ACCOUNT, b"one")
        );
    }

    #[test]
    fn keeps_any_unique_id_out_of_paths_and_lines() {
        let unique_ids: [&[u8]; 7] = [
            b"../../../etc/passwd",
            b"/",
            b"..",
            b"a:2,S",
            b"per%20cent",
            b"two words\r\nand a line",
            b"\xff\x00\x7f",
        ];
        let account = "joe o'hara\n%41@mail.example.org:110";
        let home = tempfile::tempdir().unwrap();
        let mut maildir = Maildir::open(home.path()).unwrap();
        for unique_id in unique_ids {
            let delivery = maildir.begin().unwrap();
            delivery.commit(account, Some(unique_id)).unwrap();
        }
        let durable = maildir.sync().unwrap();
        assert!(unique_ids.iter().all(|id| durable.contains(account, id)));
        drop(maildir);
        assert_eq!(files(home.path().join("new")).len(), unique_ids.len());
        assert_eq!(record(&home).lines().count(), unique_ids.len());
        assert!(
            record(&home)
                .starts_with("joe%20o'hara%0A%2541@mail.example.org:110 ../../../etc/passwd\n")
        );
        let mut maildir = Maildir::open(home.path()).unwrap();
        assert!(unique_ids.iter().all(|id| maildir.contains(account, id)));
        assert!(!maildir.contains(account, b"per cent"));
    }

    #[test]
    fn loses_neither_of_two_messages_with_one_unique_id() {
        let home = tempfile::tempdir().unwrap();
        let mut maildir = Maildir::open(home.path()).unwrap();
        store(&mut maildir, "same", b"1\r\n");
        maildir.sync().unwrap();
        store(&mut maildir, "same", b"2\r\n");
        maildir.sync().unwrap();
        assert_eq!(files(home.path().join("new")).len(), 2);
    }

    #[test]
    fn refuses_a_second_run_while_the_first_one_lasts() {
        let home = tempfile::tempdir().unwrap();
        let first = Maildir::open(home.path()).unwrap();
        let refused = Maildir::open(home.path()).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::WouldBlock);
        let text = refused.to_string();
        assert!(text.starts_with("another run is storing into \""), "{text}");
        assert!(text.contains(home.path().to_str().unwrap()), "{text}");
        drop(first);
        Maildir::open(home.path()).unwrap();
    }

    #[test]
    fn clears_tmp_of_what_is_older_than_thirty_six_hours() {
        let home = tempfile::tempdir().unwrap();
        drop(Maildir::open(home.path()).unwrap());
        for (name, hours) in [("stale", 37), ("fresh", 35)] {
            let file = File::create(home.path().join("tmp").join(name)).unwrap();
            let age = Duration::from_secs(hours * 60 * 60);
            file.set_modified(SystemTime::now() - age).unwrap();
        }
        drop(Maildir::open(home.path()).unwrap());
        assert_eq!(
            files(home.path().join("tmp")),
            [home.path().join("tmp/fresh")]
        );
    }

    #[test]
    fn names_the_path_when_it_cannot_be_made() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("file");
        fs::write(&file, "").unwrap();
        let text = Maildir::open(&file).unwrap_err().to_string();
        assert!(text.starts_with("cannot create \""), "{text}");
        assert!(text.contains("file"), "{text}");
    }

    #[test]
    fn stores_nothing_and_names_the_path_when_new_is_gone() {
        let home = tempfile::tempdir().unwrap();
        let mut maildir = Maildir::open(home.path()).unwrap();
        let delivery = maildir.begin().unwrap();
        fs::remove_dir(home.path().join("new")).unwrap();
        let text = delivery
            .commit(ACCOUNT, Some(b"one"))
            .unwrap_err()
            .to_string();
        assert!(text.starts_with("cannot create \""), "{text}");
        assert!(files(home.path().join("tmp")).is_empty());
        assert!(!maildir.contains(ACCOUNT, b"one"));
    }

    #[cfg(unix)] // Elsewhere directories are not synced.
    #[test]
    fn does_not_believe_a_second_sync_after_one_failed() {
        let home = tempfile::tempdir().unwrap();
        let mut maildir = Maildir::open(home.path()).unwrap();
        store(&mut maildir, "one", b"1\r\n");
        fs::rename(home.path().join("new"), home.path().join("away")).unwrap();
        assert!(
            maildir
                .sync()
                .unwrap_err()
                .to_string()
                .starts_with("cannot sync \"")
        );
        fs::rename(home.path().join("away"), home.path().join("new")).unwrap();
        assert!(
            maildir
                .sync()
                .unwrap_err()
                .to_string()
                .starts_with("an earlier sync of")
        );
        drop(maildir);
        // The next run sees for itself.
        let mut maildir = Maildir::open(home.path()).unwrap();
        assert!(maildir.contains(ACCOUNT, b"one"));
        assert!(maildir.sync().unwrap().contains(ACCOUNT, b"one"));
    }
}

#[cfg(test)]
mod the_command_line {
    use std::ffi::OsString;
    use std::io;
    use std::path::Path;

    use pop3_blocking::proto::Channel;
    use pop3_blocking::{Method, Secret};

    use crate::options::{Auth, Command, HELP, Options, Server, parse, password, password_from};

    fn read(line: &str) -> Result<Command, String> {
        let arguments: Vec<OsString> = line.split_whitespace().map(OsString::from).collect();
        parse(arguments).map_err(|error| error.to_string())
    }

    fn accepted(line: &str) -> Options {
        match read(line) {
            Ok(Command::Fetch(options)) => options,
            other => panic!("{line}: {other:?}"),
        }
    }

    fn refused(line: &str) -> String {
        let text = read(line).expect_err(line);
        assert!(!text.contains(['\r', '\n']), "more than a line: {text:?}");
        assert!(!text.contains("secret"), "the password shows: {text}");
        text
    }

    /// Who, where, and whether TLS is there from the start.
    fn server(options: &Options) -> (&str, &str, u16, bool) {
        let Server::Remote { endpoint, user } = &options.server else {
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
    fn without_arguments_means_the_sample_into_mail() {
        let expected = Options {
            server: Server::Embedded,
            maildir: "mail".into(),
            ca: None,
            plaintext: false,
            pipelining: true,
            auth: None,
            verbose: false,
            delete: false,
        };
        assert_eq!(accepted(""), expected);
    }

    #[test]
    fn has_options_before_and_after_the_url() {
        let options =
            accepted("--maildir=/var/mail/joe pop3s://joe@localhost --delete --ca ca.pem");
        assert_eq!(server(&options), ("joe", "localhost", 995, true));
        assert_eq!(options.maildir, Path::new("/var/mail/joe"));
        assert_eq!(options.ca.as_deref(), Some(Path::new("ca.pem")));
        assert!(options.delete);
        assert!(!options.plaintext);
        assert!(accepted("--plaintext pop3://joe@localhost").plaintext);
        assert!(options.pipelining);
        assert!(!accepted("--no-pipelining pop3s://joe@localhost").pipelining);
    }

    #[test]
    fn names_one_way_to_log_in() {
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
            assert!(options.verbose);
        }
        assert_eq!(
            accepted("pop3s://joe;AUTH=PLAIN@mx").auth,
            None,
            "the URL's"
        );
        for name in ["NTLM", "PLAIN-PLUS", "", "PLAIN\r\nQUIT"] {
            let shown = name.escape_debug();
            let text = format!("--auth knows no way to log in named \"{shown}\"; see --help");
            assert_eq!(
                parse(["--auth", name].map(OsString::from))
                    .unwrap_err()
                    .to_string(),
                text
            );
        }
        assert!(
            read("--auth EXTERNAL")
                .unwrap_err()
                .to_string()
                .contains("certificate")
        );
    }

    #[test]
    fn explains_itself() {
        assert_eq!(read("--help"), Ok(Command::Help));
        assert_eq!(read("-h"), Ok(Command::Help));
        for option in [
            "--maildir",
            "--ca",
            "--plaintext",
            "--delete",
            "--auth",
            "--verbose",
            "POP3_PASSWORD",
        ] {
            assert!(HELP.contains(option), "{option}");
        }
    }

    #[test]
    fn takes_urls_in_many_forms() {
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
    fn names_an_account_by_user_host_and_port() {
        let account = |url| accepted(url).server.account();
        assert_eq!(account("pop3s://joe@MX"), "joe@mx:995");
        assert_eq!(account("pop3s://joe@[::1]"), "joe@::1:995");
        assert_eq!(account(""), "sample@embedded");
    }

    #[test]
    fn says_in_one_line_what_is_wrong() {
        for (line, expected) in [
            ("--foo", "unknown option --foo; see --help"),
            ("-x", "unknown option -x; see --help"),
            ("--ca", "missing argument for option '--ca'; see --help"),
            ("--maildir=", "--maildir names no directory; see --help"),
            (
                "pop://a@b pop://c:secret@d",
                "there is more than one URL; see --help",
            ),
            ("--plaintext", "--ca and --plaintext need a URL; see --help"),
            ("--ca x.pem", "--ca and --plaintext need a URL; see --help"),
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
                "not a POP3 URL: it holds a password, and others can see a URL; see --help",
            ),
        ] {
            assert_eq!(refused(line), expected, "{line}");
        }
        assert!(refused("--delete=yes").starts_with("unexpected argument for option"));
    }

    #[test]
    fn refuses_urls_that_mean_nothing_to_pop3() {
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
            assert_eq!(refused(url), "the URL names no user; see --help");
        }
        for url in [
            "pop3s://joe%0D%0ADELE%201@mx",
            "pop3s://joe%00@mx",
            "pop3s://joe%C2%85@mx",
        ] {
            let expected = "the user name holds a control character; see --help";
            assert_eq!(refused(url), expected, "{url}");
        }
        let text = parse([OsString::from("pop3s://joe@m\nx")]).unwrap_err();
        assert!(!text.to_string().contains('\n'), "{text}");
        let text = parse([OsString::from("--new\nline")]).unwrap_err();
        assert_eq!(text.to_string(), "unknown option --new\\nline; see --help");
    }

    #[test]
    fn prefers_the_password_of_the_environment_to_asking() {
        let typed = || Ok("typed".to_owned());
        let never = || -> io::Result<String> { panic!("asked") };
        let secret = |text| Secret::new(text).unwrap();
        let set = password_from(Some("set ä".into()), never).unwrap();
        assert_eq!(set, secret("set ä"));
        assert_eq!(password_from(None, typed).unwrap(), secret("typed"));
        let _: fn(&str) -> _ = password; // It is the same rules with the true sources.
    }

    #[test]
    fn says_why_there_is_no_password() {
        let error = |variable: Option<&str>, typed: io::Result<&str>| {
            let typed = typed.map(str::to_owned);
            let error = password_from(variable.map(OsString::from), || typed);
            error.unwrap_err().to_string()
        };
        assert_eq!(
            error(Some(""), Ok("typed")),
            "the password or token is empty (POP3_PASSWORD)"
        );
        assert_eq!(
            error(None, Ok("")),
            "the password or token is empty (typed)"
        );
        assert_eq!(
            error(Some("se\ncret"), Ok("typed")),
            "the password or token holds CR, LF or NUL (POP3_PASSWORD)"
        );
        assert_eq!(
            error(None, Err(io::Error::other("no such device"))),
            "no password: POP3_PASSWORD is not set, and the terminal gives none: no such device"
        );
    }
}

#[cfg(test)]
mod the_sample {
    use std::collections::HashSet;
    use std::sync::LazyLock;

    use crate::sample::sample_maildrop;

    /// Made once, for it takes a while without optimisation.
    static SAMPLE: LazyLock<Vec<(String, Vec<u8>)>> = LazyLock::new(sample_maildrop);

    #[test]
    fn is_the_same_every_time() {
        assert!(sample_maildrop() == *SAMPLE);
    }

    #[test]
    fn is_three_hundred_messages_of_ten_to_twenty_megabytes() {
        let messages = &*SAMPLE;
        assert_eq!(messages.len(), 300);
        let octets: usize = messages.iter().map(|(_, octets)| octets.len()).sum();
        assert!((10_000_000..20_000_000).contains(&octets), "{octets}");
        let largest = messages.iter().map(|(_, octets)| octets.len()).max();
        assert!(largest > Some(2_000_000), "{largest:?}");
    }

    #[test]
    fn has_unique_ids_as_pop3_allows_them_each_once() {
        let messages = &*SAMPLE;
        let unique_ids: HashSet<_> = messages.iter().map(|(id, _)| id).collect();
        assert_eq!(unique_ids.len(), messages.len());
        for id in unique_ids {
            assert!((1..=70).contains(&id.len()), "{id}");
            assert!(
                id.bytes().all(|octet| (0x21..=0x7e).contains(&octet)),
                "{id}"
            );
        }
    }

    #[test]
    fn is_mail_as_the_standards_have_it() {
        for (id, octets) in &*SAMPLE {
            let text = std::str::from_utf8(octets).unwrap();
            let lines = text.strip_suffix("\r\n").expect("a line end at the end");
            for line in lines.split("\r\n") {
                assert!(line.len() <= 998, "{id}: {} octets in a line", line.len());
                assert!(!line.contains(['\r', '\n', '\0']), "{id}: {line:?}");
            }
            let (headers, _) = text.split_once("\r\n\r\n").unwrap();
            assert!(headers.is_ascii(), "{id}");
            for name in [
                "Date",
                "From",
                "To",
                "Subject",
                "Message-ID",
                "MIME-Version",
            ] {
                let count = headers.matches(&format!("\r\n{name}: ")).count();
                assert_eq!(count, 1, "{id}: {name}");
            }
        }
    }

    #[test]
    fn has_what_makes_mail_difficult() {
        let messages = &*SAMPLE;
        for (what, least) in [
            ("\r\n.\r\n", 40),
            ("\r\n..\r\n", 40),
            ("format=flowed", 40),
            (" \r\n", 40),
            ("ü", 20),
            ("multipart/mixed", 40),
            ("multipart/alternative", 40),
            ("Content-Transfer-Encoding: base64", 40),
            ("In-Reply-To: <", 40),
        ] {
            let has = |octets: &[u8]| std::str::from_utf8(octets).unwrap().contains(what);
            let count = messages.iter().filter(|(_, octets)| has(octets)).count();
            assert!(count >= least, "{what:?} in only {count}");
        }
    }

    #[test]
    fn begins_on_a_monday_in_march() {
        let (_, first) = &SAMPLE[0];
        let text = std::str::from_utf8(first).unwrap();
        assert!(text.contains("\r\nDate: Mon, 03 Mar 2025 "), "{text}");
    }
}
