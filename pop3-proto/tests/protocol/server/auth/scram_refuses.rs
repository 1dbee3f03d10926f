//! What the server rejects in the client's messages (RFC 5802 section 7).

use pop3_proto::sasl::{Mechanism as _, ScramHash};
use pop3_proto::server::{Server, ServerConfig};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{
    LOGGED_IN, REFUSED, answer, authenticate, challenge, config, encoded, is_logged_in, respond,
    scram, server,
};

const MALFORMED: &str = "-ERR the response is malformed";

fn first(server: &mut Server, message: &[u8]) -> String {
    assert_eq!(answer(server, "AUTH SCRAM-SHA-256"), "+ ");
    answer(server, &encoded(message))
}

#[test]
fn malformed_client_first_message_is_rejected() {
    for message in [
        "",
        "n=user,r=nonce",
        "n,n=user,r=nonce",
        "x,,n=user,r=nonce",
        "N,,n=user,r=nonce",
        ",,n=user,r=nonce",
        "n,user,n=user,r=nonce",
        "n,a=,n=user,r=nonce",
        "n,a=us=er,n=user,r=nonce",
        "F,n,,n=user,r=nonce",
        "n,,",
        "n,,n=user",
        "n,,n=user,",
        "n,,n=user,r=",
        "n,,n=user,r=\u{e4}",
        "n,,n=user,r=a b",
        "n,,r=nonce,n=user",
        "n,,n=,r=nonce",
        "n,,n=us=er,r=nonce",
        "n,,n=us=2,r=nonce",
        "n,,n=us=2c,r=nonce",
        "n,,n=us\0er,r=nonce",
        // SASLprep prohibits control characters.
        "n,,n=us\u{7}er,r=nonce",
        "n,,m=x,n=user,r=nonce",
    ] {
        let mut server = server(config(["SCRAM-SHA-256"]));
        assert_eq!(
            first(&mut server, message.as_bytes()),
            MALFORMED,
            "{message:?}"
        );
        assert!(!is_logged_in(&mut server));
    }
    let mut server = server(config(["SCRAM-SHA-256"]));
    assert_eq!(first(&mut server, b"n,,n=\xff,r=nonce"), MALFORMED);
}

#[test]
fn server_first_message_extends_the_nonce() {
    let config = config(["SCRAM-SHA-256"])
        .scram("NaCl", 5)
        .server_nonce("server");
    let mut server = server(config);
    let reply = first(&mut server, b"n,,n=user,r=client,x=extension");
    assert_eq!(challenge(&reply), "r=clientserver,s=TmFDbA==,i=5");
}

/// Runs an exchange up to the proof. Returns the server that waits for it, and the message.
fn up_to_the_proof(config: ServerConfig) -> (Server, String) {
    let mut server = server(config);
    let mut client = scram(ScramHash::Sha256, "user", "pencil");
    let message = client.initial_response().expect("an initial response");
    let reply = first(&mut server, message.as_bytes());
    let proof = respond(&mut client, &challenge(&reply)).expect("a proof");
    let proof = STANDARD.decode(proof).expect("base64");
    (server, String::from_utf8(proof).expect("ASCII"))
}

#[test]
fn final_message_must_repeat_binding_and_nonce() {
    let nonce = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,";
    for (from, to, expected) in [
        ("", "", "+ dj"),
        (
            "c=biws",
            "c=eSws",
            "-ERR the channel binding is that of another channel",
        ),
        (
            "c=biws",
            "c=",
            "-ERR the channel binding is that of another channel",
        ),
        ("c=biws", "c=biw", MALFORMED),
        ("c=biws", "C=biws", MALFORMED),
        ("c=biws,", "", MALFORMED),
        (
            nonce,
            "r=rOprNGfwEbeRWgbNEkqO,",
            "-ERR the nonce is that of another exchange",
        ),
        (nonce, "r=,", "-ERR the nonce is that of another exchange"),
        (
            "hNlF$k0,",
            "hNlF$k0x,",
            "-ERR the nonce is that of another exchange",
        ),
        (nonce, "", MALFORMED),
        // The proof does not match the changed message.
        (",p=", ",x=y,p=", REFUSED),
        (",p=", ",P=", MALFORMED),
        (",p=", "p=", MALFORMED),
        (",p=", ",p=!", MALFORMED),
        (",p=", ",p=AAAA", REFUSED),
    ] {
        let (mut server, message) = up_to_the_proof(config(["SCRAM-SHA-256"]));
        let message = message.replacen(from, to, 1);
        let reply = answer(&mut server, &encoded(&message));
        assert!(reply.starts_with(expected), "{message}: {reply}");
        assert_eq!(reply.starts_with("+ "), expected.starts_with("+ "));
        if expected.starts_with("-ERR") {
            assert!(!is_logged_in(&mut server));
        }
    }
}

