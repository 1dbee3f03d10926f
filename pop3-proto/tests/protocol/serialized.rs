//! Values in files: `Serialize` and `Deserialize` lose nothing, and create no invalid value.

use std::fmt::Debug;

use arbitrary::{Arbitrary, Unstructured};
use pop3_proto::listing::{ScanEntry, UidEntry};
use pop3_proto::login::Method;
use pop3_proto::observe::Statistics;
use pop3_proto::reply::{MailboxStat, Received};
use pop3_proto::{
    Channel, Config, Endpoint, MessageNumber, Phase, Quirk, UniqueId, Username, command::Verb,
};
use serde::{Serialize, de::DeserializeOwned};

/// Writes arbitrary values as JSON and reads them again.
fn survives<T>()
where
    T: for<'a> Arbitrary<'a> + Serialize + DeserializeOwned + PartialEq + Debug,
{
    let mut random = fastrand::Rng::with_seed(7);
    let mut distinct = std::collections::BTreeSet::new();
    for _ in 0..300 {
        let octets: Vec<u8> = std::iter::repeat_with(|| random.u8(..)).take(300).collect();
        let value = T::arbitrary(&mut Unstructured::new(&octets)).expect("enough octets");
        let text = serde_json::to_string(&value).expect("JSON");
        let again: T = serde_json::from_str(&text).unwrap_or_else(|why| panic!("{text}: {why}"));
        assert_eq!(again, value, "{text}");
        distinct.insert(text);
    }
    assert!(distinct.len() > 1, "all values were {distinct:?}");
}

#[test]
fn all_values_survive_serialization() {
    survives::<Config>();
    survives::<Endpoint>();
    survives::<MessageNumber>();
    survives::<UniqueId>();
    survives::<Username>();
    survives::<ScanEntry>();
    survives::<UidEntry>();
    survives::<MailboxStat>();
    survives::<Received>();
    survives::<Statistics>();
    survives::<Channel>();
    survives::<Phase>();
    survives::<Quirk>();
    survives::<Verb>();
}

#[test]
fn login_methods_are_serialized_by_name() {
    for name in ["SCRAM-SHA-256", "USER/PASS", "APOP", "XOAUTH2"] {
        let method: Method = name.parse().expect("a login method");
        let text = serde_json::to_string(&method).expect("JSON");
        assert_eq!(text, format!("\"{name}\""));
        assert_eq!(serde_json::from_str::<Method>(&text).expect(name), method);
    }
    let custom = serde_json::to_string(&Method::Custom);
    custom.expect_err("its name is unknown");
}

#[test]
fn endpoint_is_serialized_as_url() {
    for url in [
        "pop3s://mail.example.org",
        "pop3://localhost:1110",
        "pop3s://joe%40example.org@mail.example.org",
        "pop3s://j%C3%B6e;AUTH=SCRAM-SHA-256@[::1]:9995",
        "pop3s://;AUTH=EXTERNAL@mail.example.org",
    ] {
        let endpoint: Endpoint = url.parse().expect("a URL");
        let text = serde_json::to_string(&endpoint).expect("JSON");
        let again: Endpoint = serde_json::from_str(&text).expect("the same");
        assert_eq!(again, endpoint, "{url} became {text}");
    }
}

#[test]
fn missing_settings_are_the_defaults() {
    let config: Config = serde_json::from_str(r#"{ "pipelining": "Never" }"#).expect("a setting");
    let mut expected = Config::default();
    expected.pipelining = pop3_proto::config::Pipelining::Never;
    assert_eq!(config, expected);
}

/// Returns the reason why a text is rejected.
fn rejected<T: DeserializeOwned + Debug>(text: &str) -> String {
    serde_json::from_str::<T>(text).expect_err(text).to_string()
}

#[test]
fn invalid_values_are_rejected() {
    assert!(rejected::<MessageNumber>("0").contains("nonzero"));
    assert!(rejected::<Username>(r#""""#).contains("empty"));
    assert!(rejected::<Username>(r#""a\r\nDELE 1""#).contains("control"));
    let long = format!("\"{}\"", "x".repeat(513));
    for id in [r#""""#, r#""a%0d%0a""#, r#""%20a""#, &long] {
        assert!(rejected::<UniqueId>(id).contains("1 to 512 octets"), "{id}");
    }
    assert!(rejected::<Endpoint>(r#""http://localhost""#).contains("pop3s://"));
    assert!(rejected::<Endpoint>(r#""pop3s://joe:secret@localhost""#).contains("password"));
    assert!(rejected::<Method>(r#""ROT13""#).contains("login method"));
    assert!(rejected::<Config>(r#"{ "pipelinig": "Never" }"#).contains("pipelinig"));
    assert!(rejected::<Config>(r#"{ "limits": { "line": -1 } }"#).contains("-1"));
}
