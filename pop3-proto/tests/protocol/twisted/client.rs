//! What Twisted's `AdvancedPOP3Client` can do: its own client tests, carried over, each under a
//! sentence that says the behaviour. `better` has what is done better here.

use pop3_proto::{Channel, Config, Error, List, Login, MessageNumber, Uidl, login::LoginPolicy};
use pop3_testkit::conversation::{Conversation, logged_in, trusted};

/// A connection that was greeted, on a channel that is private.
fn greeted() -> Conversation {
    let mut client = trusted();
    client.server("+OK Hello!\r\n");
    client.reported();
    client
}

/// One that has also sent a user name which was accepted.
fn named() -> Conversation {
    let mut client = greeted();
    client.exchange("user username", "+OK\r\n");
    client.sent();
    client
}

/// A greeted connection after a login was asked for and the server said that it has no `CAPA`.
fn logging_in() -> Conversation {
    let mut client = greeted();
    client.ask("login username password");
    client.server("-ERR unknown command\r\n");
    assert_eq!(client.sent(), "CAPA\r\nUSER username\r\n");
    client
}

// Greeting and login.

#[test]
fn a_greeting_that_refuses_fails_the_login_that_waits_for_it() {
    // Twisted: testNegativeGreeting
    let mut client = trusted();
    client.ask("login username password");
    client.server("-ERR Offline for maintenance\r\n");
    assert_eq!(
        client.reported(),
        [
            "login: failed: closed GreetingRefused \"Offline for maintenance\"",
            "closed: closed GreetingRefused \"Offline for maintenance\"",
        ]
    );
    assert_eq!(client.sent(), "");
    client.assert_over();
}

#[test]
fn a_user_name_that_is_accepted_gives_the_servers_text() {
    // Twisted: testOkUser
    let mut client = greeted();
    let told = client.exchange("user username", "+OK send password\r\n");
    assert_eq!(client.sent(), "USER username\r\n");
    assert_eq!(told, ["user: ok \"send password\""]);
}

#[test]
fn a_user_name_that_is_refused_gives_the_servers_text() {
    // Twisted: testBadUser
    let told = greeted().exchange("user username", "-ERR account suspended\r\n");
    assert_eq!(told, ["user: failed: refused USER \"account suspended\""]);
}

#[test]
fn a_password_that_is_accepted_gives_the_servers_text() {
    // Twisted: testOkPass
    let mut client = named();
    let told = client.exchange("pass password", "+OK you're in!\r\n");
    assert_eq!(client.sent(), "PASS password\r\n");
    assert_eq!(told, ["pass: ok \"you're in!\""]);
}

#[test]
fn a_password_that_is_refused_gives_the_servers_text() {
    // Twisted: testBadPass
    let told = named().exchange("pass password", "-ERR go away\r\n");
    assert_eq!(told, ["pass: failed: refused PASS \"go away\""]);
}

#[test]
fn a_login_sends_the_user_name_then_the_password() {
    // Twisted: testOkLogin
    let mut client = logging_in();
    client.server("+OK go ahead\r\n");
    assert_eq!(client.sent(), "PASS password\r\n");
    client.server("+OK password accepted\r\n");
    assert_eq!(client.reported(), ["login: ok \"password accepted\""]);
}

#[test]
fn a_login_with_a_wrong_password_fails_with_the_servers_text() {
    // Twisted: testBadPasswordLogin
    let mut client = logging_in();
    client.server("+OK waiting on you\r\n");
    client.server("-ERR bogus login\r\n");
    assert_eq!(
        client.reported(),
        ["login: failed: auth PASS \"bogus login\""]
    );
}

#[test]
fn a_login_with_a_wrong_user_name_never_sends_the_password() {
    // Twisted: testBadUsernameLogin
    let mut client = logging_in();
    client.server("-ERR bogus login\r\n");
    assert_eq!(
        client.reported(),
        ["login: failed: auth USER \"bogus login\""]
    );
    assert_eq!(client.sent(), "");
}

