//! URLs of mailboxes (RFC 2384): how they are parsed, and what cannot be injected through them.

use pop3_proto::{
    Channel, Endpoint,
    error::{Argument, Misuse},
    login::Method,
};

fn endpoint(url: &str) -> Endpoint {
    url.parse().unwrap_or_else(|why| panic!("{url}: {why}"))
}

fn refused(url: &str) -> Argument {
    match url.parse::<Endpoint>() {
        Err(Misuse::Argument(why)) => why,
        other => panic!("{url}: {other:?}"),
    }
}

#[test]
fn t_41_percent_encoded_control_characters_are_rejected() {
    for url in [
        "pop://user%0d%0aDELE%201@host",
        "pop3s://user%0a@host",
        "pop3://user%00@host",
        "pop3s://%7f@host",
    ] {
        assert_eq!(refused(url), Argument::ControlInUsername, "{url}");
    }
    for url in [
        "pop3s://user%zz@host",
        "pop3s://user%@host",
        "pop3s://user%ff@host",
        "pop3s://user@host\r\nDELE 1",
        // Commands that other programs accept in a path.
        "pop3s://host/1%0d%0aDELE%201",
        "pop3s://host/1",
        "pop3s://user:secret@host",
        "pop3s://user;AUTH=PLAIN%0d%0aQUIT@host",
        "pop3s://user;FROM=here@host",
        // A host is not decoded, and no host has such a name.
        "pop3s://host%0d%0a",
    ] {
        let error = refused(url);
        assert!(matches!(error, Argument::Url(_)), "{url}: {error:?}");
    }
}

#[test]
fn host_outside_ascii_needs_punycode() {
    for url in [
        "pop3s://m\u{fc}ller.example",
        "pop3s://joe@m\u{fc}ller.example:995",
        "pop3://joe@m%C3%BCller.example",
    ] {
        let Argument::Url(why) = refused(url) else {
            panic!("{url}")
        };
        assert!(why.contains("punycode (xn--...)"), "{url}: {why}");
    }
    // The user name is the problem here.
    let Argument::Url(why) = refused("pop3s://j\u{f6}rg@mx") else {
        panic!()
    };
    assert!(!why.contains("punycode"), "{why}");
}

#[test]
fn rfc_2384_examples_are_parsed() {
    let any = endpoint("pop://rg@mailsrv.qualcomm.com");
    assert_eq!(any.username().map(|name| name.as_str()), Some("rg"));
    assert_eq!((any.host(), any.port()), ("mailsrv.qualcomm.com", 110));
    assert_eq!((any.channel(), any.method()), (Channel::Plain, None));

    let apop = endpoint("pop://rg;AUTH=+APOP@mail.eudora.com:8110");
    assert_eq!(apop.username().map(|name| name.as_str()), Some("rg"));
    assert_eq!((apop.host(), apop.port()), ("mail.eudora.com", 8110));
    assert_eq!(apop.method(), Some(Method::Apop));

    // The third example names a mechanism that does not exist.
    assert!(matches!(
        refused("pop://baz;AUTH=SCRAM-MD5@foo.bar"),
        Argument::Url(_)
    ));
}

#[test]
fn url_without_auth_selects_no_method() {
    for url in [
        "pop3s://joe@host",
        "pop3s://joe;AUTH=*@host",
        "pop3s://host",
    ] {
        assert_eq!(endpoint(url).method(), None, "{url}");
    }
    let named = endpoint("pop3s://joe;auth=SCRAM-SHA-256@host");
    assert_eq!(named.method(), Some(Method::ScramSha256));
}

#[test]
fn implicit_tls_depends_on_scheme_not_port() {
    let implicit = endpoint("pop3s://host");
    assert_eq!(
        (implicit.port(), implicit.channel()),
        (995, Channel::ImplicitTls)
    );
    assert_eq!(endpoint("pops://host:110").channel(), Channel::ImplicitTls);
    assert_eq!(endpoint("pop3://host:995").channel(), Channel::Plain);
}

#[test]
fn user_name_is_percent_decoded() {
    for (url, name) in [
        ("pop3s://joe%40example.org@host", "joe@example.org"),
        ("pop3s://recent:joe%40example.org@host", ""),
        ("pop3s://recent%3Ajoe@host", "recent:joe"),
        ("pop3s://j%C3%BCrgen%20m@host", "jürgen m"),
    ] {
        let read = url.parse::<Endpoint>().ok();
        let read = read
            .as_ref()
            .and_then(|it| it.username())
            .map(|it| it.as_str());
        assert_eq!(read.unwrap_or_default(), name, "{url}");
    }
}

#[test]
fn endpoint_display_omits_the_user() {
    for (url, shown) in [
        (
            "pop3s://alice@mail.example.org",
            "pop3s://mail.example.org:995",
        ),
        (
            "pop3://mail.example.org:1110",
            "pop3://mail.example.org:1110",
        ),
        ("pop3s://[::1]", "pop3s://[::1]:995"),
    ] {
        assert_eq!(endpoint(url).to_string(), shown);
    }
}

#[test]
fn greeting_without_tls_on_port_995_has_a_short_deadline() {
    use core::time::Duration;
    use pop3_proto::{Connector, Instant, config::StlsPolicy};
    let mut connector = Connector::default();
    // No TLS is set up.
    connector.config.stls = StlsPolicy::Off;
    for (port, configured, expected) in [(110, 60, 60), (995, 60, 10), (995, 3, 3), (2110, 60, 60)]
    {
        connector.config.timeouts.greeting = Duration::from_secs(configured);
        let endpoint = Endpoint::plain("mail.example.org", Some(port));
        let session = connector.connection(&endpoint, Instant::ORIGIN).unwrap();
        let due = Instant::ORIGIN + Duration::from_secs(expected);
        assert_eq!(session.poll_timeout(), Some(due), "port {port}");
    }
}
