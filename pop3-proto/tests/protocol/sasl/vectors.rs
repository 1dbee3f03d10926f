//! The examples in the RFCs and in the vendors' documentation, octet by octet.

use pop3_proto::sasl::{
    Anonymous, Binding, CramMd5, External, Login, Mechanism as _, OAuthBearer, Plain, Scram,
    ScramHash, XOAuth2,
};

use super::{answer, converse, nonce, scram, secret, server_first, user};

#[test]
fn plain_matches_rfc_2595_4616_and_5034() {
    converse(
        &mut Plain::new(&user("tim"), &secret("tanstaaftanstaaf")),
        Some("AHRpbQB0YW5zdGFhZnRhbnN0YWFm"),
        &[],
    );
    converse(
        &mut Plain::acting_as(&user("Ursel"), &user("Kurt"), &secret("xipj3plmq")),
        Some("VXJzZWwAS3VydAB4aXBqM3BsbXE="),
        &[],
    );
    converse(
        &mut Plain::acting_as(&user("test"), &user("test"), &secret("test")),
        Some("dGVzdAB0ZXN0AHRlc3Q="),
        &[],
    );
}

#[test]
fn login_answers_two_prompts() {
    converse(
        &mut Login::new(&user("test"), &secret("secret")),
        None,
        &[("VXNlcm5hbWU6", "dGVzdA=="), ("UGFzc3dvcmQ6", "c2VjcmV0")],
    );
}

#[test]
fn cram_md5_matches_rfc_2195_section_2() {
    converse(
        &mut CramMd5::new(&user("tim"), &secret("tanstaaftanstaaf")),
        None,
        &[(
            "PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+",
            "dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw",
        )],
    );
}

#[test]
fn cram_md5_hashes_a_password_over_one_block() {
    let mut cram = CramMd5::new(&user("tim"), &secret(&"a".repeat(80)));
    let response = answer(&mut cram, b"<1896.697170952@postoffice.reston.mci.net>");
    assert_eq!(
        response.as_deref(),
        Ok(b"tim 65ac4a6902effca0a7a2864ff554cad0".as_slice())
    );
}

#[test]
fn scram_sha_1_matches_rfc_5802_section_5() {
    let mut scram = Scram::new(
        ScramHash::Sha1,
        &user("user"),
        &secret("pencil"),
        nonce("fyko+d2lbbFgONRv9qkxdawL"),
    )
    .expect("ASCII");
    assert_eq!(scram.name(), "SCRAM-SHA-1");
    converse(
        &mut scram,
        Some("biwsbj11c2VyLHI9ZnlrbytkMmxiYkZnT05Sdjlxa3hkYXdM"),
        &[
            (
                "cj1meWtvK2QybGJiRmdPTlJ2OXFreGRhd0wzcmZjTkhZSlkxWlZ2V1ZzN2oscz1RU1hDUitRNnNlazhiZjkyLGk9NDA5Ng==",
                "Yz1iaXdzLHI9ZnlrbytkMmxiYkZnT05Sdjlxa3hkYXdMM3JmY05IWUpZMVpWdldWczdqLHA9djBYOHYzQnoyVDBDSkdiSlF5RjBYK0hJNFRzPQ==",
            ),
            ("dj1ybUY5cHFWOFM3c3VBb1pXamE0ZEpSa0ZzS1E9", ""),
        ],
    );
}

#[test]
fn scram_sha_256_matches_rfc_7677_section_3() {
    let mut scram = scram(ScramHash::Sha256);
    assert_eq!(scram.name(), "SCRAM-SHA-256");
    converse(
        &mut scram,
        Some("biwsbj11c2VyLHI9ck9wck5HZndFYmVSV2diTkVrcU8="),
        &[
            (
                "cj1yT3ByTkdmd0ViZVJXZ2JORWtxTyVodllEcFdVYTJSYVRDQWZ1eEZJbGopaE5sRiRrMCxzPVcyMlphSjBTTlk3c29Fc1VFamI2Z1E9PSxpPTQwOTY=",
                "Yz1iaXdzLHI9ck9wck5HZndFYmVSV2diTkVrcU8laHZZRHBXVWEyUmFUQ0FmdXhGSWxqKWhObEYkazAscD1kSHpiWmFwV0lrNGpVaE4rVXRlOXl0YWc5empmTUhnc3FtbWl6N0FuZFZRPQ==",
            ),
            (
                "dj02cnJpVFJCaTIzV3BSUi93dHVwK21NaFVaVW4vZEI1bkxUSlJzamw5NUc0PQ==",
                "",
            ),
        ],
    );
}

/// Runs a variant of the exchange in RFC 7677 with this first message, proof and signature.
fn variant(mut scram: Scram, first: &str, binding: &str, proof: &str, signature: &str) {
    let response = scram.initial_response().expect("an initial response");
    assert_eq!(response.as_bytes(), first.as_bytes());
    let last = answer(&mut scram, server_first(4_096).as_bytes()).expect("an answer");
    let nonce = super::NONCE;
    assert_eq!(
        String::from_utf8_lossy(&last),
        format!("c={binding},r={nonce},p={proof}")
    );
    let empty = answer(&mut scram, format!("v={signature}").as_bytes());
    assert_eq!(empty.as_deref(), Ok(b"".as_slice()));
    assert_eq!(scram.finish(), Ok(()));
}