#[test]
fn a_greeting_without_a_challenge_is_told_with_its_text() {
    // Twisted: testServerGreeting
    let mut client = trusted();
    client.server("+OK lalala this has no challenge\r\n");
    assert_eq!(
        client.reported(),
        ["greeting: \"lalala this has no challenge\""]
    );
}

#[test]
fn a_greeting_with_a_challenge_is_told_with_its_text() {
    // Twisted: testServerGreetingWithChallenge. The challenge has to be a msg-id here.
    let mut client = trusted();
    client.server("+OK <here@is> my challenge\r\n");
    assert_eq!(
        client.reported(),
        ["greeting: \"<here@is> my challenge\", with a challenge"]
    );
}

#[test]
fn a_challenge_that_is_no_msg_id_is_never_answered() {
    // Twisted: testAPOP, whose greeting is refused here; its digest is a vector of `apop.rs`.
    let mut client = trusted();
    client.server("+OK <challenge string goes here>\r\n");
    assert_eq!(
        client.reported(),
        ["greeting: \"<challenge string goes here>\""]
    );
    client.ask("apop username password");
    assert_eq!(
        client.reported(),
        ["apop: failed: auth no safe login, NoChallenge"]
    );
    assert_eq!(client.sent(), "");
}

#[test]
fn apop_answers_a_challenge_with_the_md5_digest_of_challenge_and_password() {
    // Twisted: testAPOP, with its credentials, and a msg-id for its challenge.
    let mut client = trusted();
    client.server("+OK <challenge@string.goes.here>\r\n");
    client.reported();
    let told = client.exchange("apop username password", "+OK Welcome!\r\n");
    assert_eq!(
        client.sent(),
        "APOP username f8b8f8d95e594b4146a2af18313ce2cc\r\n"
    );
    assert_eq!(told, ["apop: ok \"Welcome!\""]);
}

#[test]
fn a_login_in_clear_that_was_not_allowed_writes_no_credentials() {
    // Twisted: testInsecureLoginRaisesException
    let mut client = Conversation::new(Config::default(), Channel::Plain);
    client.server("+OK Howdy\r\n");
    client.reported();
    client.ask("login username password twisted");
    client.server("-ERR no CAPA here\r\n");
    assert_eq!(
        client.reported(),
        ["login: failed: auth no safe login, APOP NoChallenge, USER/PASS Cleartext"]
    );
    assert_eq!(client.sent(), "CAPA\r\n");
    assert_eq!(client.exchange("capa", "-ERR\r\n"), ["capa: unknown"]);
}

#[test]
fn a_login_over_implicit_tls_needs_no_permission() {
    // Twisted: testSSLTransportConsideredSecure
    let mut client = Conversation::new(Config::default(), Channel::ImplicitTls);
    client.tls();
    client.server("+OK Howdy\r\n");
    client.ask("login username password");
    client.server("+OK\r\n.\r\n");
    assert_eq!(client.sent(), "CAPA\r\nUSER username\r\n");
    client.server("+OK\r\n");
    assert_eq!(client.sent(), "PASS password\r\n");
    client.server("+OK\r\n");
    client.server("-ERR\r\n");
    assert_eq!(client.reported(), ["greeting: \"Howdy\"", "login: ok"]);
}

// Listings.

#[test]
fn a_list_of_sizes_comes_by_number() {
    // Twisted: testListSize
    let mut client = logged_in();
    client.ask("list");
    assert_eq!(client.sent(), "LIST\r\n");
    client.server("+OK Here it comes\r\n");
    client.server("1 3\r\n2 2\r\n3 1\r\n.\r\n");
    assert_eq!(client.reported(), ["list: 1=3 2=2 3=1"]);
}

#[test]
fn a_list_of_sizes_with_a_gap_has_none_for_the_missing_message_by_index() {
    // Twisted: testListSizeWithConsumer
    let mut client = logged_in();
    let reply = "+OK Here it comes\r\n1 3\r\n2 2\r\n3 1\r\n5 7\r\n.\r\n";
    let listing = client.call(List, reply).expect("a listing");
    let sizes: Vec<Option<u64>> = listing
        .by_index(100)
        .into_iter()
        .map(|entry| entry.and_then(|entry| entry.octets))
        .collect();
    assert_eq!(sizes, [Some(3), Some(2), Some(1), None, Some(7)]);
}

