//! The features of Twisted's `AdvancedPOP3Client`: its client tests, ported. `improvements` has
//! what this crate does differently.

use pop3_proto::{Channel, Config, Error, List, Login, MessageNumber, Uidl, login::LoginPolicy};
use pop3_testkit::conversation::{Conversation, logged_in, trusted};

/// A session after the greeting, on a trusted channel.
fn greeted() -> Conversation {
    let mut client = trusted();
    client.server("+OK Hello!\r\n");
    client.reported();
    client
}

/// A session whose user name was accepted.
fn user_accepted() -> Conversation {
    let mut client = greeted();
    client.exchange("user username", "+OK\r\n");
    client.sent();
    client
}

/// A session with a login whose server does not support `CAPA`.
fn logging_in() -> Conversation {
    let mut client = greeted();
    client.ask("login username password");
    client.server("-ERR unknown command\r\n");
    assert_eq!(client.sent(), "CAPA\r\nUSER username\r\n");
    client
}

// Greeting and login.

#[test]
fn refused_greeting_fails_the_queued_login() {
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
fn accepted_user_returns_the_server_text() {
    // Twisted: testOkUser
    let mut client = greeted();
    let reported = client.exchange("user username", "+OK send password\r\n");
    assert_eq!(client.sent(), "USER username\r\n");
    assert_eq!(reported, ["user: ok \"send password\""]);
}

#[test]
fn refused_user_returns_the_server_text() {
    // Twisted: testBadUser
    let reported = greeted().exchange("user username", "-ERR account suspended\r\n");
    assert_eq!(
        reported,
        ["user: failed: refused USER \"account suspended\""]
    );
}

#[test]
fn accepted_pass_returns_the_server_text() {
    // Twisted: testOkPass
    let mut client = user_accepted();
    let reported = client.exchange("pass password", "+OK you're in!\r\n");
    assert_eq!(client.sent(), "PASS password\r\n");
    assert_eq!(reported, ["pass: ok \"you're in!\""]);
}

#[test]
fn refused_pass_returns_the_server_text() {
    // Twisted: testBadPass
    let reported = user_accepted().exchange("pass password", "-ERR go away\r\n");
    assert_eq!(reported, ["pass: failed: refused PASS \"go away\""]);
}

#[test]
fn login_sends_user_then_pass() {
    // Twisted: testOkLogin
    let mut client = logging_in();
    client.server("+OK go ahead\r\n");
    assert_eq!(client.sent(), "PASS password\r\n");
    client.server("+OK password accepted\r\n");
    assert_eq!(client.reported(), ["login: ok \"password accepted\""]);
}

#[test]
fn login_with_wrong_password_fails_with_server_text() {
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
fn login_with_refused_user_does_not_send_password() {
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
fn greeting_without_challenge_is_reported_with_text() {
    // Twisted: testServerGreeting
    let mut client = trusted();
    client.server("+OK lalala this has no challenge\r\n");
    assert_eq!(
        client.reported(),
        ["greeting: \"lalala this has no challenge\""]
    );
}

#[test]
fn greeting_with_challenge_is_reported_with_text() {
    // Twisted: testServerGreetingWithChallenge. Here the challenge must be a msg-id.
    let mut client = trusted();
    client.server("+OK <here@is> my challenge\r\n");
    assert_eq!(
        client.reported(),
        ["greeting: \"<here@is> my challenge\", with a challenge"]
    );
}

#[test]
fn invalid_apop_challenge_is_not_answered() {
    // Twisted: testAPOP, whose greeting is rejected here; `apop.rs` tests its digest.
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
fn apop_sends_the_md5_digest() {
    // Twisted: testAPOP, with its credentials and a msg-id as challenge.
    let mut client = trusted();
    client.server("+OK <challenge@string.goes.here>\r\n");
    client.reported();
    let reported = client.exchange("apop username password", "+OK Welcome!\r\n");
    assert_eq!(
        client.sent(),
        "APOP username f8b8f8d95e594b4146a2af18313ce2cc\r\n"
    );
    assert_eq!(reported, ["apop: ok \"Welcome!\""]);
}

#[test]
fn disallowed_cleartext_login_sends_no_credentials() {
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
fn login_over_implicit_tls_needs_no_permission() {
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
fn list_returns_sizes_by_number() {
    // Twisted: testListSize
    let mut client = logged_in();
    client.ask("list");
    assert_eq!(client.sent(), "LIST\r\n");
    client.server("+OK Here it comes\r\n");
    client.server("1 3\r\n2 2\r\n3 1\r\n.\r\n");
    assert_eq!(client.reported(), ["list: 1=3 2=2 3=1"]);
}

#[test]
fn sizes_by_index_have_none_for_gaps() {
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
fn list_can_be_streamed() {
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
fn refused_list_returns_the_server_text() {
    // Twisted: testFailedListSize
    let reported = logged_in().exchange("list", "-ERR Fatal doom server exploded\r\n");
    assert_eq!(
        reported,
        ["list: failed: refused LIST \"Fatal doom server exploded\""]
    );
}

#[test]
fn uidl_returns_unique_ids_by_number() {
    // Twisted: testListUID
    let mut client = logged_in();
    client.ask("uidl");
    assert_eq!(client.sent(), "UIDL\r\n");
    client.server("+OK Here it comes\r\n");
    client.server("1 abc\r\n2 def\r\n3 ghi\r\n.\r\n");
    assert_eq!(client.reported(), ["uidl: 1=abc 2=def 3=ghi"]);
}

#[test]
fn unique_ids_by_index_have_none_for_gaps() {
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
fn refused_uidl_returns_the_server_text() {
    // Twisted: testFailedListUID
    let reported = logged_in().exchange("uidl", "-ERR Fatal doom server exploded\r\n");
    assert_eq!(
        reported,
        ["uidl: failed: refused UIDL \"Fatal doom server exploded\""]
    );
}

// Messages.

#[test]
fn retr_returns_the_dot_unstuffed_message() {
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
fn retr_streams_the_message() {
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
fn top_returns_the_first_lines() {
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
fn top_with_zero_lines_requests_the_header() {
    let mut client = logged_in();
    client.ask("top 8 0");
    assert_eq!(client.sent(), "TOP 8 0\r\n");
}

#[test]
fn refused_retr_returns_the_server_text() {
    // Twisted: testFailedRetrieve
    let reported = logged_in().exchange("retr 1", "-ERR Fatal doom server exploded\r\n");
    assert_eq!(
        reported,
        ["retr 1: failed: refused RETR 1 \"Fatal doom server exploded\""]
    );
}

#[test]
fn retr_waits_for_previous_retr_without_pipelining() {
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
fn capabilities_have_names_and_arguments() {
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
fn refused_capa_is_not_an_error() {
    // Twisted: testCapabilityError
    let reported = greeted().exchange("capabilities", "-ERR This server is lame!\r\n");
    assert_eq!(reported, ["capabilities: unknown"]);
}

// Single-line commands.

#[test]
fn stat_returns_count_and_octets() {
    // Twisted: testStat
    let mut client = logged_in();
    let reported = client.exchange("stat", "+OK 1 1212\r\n");
    assert_eq!(client.sent(), "STAT\r\n");
    assert_eq!(reported, ["stat: 1 messages, 1212 octets"]);
}

#[test]
fn refused_stat_returns_the_server_text() {
    // Twisted: testStatError
    let reported = logged_in().exchange("stat", "-ERR This server is lame!\r\n");
    assert_eq!(
        reported,
        ["stat: failed: refused STAT \"This server is lame!\""]
    );
}

#[test]
fn noop_returns_the_server_text() {
    // Twisted: testNoop
    let mut client = logged_in();
    let reported = client.exchange("noop", "+OK No-op to you too!\r\n");
    assert_eq!(client.sent(), "NOOP\r\n");
    assert_eq!(reported, ["noop: ok \"No-op to you too!\""]);
}

#[test]
fn refused_noop_returns_the_server_text() {
    // Twisted: testNoopError
    let reported = logged_in().exchange("noop", "-ERR This server is lame!\r\n");
    assert_eq!(
        reported,
        ["noop: failed: refused NOOP \"This server is lame!\""]
    );
}

#[test]
fn rset_returns_the_server_text() {
    // Twisted: testRset
    let mut client = logged_in();
    let reported = client.exchange("rset", "+OK Reset state\r\n");
    assert_eq!(client.sent(), "RSET\r\n");
    assert_eq!(reported, ["rset: ok \"Reset state\""]);
}

#[test]
fn refused_rset_returns_the_server_text() {
    // Twisted: testRsetError
    let reported = logged_in().exchange("rset", "-ERR This server is lame!\r\n");
    assert_eq!(
        reported,
        ["rset: failed: refused RSET \"This server is lame!\""]
    );
}

#[test]
fn dele_returns_the_server_text() {
    // Twisted: testDelete
    let mut client = logged_in();
    let reported = client.exchange("dele 4", "+OK Hasta la vista\r\n");
    assert_eq!(client.sent(), "DELE 4\r\n");
    assert_eq!(reported, ["dele 4: ok \"Hasta la vista\""]);
}

#[test]
fn refused_dele_returns_the_server_text() {
    // Twisted: testDeleteError
    let reported = logged_in().exchange("dele 4", "-ERR Winner is not you\r\n");
    assert_eq!(
        reported,
        ["dele 4: failed: refused DELE 4 \"Winner is not you\""]
    );
}

// TLS and deadlines.

#[test]
fn stls_requests_capabilities_before_and_after_handshake() {
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
    let reported = client.exchange("quit", "+OK\r\n");
    assert_eq!(client.sent(), "QUIT\r\n");
    assert_eq!(reported, ["quit: committed", "closed"]);
}

#[test]
fn silent_server_times_out() {
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
fn login_policy_is_set_per_login() {
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
fn message_numbers_start_at_one() {
    // Twisted counts from 0 and adds 1 on the wire.
    assert_eq!(MessageNumber::new(0), None);
    assert_eq!(MessageNumber::FIRST.get(), 1);
    let error: Error = MessageNumber::try_from(0).expect_err("no message").into();
    assert!(!error.is_fatal());
    assert_eq!(error.to_string(), "message numbers start at 1");
}
