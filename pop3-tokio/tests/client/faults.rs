//! Tokio's client and `fetch_tokio` with servers that are killed and connections that break: see
//! `pop3_testkit::faults`.

use pop3_testkit::program::FETCH_TOKIO;

use super::driven::OnTokio;

pop3_testkit::every_fault! { OnTokio }

// The example shares all code outside the session with `fetch`, whose tests cover that code.
pop3_testkit::every_fetch! { FETCH_TOKIO;
    fetch_tokio_with_a_server_killed_within_a_listing: killed_within_a_listing
    fetch_tokio_with_a_server_killed_within_a_message: killed_within_a_message
    fetch_tokio_where_the_connection_stalls: connection_stalled
    fetch_tokio_in_tls_where_the_connection_ends_or_stalls: interrupted_in_tls
}