#[test]
fn a_list_of_sizes_can_be_taken_line_by_line_as_it_comes() {
    // Twisted: testListSizeWithConsumer
    let mut client = logged_in();
    client.ask("list streamed");
    client.server("+OK Here it comes\r\n");
    client.server("1 3\r\n2 2\r\n");
    assert_eq!(
        client.reported(),
        [
            "list streamed: opened \"Here it comes\"",
            "list streamed: body \"1 3\\r\\n2 2\\r\\n\"",
        ]
    );
    client.server("5 7\r\n.\r\n");
    assert_eq!(
        client.reported(),
        ["list streamed: body \"5 7\\r\\n\"", "list streamed: end"]
    );
}

#[test]
fn a_list_of_sizes_that_is_refused_gives_the_servers_text() {
    // Twisted: testFailedListSize
    let told = logged_in().exchange("list", "-ERR Fatal doom server exploded\r\n");
    assert_eq!(
        told,
        ["list: failed: refused LIST \"Fatal doom server exploded\""]
    );
}

#[test]
fn a_list_of_unique_ids_comes_by_number() {
    // Twisted: testListUID
    let mut client = logged_in();
    client.ask("uidl");
    assert_eq!(client.sent(), "UIDL\r\n");
    client.server("+OK Here it comes\r\n");
    client.server("1 abc\r\n2 def\r\n3 ghi\r\n.\r\n");
    assert_eq!(client.reported(), ["uidl: 1=abc 2=def 3=ghi"]);
}

#[test]
fn a_list_of_unique_ids_with_a_gap_has_none_for_the_missing_message_by_index() {
    // Twisted: testListUIDWithConsumer
    let mut client = logged_in();
    let reply = "+OK Here it comes\r\n1 xyz\r\n2 abc\r\n5 mno\r\n.\r\n";
    let listing = client.call(Uidl, reply).expect("a listing");
    let ids: Vec<Option<String>> = listing
        .by_index(100)
        .into_iter()
        .map(|entry| {
            entry
                .and_then(|entry| entry.unique_id)
                .map(|id| id.to_string())
        })
        .collect();
    let some = |id: &str| Some(id.to_owned());
    assert_eq!(ids, [some("xyz"), some("abc"), None, None, some("mno")]);
}

#[test]
fn a_list_of_unique_ids_that_is_refused_gives_the_servers_text() {
    // Twisted: testFailedListUID
    let told = logged_in().exchange("uidl", "-ERR Fatal doom server exploded\r\n");
    assert_eq!(
        told,
        ["uidl: failed: refused UIDL \"Fatal doom server exploded\""]
    );
}

// Messages.

#[test]
fn a_message_comes_with_its_dots_unstuffed() {
    // Twisted: testRetrieve
    let mut client = logged_in();
    client.ask("retr 8");
    assert_eq!(client.sent(), "RETR 8\r\n");
    client.server("+OK Message incoming\r\n");
    client.server("La la la here is message text\r\n");
    client.server("..Further message text tra la la\r\n.\r\n");
    assert_eq!(
        client.reported(),
        [
            "retr 8: opened \"Message incoming\"",
            "retr 8: body \"La la la here is message text\\r\\n\
             .Further message text tra la la\\r\\n\"",
            "retr 8: end",
        ]
    );
}

#[test]
fn a_message_comes_piece_by_piece() {
    // Twisted: testRetrieveWithConsumer
    let mut client = logged_in();
    client.ask("retr 8");
    client.server("+OK Message incoming\r\nLa la la here is message text\r\n");
    assert_eq!(
        client.reported(),
        [
            "retr 8: opened \"Message incoming\"",
            "retr 8: body \"La la la here is message text\\r\\n\"",
        ]
    );
    client.server("..Further message text\r\n.\r\n");
    assert_eq!(
        client.reported(),
        [
            "retr 8: body \".Further message text\\r\\n\"",
            "retr 8: end",
        ]
    );
}