#[test]
fn scram_sha_512_matches_a_reference_exchange() {
    let scram = scram(ScramHash::Sha512);
    assert_eq!(scram.name(), "SCRAM-SHA-512");
    variant(
        scram,
        "n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
        "biws",
        "gMGXRcevScNtxZ6/8lQYpGtnsNAc3mGcmNomv+xnoOMw+3R2xNJdMNnzMlTN8PPC6wdp6dybEmDYXYTxwnYPJQ==",
        "ZQnYEgWQMFmmsM8aQMF0nDDCy/AgCzkwk8CmMZYcMg0vSVlKDanekLtifDSeVGT4+5ZxXnJq199RVG2rR7N7Zw==",
    );
}

#[test]
fn plus_mechanisms_bind_to_the_tls_channel() {
    let material = core::array::from_fn(|i| u8::try_from(i).expect("32 octets"));
    for (hash, name, proof, signature) in [
        (
            ScramHash::Sha1,
            "SCRAM-SHA-1-PLUS",
            "/QKgZNBHelOsjZPTvucb5s4VtQE=",
            "tK3UShY5jkJWC9Q52aNEU6Ba6Is=",
        ),
        (
            ScramHash::Sha256,
            "SCRAM-SHA-256-PLUS",
            "QC6CS20quADQRb3mT99YUH+n3VJxUvzuK0K0E1Vrs2M=",
            "2GiAgapEppLVlUXbxUDksL3VgYHzuqiK5tR4mhJGgvs=",
        ),
        (
            ScramHash::Sha512,
            "SCRAM-SHA-512-PLUS",
            "jVaGV/PIJ7hgkpxV9a1jdpzyYkHQH9gW6fn3DbAL2oEA+5w4CCSJjoq8G37bn2FsGaVEMsk4kiHRqMUoN/aiiA==",
            "bTvxua5nsJsvSd2bk+1WbSe84MBgjkACQPOqiN7MhTBLYxVX2QUqwET2NLcZEv2CfexR6NbAMluKltOEs5vLYw==",
        ),
    ] {
        let scram = scram(hash).with_binding(Binding::TlsExporter(material));
        assert_eq!(scram.name(), name);
        variant(
            scram,
            "p=tls-exporter,,n=user,r=rOprNGfwEbeRWgbNEkqO",
            "cD10bHMtZXhwb3J0ZXIsLAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f",
            proof,
            signature,
        );
    }
}

#[test]
fn unused_channel_binding_is_announced_with_y() {
    let scram = scram(ScramHash::Sha256).with_binding(Binding::NotOffered);
    assert_eq!(scram.name(), "SCRAM-SHA-256");
    variant(
        scram,
        "y,,n=user,r=rOprNGfwEbeRWgbNEkqO",
        "eSws",
        "FoqiHTtQEDE8lz1CdaEe3tK4mS+iMDTl77SPyDS53DY=",
        "dI4KpiQJwBr1+V+K6U1dA6l6I4I9DUNXWND4pcpRU3U=",
    );
}

#[test]
fn oauthbearer_matches_rfc_7628_section_4_1() {
    let token = secret("vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==");
    for (port, message) in [
        (
            143,
            "bixhPXVzZXJAZXhhbXBsZS5jb20sAWhvc3Q9c2VydmVyLmV4YW1wbGUuY29tAXBvcnQ9MTQzAWF1dGg9QmVhcmVyIHZGOWRmdDRxbVRjMk52YjNSbGNrQmhiSFJoZG1semRHRXVZMjl0Q2c9PQEB",
        ),
        (
            995,
            "bixhPXVzZXJAZXhhbXBsZS5jb20sAWhvc3Q9c2VydmVyLmV4YW1wbGUuY29tAXBvcnQ9OTk1AWF1dGg9QmVhcmVyIHZGOWRmdDRxbVRjMk52YjNSbGNrQmhiSFJoZG1semRHRXVZMjl0Q2c9PQEB",
        ),
    ] {
        let mut bearer = OAuthBearer::new(&token)
            .expect("a token")
            .with_authzid(&user("user@example.com"))
            .with_server("server.example.com", port)
            .expect("a host");
        converse(&mut bearer, Some(message), &[]);
    }
}

#[test]
fn xoauth2_matches_google_and_microsoft_examples() {
    for (name, token, message) in [
        (
            "someuser@example.com",
            "ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg",
            "dXNlcj1zb21ldXNlckBleGFtcGxlLmNvbQFhdXRoPUJlYXJlciB5YTI5LnZGOWRmdDRxbVRjMk52YjNSbGNrQmhkSFJoZG1semRHRXVZMjl0Q2cBAQ==",
        ),
        (
            "test@contoso.onmicrosoft.com",
            "EwBAAl3BAAUFFpUAo7J3Ve0bjLBWZWCclRC3EoAA",
            "dXNlcj10ZXN0QGNvbnRvc28ub25taWNyb3NvZnQuY29tAWF1dGg9QmVhcmVyIEV3QkFBbDNCQUFVRkZwVUFvN0ozVmUwYmpMQldaV0NjbFJDM0VvQUEBAQ==",
        ),
    ] {
        let mut xoauth2 = XOAuth2::new(&user(name), &secret(token)).expect("a token");
        converse(&mut xoauth2, Some(message), &[]);
    }
}

#[test]
fn external_sends_authorization_identity_or_nothing() {
    converse(
        &mut External::new(Some(&user("fred@example.com"))),
        Some("ZnJlZEBleGFtcGxlLmNvbQ=="),
        &[],
    );
    converse(&mut External::new(None), Some(""), &[]);
}

#[test]
fn anonymous_matches_rfc_4505_section_4() {
    let mut anonymous = Anonymous::new("sirhc").expect("a trace");
    converse(&mut anonymous, Some("c2lyaGM="), &[]);
    let mut silent = Anonymous::new("").expect("no trace");
    converse(&mut silent, Some(""), &[]);
}
