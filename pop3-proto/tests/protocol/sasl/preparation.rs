//! How SCRAM and OAUTHBEARER prepare names, passwords and nonces, and which they reject.

use pop3_proto::error::{Argument, Misuse};
use pop3_proto::sasl::{ClientNonce, Mechanism as _, OAuthBearer, Scram, ScramHash, XOAuth2};

use super::{CLIENT_NONCE, answer, nonce, scram, scram_for, secret, server_first, user};

/// Returns the client's first message for a user name.
fn first_message(username: &str) -> String {
    let mut scram = scram_for(ScramHash::Sha256, username, "pencil");
    let response = scram.initial_response().expect("an initial response");
    String::from_utf8(response.as_bytes().to_vec()).expect("UTF-8")
}

/// Returns the client's final message for a password.
#[cfg(feature = "std")]
fn proof(password: &str) -> Vec<u8> {
    let mut scram = scram_for(ScramHash::Sha256, "user", password).with_iterations(1..=1);
    answer(&mut scram, server_first(1).as_bytes()).expect("a proof")
}

#[test]
fn user_names_are_escaped_per_rfc_5802() {
    for (name, escaped) in [
        ("a,b=c", "a=2Cb=3Dc"),
        ("=2C", "=3D2C"),
        ("plain user", "plain user"),
    ] {
        assert_eq!(
            first_message(name),
            format!("n,,n={escaped},r={CLIENT_NONCE}")
        );
    }
}

#[test]
fn authorization_identity_is_escaped_and_bound() {
    let mut scram = scram_for(ScramHash::Sha256, "a,b=c", "pencil")
        .with_authzid(&user("b,c=d"))
        .expect("ASCII");
    let response = scram.initial_response().expect("an initial response");
    assert_eq!(
        response.as_bytes(),
        b"n,a=b=2Cc=3Dd,n=a=2Cb=3Dc,r=rOprNGfwEbeRWgbNEkqO"
    );
    let last = answer(&mut scram, server_first(4_096).as_bytes()).expect("a proof");
    let last = String::from_utf8(last).expect("ASCII");
    assert!(last.starts_with("c=bixhPWI9MkNjPTNEZCw=,r="), "{last}");
    assert!(
        last.ends_with(",p=1cUrWijhK1uTeCqoi8PoQxrExa8ZdZ7P4xJBT6URzd4="),
        "{last}"
    );
}

#[test]
#[cfg(feature = "std")]
fn saslprep_matches_rfc_4013_section_3() {
    for (raw, prepared) in [
        ("I\u{ad}X", "IX"),
        ("user", "user"),
        ("USER", "USER"),
        ("\u{aa}", "a"),
        ("\u{2168}", "IX"),
        ("I\u{a0}X", "I X"),
    ] {
        assert_eq!(
            first_message(raw),
            format!("n,,n={prepared},r={CLIENT_NONCE}")
        );
        assert_eq!(proof(raw), proof(prepared), "{raw:?}");
    }
}

#[test]
#[cfg(feature = "std")]
fn names_are_escaped_after_saslprep() {
    // NFKC turns a full-width comma into a comma.
    assert_eq!(
        first_message("a\u{ff0c}b"),
        format!("n,,n=a=2Cb,r={CLIENT_NONCE}")
    );
}

#[test]
fn text_prohibited_by_saslprep_is_misuse() {
    for text in [
        "\u{627}1",  // RFC 4013 section 3: bidirectional text that ends in a digit
        "\u{e000}",  // private use
        "a\u{200e}", // changes the direction of text
        "\u{ad}",    // empty after the mapping
        "\u{1f40c}", // unassigned in Unicode 3.2
        "a\u{fffd}", // replacement character
    ] {
        let named = Scram::new(
            ScramHash::Sha1,
            &user(text),
            &secret("pencil"),
            nonce("nonce"),
        );
        assert_eq!(
            named.map(|_| ()),
            Err(Misuse::Argument(Argument::UnpreparedUsername)),
            "{text:?}"
        );
        let locked = Scram::new(ScramHash::Sha1, &user("a"), &secret(text), nonce("nonce"));
        assert_eq!(
            locked.map(|_| ()),
            Err(Misuse::Argument(Argument::UnpreparedPassword)),
            "{text:?}"
        );
        assert_eq!(
            scram(ScramHash::Sha1).with_authzid(&user(text)).map(|_| ()),
            Err(Misuse::Argument(Argument::UnpreparedUsername)),
            "{text:?}"
        );
    }
}

#[test]
fn password_with_controls_or_non_utf8_is_misuse() {
    for password in [b"a\x07".as_slice(), b"a\tb", b"\x7f", b"\xff\xfe"] {
        let password = pop3_proto::Secret::new(password).expect("a secret");
        let scram = Scram::new(ScramHash::Sha1, &user("a"), &password, nonce("nonce"));
        assert_eq!(
            scram.map(|_| ()),
            Err(Misuse::Argument(Argument::UnpreparedPassword))
        );
    }
}

#[test]
#[cfg(not(feature = "std"))]
fn without_std_only_ascii_is_accepted() {
    let scram = Scram::new(
        ScramHash::Sha1,
        &user("a"),
        &secret("p\u{e4}ss"),
        nonce("nonce"),
    );
    assert_eq!(
        scram.map(|_| ()),
        Err(Misuse::Argument(Argument::UnpreparedPassword))
    );
}

#[test]
fn nonce_is_printable_without_commas() {
    for text in ["", "a,b", "a b", "a\n", "é", "\0"] {
        assert_eq!(
            ClientNonce::new(text).map(|_| ()),
            Err(Misuse::Argument(Argument::Nonce)),
            "{text:?}"
        );
    }
}

#[test]
fn nonce_from_random_encodes_all_octets() {
    let random = ClientNonce::from_random([0xfb; 24]);
    let scram = Scram::new(ScramHash::Sha256, &user("u"), &secret("p"), random);
    let response = scram
        .expect("ASCII")
        .initial_response()
        .expect("an initial response");
    assert_eq!(
        response.as_bytes(),
        b"n,,n=u,r=+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7"
    );
}

#[test]
fn token_with_separators_or_controls_is_rejected() {
    for token in [
        "a\u{1}auth=Bearer b",
        "a b",
        "Bearer\tx",
        "é",
        "a\"b",
        "a\\b",
    ] {
        let refused = Err(Misuse::Argument(Argument::Token));
        assert_eq!(OAuthBearer::new(&secret(token)).map(|_| ()), refused);
        assert_eq!(
            XOAuth2::new(&user("u"), &secret(token)).map(|_| ()),
            refused
        );
    }
    assert!(OAuthBearer::new(&secret("Ew!*$$-._~+/a==")).is_ok());
}

#[test]
fn oauthbearer_host_must_be_printable() {
    for host in ["", "a b", "a\u{1}port=1", "\u{e4}.example"] {
        let bearer = OAuthBearer::new(&secret("token")).expect("a token");
        assert_eq!(
            bearer.with_server(host, 995).map(|_| ()),
            Err(Misuse::Argument(Argument::Host))
        );
    }
}
