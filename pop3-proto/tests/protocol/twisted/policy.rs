//! The order of login methods under Twisted's policy.

use pop3_proto::{Channel, Config};
use pop3_testkit::conversation::Conversation;

#[test]
fn twisted_policy_uses_apop_before_tls() {
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
        "no other method is tried"
    );
    assert_eq!(client.sent(), "");
}

#[test]
fn twisted_policy_starts_tls_without_apop_challenge() {
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
    assert_eq!(client.sent(), "", "capabilities are not requested again");
}

#[test]
fn twisted_policy_needs_permission_for_cleartext_password() {
    let mut config = Config::default();
    config.allow_insecure_login = true;
    let mut client = Conversation::new(config, Channel::Plain);
    client.server("+OK\r\n");
    client.ask("login alice secret twisted");
    client.server("+OK\r\nUIDL\r\n.\r\n");
    assert_eq!(client.sent(), "CAPA\r\nUSER alice\r\n");
    client.server("-ERR no such user\r\n");
    assert_eq!(
        client.reported(),
        [
            "greeting: \"\"",
            "login: failed: auth USER \"no such user\"",
        ]
    );
    assert_eq!(client.sent(), "");
}