#[test]
fn wrong_proofs_are_refused() {
    let (_, message) = up_to_the_proof(config(["SCRAM-SHA-256"]));
    let (head, proof) = message.rsplit_once(",p=").expect("a proof");
    let proof = STANDARD.decode(proof).expect("base64");
    let mut wrong = vec![
        Vec::new(),
        proof[..31].to_vec(),
        [proof.clone(), vec![0]].concat(),
    ];
    for at in 0..proof.len() {
        let mut proof = proof.clone();
        proof[at] ^= 1;
        wrong.push(proof);
    }
    for wrong in wrong {
        let (mut server, _) = up_to_the_proof(config(["SCRAM-SHA-256"]));
        let message = format!("{head},p={}", encoded(&wrong));
        assert_eq!(answer(&mut server, &encoded(message)), REFUSED);
        assert!(!is_logged_in(&mut server));
    }
}

#[test]
fn login_completes_after_response_to_signature() {
    let (mut server, message) = up_to_the_proof(config(["SCRAM-SHA-256"]));
    assert!(challenge(&answer(&mut server, &encoded(&message))).starts_with("v="));
    assert_eq!(answer(&mut server, "*"), "-ERR authentication cancelled");
    assert!(!is_logged_in(&mut server));

    let (mut server, message) = up_to_the_proof(config(["SCRAM-SHA-256"]));
    assert!(answer(&mut server, &encoded(&message)).starts_with("+ "));
    assert_eq!(answer(&mut server, "AAAA"), MALFORMED);
    assert!(!is_logged_in(&mut server));

    let (mut server, message) = up_to_the_proof(config(["SCRAM-SHA-256"]));
    assert!(answer(&mut server, &encoded(&message)).starts_with("+ "));
    assert_eq!(answer(&mut server, ""), LOGGED_IN);
}

#[test]
fn unknown_user_is_refused_only_after_proof() {
    let mut unknown = server(config(["SCRAM-SHA-256"]));
    assert!(first(&mut unknown, b"n,,n=bob,r=nonce").starts_with("+ cj"));
    let mut unknown = server(config(["SCRAM-SHA-256"]));
    assert!(first(&mut unknown, b"n,a=bob,n=user,r=nonce").starts_with("+ cj"));
    let mut acting = scram(ScramHash::Sha256, "user", "pencil")
        .with_authzid(&super::user("bob"))
        .expect("a name");
    let mut server = server(config(["SCRAM-SHA-256"]));
    assert_eq!(
        authenticate(&mut server, &mut acting),
        (REFUSED.into(), false)
    );
}

#[test]
fn password_prohibited_by_saslprep_is_refused() {
    let config = ServerConfig::new("user", "pen\u{7}cil")
        .scram("salt", 2)
        .sasl(["SCRAM-SHA-256"]);
    let (mut server, message) = up_to_the_proof(config);
    assert_eq!(answer(&mut server, &encoded(message)), REFUSED);
}

#[test]
fn proof_for_another_nonce_is_refused() {
    let (_, message) = up_to_the_proof(config(["SCRAM-SHA-256"]));
    let (mut server, _) = up_to_the_proof(config(["SCRAM-SHA-256"]).server_nonce("fresh"));
    assert_eq!(
        answer(&mut server, &encoded(message)),
        "-ERR the nonce is that of another exchange"
    );
}