#[test]
fn the_first_lines_of_a_message_are_asked_for_with_top() {
    // Twisted: testPartialRetrieve, testPartialRetrieveWithConsumer
    let mut client = logged_in();
    client.ask("top 8 2");
    assert_eq!(client.sent(), "TOP 8 2\r\n");
    client.server("+OK 2 lines on the way\r\n");
    client.server("Line the first!  Woop\r\nLine the last!  Bye\r\n.\r\n");
    assert_eq!(
        client.reported(),
        [
            "top 8 2: opened \"2 lines on the way\"",
            "top 8 2: body \"Line the first!  Woop\\r\\nLine the last!  Bye\\r\\n\"",
            "top 8 2: end",
        ]
    );
}

#[test]
fn the_header_alone_is_top_with_no_lines() {
    let mut client = logged_in();
    client.ask("top 8 0");
    assert_eq!(client.sent(), "TOP 8 0\r\n");
}

#[test]
fn a_message_that_is_refused_gives_the_servers_text() {
    // Twisted: testFailedRetrieve
    let told = logged_in().exchange("retr 1", "-ERR Fatal doom server exploded\r\n");
    assert_eq!(
        told,
        ["retr 1: failed: refused RETR 1 \"Fatal doom server exploded\""]
    );
}

#[test]
fn without_pipelining_the_second_message_is_asked_for_when_the_first_has_ended() {
    // Twisted: test_concurrentRetrieves
    let mut client = logged_in();
    client.ask("retr 1");
    client.ask("retr 2");
    assert_eq!(client.sent(), "RETR 1\r\n");
    client.server("+OK go\r\nx\r\n");
    assert_eq!(client.sent(), "");
    client.server(".\r\n");
    assert_eq!(client.sent(), "RETR 2\r\n");
    client.server("+OK go\r\ny\r\n.\r\n");
    assert_eq!(
        client.reported(),
        [
            "retr 1: opened \"go\"",
            "retr 1: body \"x\\r\\n\"",
            "retr 1: end",
            "retr 2: opened \"go\"",
            "retr 2: body \"y\\r\\n\"",
            "retr 2: end",
        ]
    );
}

// Capabilities.

#[test]
fn capabilities_are_names_with_arguments() {
    // Twisted: testCapability
    let mut client = greeted();
    client.ask("capabilities");
    assert_eq!(client.sent(), "CAPA\r\n");
    client.server("+OK Capabilities on the way\r\n");
    client.server("X\r\nY\r\nZ\r\nA 1 2 3\r\nB 1 2\r\nC 1\r\n.\r\n");
    assert_eq!(
        client.reported(),
        ["capabilities: X | Y | Z | A 1 2 3 | B 1 2 | C 1"]
    );
    let list = client.connection.capabilities().expect("known");
    assert_eq!(list.get("X"), Some(vec![]));
    assert_eq!(list.get("A"), Some(vec![&b"1"[..], b"2", b"3"]));
    assert_eq!(list.get("W"), None);
}

#[test]
fn a_server_without_capabilities_is_no_failure() {
    // Twisted: testCapabilityError
    let told = greeted().exchange("capabilities", "-ERR This server is lame!\r\n");
    assert_eq!(told, ["capabilities: unknown"]);
}

// The short commands.

#[test]
fn stat_gives_count_and_octets() {
    // Twisted: testStat
    let mut client = logged_in();
    let told = client.exchange("stat", "+OK 1 1212\r\n");
    assert_eq!(client.sent(), "STAT\r\n");
    assert_eq!(told, ["stat: 1 messages, 1212 octets"]);
}

#[test]
fn stat_that_is_refused_gives_the_servers_text() {
    // Twisted: testStatError
    let told = logged_in().exchange("stat", "-ERR This server is lame!\r\n");
    assert_eq!(
        told,
        ["stat: failed: refused STAT \"This server is lame!\""]
    );
}

#[test]
fn noop_gives_the_servers_text() {
    // Twisted: testNoop
    let mut client = logged_in();
    let told = client.exchange("noop", "+OK No-op to you too!\r\n");
    assert_eq!(client.sent(), "NOOP\r\n");
    assert_eq!(told, ["noop: ok \"No-op to you too!\""]);
}

