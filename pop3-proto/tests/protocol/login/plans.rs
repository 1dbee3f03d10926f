//! Login plans: which methods a login considers, and why.

use pop3_proto::{
    Channel, Config, Endpoint, Login,
    config::StlsPolicy,
    login::{LoginPolicy, Method, Rejection, Verdict},
};
use pop3_testkit::conversation::Conversation;

fn login() -> Login {
    Login::new("alice", "secret").expect("a login")
}

fn greeted(config: Config, channel: Channel, capabilities: &str) -> Conversation {
    let mut client = Conversation::new(config, channel);
    if channel == Channel::ImplicitTls {
        client.tls();
    }
    client.server("+OK ready\r\n");
    client.ask("capa");
    client.server(capabilities);
    client.reported();
    client
}

#[test]
fn plan_groups_methods_by_reason() {
    let client = greeted(
        Config::default(),
        Channel::ImplicitTls,
        "+OK\r\nSASL PLAIN LOGIN\r\n.\r\n",
    );
    let plan = client.connection.plan_login(&login());
    assert_eq!(
        plan.to_string(),
        "SCRAM-SHA-512, SCRAM-SHA-256, SCRAM-SHA-1: the server does not advertise it; \
         PLAIN: chosen; USER/PASS, LOGIN: not needed"
    );
    assert_eq!(plan.chosen().map(|it| it.method), Some(Method::Plain));
}

#[test]
fn alternate_plan_format_has_one_method_per_line() {
    let client = greeted(Config::default(), Channel::ImplicitTls, "-ERR\r\n");
    let policy = LoginPolicy::first_of([Method::ScramSha256, Method::Plain, Method::UserPass]);
    let plan = client.connection.plan_login(&login().with_policy(policy));
    assert_eq!(
        format!("{plan:#}"),
        "SCRAM-SHA-256: the server does not advertise AUTH (SASL)\n\
         PLAIN: the server does not advertise AUTH (SASL)\n\
         USER/PASS: chosen"
    );
}

#[test]
fn plan_before_stls_chooses_no_method() {
    let client = greeted(
        Config::default(),
        Channel::Plain,
        "+OK\r\nSTLS\r\nSASL PLAIN\r\n.\r\n",
    );
    let policy = LoginPolicy::first_of([Method::Apop, Method::Plain, Method::XOAuth2]);
    let plan = client.connection.plan_login(&login().with_policy(policy));
    assert!(plan.starts_tls);
    assert_eq!(plan.chosen(), None);
    assert_eq!(
        plan.to_string(),
        "STLS is sent before the login; APOP: the challenge for APOP was received unencrypted before \
         STLS and may be forged; PLAIN: the capabilities of the server are not known yet; XOAUTH2: it \
         needs another kind of credentials (password, token or certificate)"
    );
}

#[test]
fn plan_for_cleartext_explains_the_rejection() {
    let mut config = Config::default();
    config.stls = StlsPolicy::Off;
    let capabilities = "+OK\r\nSASL PLAIN\r\n.\r\n";
    let client = greeted(config.clone(), Channel::Plain, capabilities);
    let plan = client.connection.plan_login(&login());
    assert_eq!(
        plan.to_string(),
        "SCRAM-SHA-512, SCRAM-SHA-256, SCRAM-SHA-1, PLAIN, USER/PASS, LOGIN: \
         the connection is not encrypted (Config::allow_insecure_login permits that: anyone on the \
         network path can then read the credentials)"
    );
    config.allow_insecure_login = true;
    let client = greeted(config, Channel::Plain, capabilities);
    let plan = client.connection.plan_login(&login());
    assert_eq!(plan.chosen().map(|it| it.method), Some(Method::Plain));
}

#[test]
fn login_follows_its_plan() {
    let mut client = greeted(
        Config::default(),
        Channel::ImplicitTls,
        "+OK\r\nSASL PLAIN LOGIN\r\n.\r\n",
    );
    assert_eq!(client.connection.login_plan(), None);
    let before = client.connection.plan_login(&login());
    client.sent();
    client.ask("login alice secret");
    assert_eq!(client.sent(), "AUTH PLAIN AGFsaWNlAHNlY3JldA==\r\n");
    assert_eq!(client.connection.login_plan(), Some(&before));
}

