//! The order of a login under the policy that is Twisted's.

use pop3_proto::{Channel, Config};
use pop3_testkit::conversation::Conversation;

#[test]
fn twisteds_policy_answers_a_challenge_even_in_clear_and_where_tls_is_offered() {
    let mut client = Conversation::new(Config::default(), Channel::Plain);
    client.server("+OK <1896.697170952@dbc.mtview.ca.us>\r\n");
    client.reported();
    client.ask("login mrose tanstaaf twisted");
    client.server("+OK\r\nSTLS\r\n.\r\n");
    assert_eq!(
        client.sent(),
        "CAPA\r\nAPOP mrose c4c9334bac560ecc979e58001b3e22fb\r\n"
    );
    client.server("-ERR no\r\n");
    assert_eq!(
        client.reported(),
        ["login: failed: auth APOP \"no\""],
        "and there is no falling back"
    );
    assert_eq!(client.sent(), "");
}

#[test]
fn twisteds_policy_starts_tls_where_there_is_no_challenge() {
    let mut client = Conversation::new(Config::default(), Channel::Plain);
    client.server("+OK\r\n");
    client.reported();
    client.ask("login alice secret twisted");
    client.server("+OK\r\nSTLS\r\n.\r\n");
    assert_eq!(client.sent(), "CAPA\r\nSTLS\r\n");
    client.server("+OK\r\n");
    client.tls();
    client.server("+OK\r\nUIDL\r\n.\r\n");
    assert_eq!(client.sent(), "CAPA\r\nUSER alice\r\n");
    client.server("+OK\r\n");
    assert_eq!(client.sent(), "PASS secret\r\n");
    client.server("+OK in\r\n");
    assert_eq!(client.reported(), ["login: ok \"in\""]);
    assert_eq!(
        client.sent(),
        "",
        "and capabilities are not asked for again"
    );
}

#[test]
fn twisteds_policy_sends_a_password_in_clear_only_where_that_is_allowed() {
    let mut config = Config::default();
    config.allow_insecure_login = true;
    let mut client = Conversation::new(config, Channel::Plain);
    client.server("+OK\r\n");
    client.ask("login alice secret twisted");
    client.server("+OK\r\nUIDL\r\n.\r\n");
    assert_eq!(client.sent(), "CAPA\r\nUSER alice\r\n");
    client.server("-ERR nobody here\r\n");
    assert_eq!(
        client.reported(),
        ["greeting: \"\"", "login: failed: auth USER \"nobody here\"",]
    );
    assert_eq!(client.sent(), "");
}