#[test]
fn noop_that_is_refused_gives_the_servers_text() {
    // Twisted: testNoopError
    let told = logged_in().exchange("noop", "-ERR This server is lame!\r\n");
    assert_eq!(
        told,
        ["noop: failed: refused NOOP \"This server is lame!\""]
    );
}

#[test]
fn rset_gives_the_servers_text() {
    // Twisted: testRset
    let mut client = logged_in();
    let told = client.exchange("rset", "+OK Reset state\r\n");
    assert_eq!(client.sent(), "RSET\r\n");
    assert_eq!(told, ["rset: ok \"Reset state\""]);
}

#[test]
fn rset_that_is_refused_gives_the_servers_text() {
    // Twisted: testRsetError
    let told = logged_in().exchange("rset", "-ERR This server is lame!\r\n");
    assert_eq!(
        told,
        ["rset: failed: refused RSET \"This server is lame!\""]
    );
}

#[test]
fn dele_gives_the_servers_text() {
    // Twisted: testDelete
    let mut client = logged_in();
    let told = client.exchange("dele 4", "+OK Hasta la vista\r\n");
    assert_eq!(client.sent(), "DELE 4\r\n");
    assert_eq!(told, ["dele 4: ok \"Hasta la vista\""]);
}

#[test]
fn dele_that_is_refused_gives_the_servers_text() {
    // Twisted: testDeleteError
    let told = logged_in().exchange("dele 4", "-ERR Winner is not you\r\n");
    assert_eq!(
        told,
        ["dele 4: failed: refused DELE 4 \"Winner is not you\""]
    );
}

// TLS and time.

#[test]
fn starting_tls_asks_for_capabilities_on_both_sides_of_the_handshake() {
    // Twisted: test_startTLS
    let mut client = Conversation::new(Config::default(), Channel::Plain);
    client.server("+OK Welcome\r\n");
    client.reported();
    client.ask("stls");
    assert_eq!(client.sent(), "CAPA\r\n");
    client.server("+OK\r\nSTLS\r\n.\r\n");
    assert_eq!(client.sent(), "STLS\r\n");
    client.server("+OK begin\r\n");
    client.tls();
    assert_eq!(client.sent(), "CAPA\r\n");
    client.server("+OK\r\nUIDL\r\n.\r\n");
    assert_eq!(client.reported(), ["stls: UIDL"]);
    let told = client.exchange("quit", "+OK\r\n");
    assert_eq!(client.sent(), "QUIT\r\n");
    assert_eq!(told, ["quit: committed", "closed"]);
}

#[test]
fn a_server_that_goes_silent_is_a_timeout() {
    // Twisted: testTimeout
    let mut client = logged_in();
    client.ask("stat");
    assert_eq!(client.sent(), "STAT\r\n");
    client.wait(179);
    assert_eq!(client.reported(), [] as [&str; 0]);
    client.wait(1);
    assert_eq!(
        client.reported(),
        [
            "stat: failed: timeout FirstOctet STAT",
            "closed: timeout FirstOctet STAT",
        ]
    );
    client.assert_over();
}

// Values.

#[test]
fn a_policy_is_a_value_of_the_login() {
    let client = Conversation::new(Config::default(), Channel::TrustedByCaller);
    let plan = |policy| {
        let login = Login::new("alice", "secret").expect("credentials");
        let plan = client.connection.plan_login(&login.with_policy(policy));
        let names = plan.methods.iter().map(|it| it.name.to_string());
        names.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(plan(LoginPolicy::twisted()), "APOP USER/PASS");
    assert_eq!(
        plan(LoginPolicy::default()),
        "SCRAM-SHA-512 SCRAM-SHA-256 SCRAM-SHA-1 PLAIN USER/PASS LOGIN"
    );
}

#[test]
fn numbers_are_the_protocols_own_and_start_at_one() {
    // Twisted counts from 0 and adds 1.
    assert_eq!(MessageNumber::new(0), None);
    assert_eq!(MessageNumber::FIRST.get(), 1);
    let error: Error = MessageNumber::try_from(0).expect_err("no message").into();
    assert!(!error.is_fatal());
    assert_eq!(error.to_string(), "message numbers start at 1");
}