#[test]
fn misused_login_leaves_no_plan() {
    let mut client = greeted(Config::default(), Channel::ImplicitTls, "-ERR\r\n");
    client.connection.submit(login()).expect("a login");
    for _ in ["USER", "PASS"] {
        client.server("+OK\r\n");
    }
    assert!(client.connection.login_plan().is_some());
    // A second login is not possible in this phase.
    client.connection.submit(login()).expect("it is queued");
    assert_eq!(client.reported().len(), 2);
    assert_eq!(client.connection.login_plan(), None);
}

#[test]
fn no_safe_login_error_contains_the_plan() {
    let mut client = greeted(
        Config::default(),
        Channel::ImplicitTls,
        "+OK\r\nSASL PLAIN\r\n.\r\n",
    );
    let policy = LoginPolicy::first_of([Method::ScramSha256, Method::CramMd5]);
    let error = client
        .call(login().with_policy(policy), "")
        .expect_err("no method is advertised");
    assert_eq!(
        error.to_string(),
        "no safe login method is available: SCRAM-SHA-256, CRAM-MD5: the server does not advertise it"
    );
}

#[test]
fn refused_method_is_marked_in_the_plan() {
    let mut client = greeted(
        Config::default(),
        Channel::ImplicitTls,
        "+OK\r\nSASL PLAIN\r\n.\r\n",
    );
    client.ask("login alice secret each=PLAIN,USER/PASS");
    client.server("-ERR [AUTH]\r\n");
    let plan = client.connection.login_plan().expect("a plan");
    assert_eq!(
        plan.to_string(),
        "PLAIN: the server refused it; USER/PASS: chosen"
    );
    let last = plan.methods.last().expect("a candidate");
    assert_eq!(last.verdict, Verdict::Chosen);
}

#[test]
fn plan_has_a_verdict_per_policy_method() {
    let client = greeted(
        Config::default(),
        Channel::ImplicitTls,
        "+OK\r\nSASL PLAIN\r\n.\r\n",
    );
    let policy = LoginPolicy::first_of([Method::Plain, Method::Login]);
    let plan = client.connection.plan_login(&login().with_policy(policy));
    assert_eq!(plan.verdict(Method::Plain), Some(&Verdict::Chosen));
    let unlisted = Verdict::Rejected(Rejection::NotListed);
    assert_eq!(plan.verdict(Method::Login), Some(&unlisted));
    assert_eq!(plan.verdict(Method::Apop), None);
}

#[test]
fn plan_of_an_empty_policy_is_described() {
    let client = greeted(Config::default(), Channel::ImplicitTls, "-ERR\r\n");
    let nothing = login().with_policy(LoginPolicy::first_of([]));
    let plan = client.connection.plan_login(&nothing);
    assert_eq!(plan.to_string(), "the policy contains no login method");
}

#[test]
fn missing_stls_rejects_every_method() {
    let client = greeted(
        Config::default(),
        Channel::Plain,
        "+OK\r\nSASL PLAIN\r\n.\r\n",
    );
    let policy = LoginPolicy::first_of([Method::Plain, Method::UserPass]);
    let plan = client.connection.plan_login(&login().with_policy(policy));
    let no_stls = Verdict::Rejected(Rejection::NoStls);
    assert_eq!(plan.verdict(Method::Plain), Some(&no_stls));
    assert_eq!(plan.verdict(Method::UserPass), Some(&no_stls));
}

#[test]
fn method_of_a_url_is_the_only_one() {
    let endpoint: Endpoint = "pop3s://alice;AUTH=CRAM-MD5@host".parse().expect("a URL");
    let client = greeted(
        Config::default(),
        Channel::ImplicitTls,
        "+OK\r\nSASL PLAIN\r\n.\r\n",
    );
    let only = LoginPolicy::only(endpoint.method().expect("a method"));
    let plan = client.connection.plan_login(&login().with_policy(only));
    // Even if the server does not advertise it.
    assert_eq!(plan.chosen().map(|it| it.method), Some(Method::CramMd5));
    assert_eq!(plan.methods.len(), 1);
}
