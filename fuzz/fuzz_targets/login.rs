//! A login by any way against any server: however its octets are cut, the same comes of them, and
//! nobody is logged in by a server that does not prove what the mechanism wants proved.
#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use pop3_fuzz::{connection, feed};
use pop3_proto::{Credentials, Login, LoginPolicy, Method, Phase, Secret, Username};

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    strict: bool,
    method: u8,
    piece: u8,
    /// Behind the greeting.
    server: &'a [u8],
}

fn login(method: Method) -> Login {
    let name = Username::new("alice").unwrap();
    let secret = Secret::new("correct-horse").unwrap();
    let login = match method {
        Method::OAuthBearer | Method::XOAuth2 => Login::with(Credentials::Token {
            username: name,
            token: secret,
        }),
        Method::External => Login::certificate(),
        Method::Anonymous => Login::anonymous("trace"),
        _ => Login::password(name, secret),
    };
    login.with_policy(LoginPolicy::only(method).with_scram_iterations(1..=2))
}

fuzz_target!(|input: Input<'_>| {
    let methods: Vec<Method> = Method::all().collect();
    let method = methods[usize::from(input.method) % methods.len()];
    let server = [b"+OK <1@h>\r\n", input.server].concat();
    // Line by line: what comes with the answer to a command cannot be the answer to the next.
    let run = |piece: usize| {
        let mut connection = connection(input.strict);
        connection.submit(login(method)).unwrap();
        let lines = server.split_inclusive(|&octet| octet == b'\n');
        let events: Vec<_> = lines
            .map(|line| feed(&mut connection, line, piece))
            .collect();
        // Nobody can sign for a password that was not guessed.
        let scram = method.to_string().starts_with("SCRAM");
        assert!(!scram || connection.phase() != Phase::Transaction);
        let log = format!("{connection:?}{events:?}");
        assert!(!log.contains("correct-horse"));
        (events, connection.error().cloned())
    };
    assert_eq!(run(usize::MAX), run(usize::from(input.piece)));
});
