//! The client of async-std and `fetch_async_std` with servers that are killed and connections that
//! break: see `pop3_testkit::faults`. The client of smol differs only in its timers and its name
//! resolution, which `on_smol` tests.

use pop3_testkit::program::FETCH_ASYNC_STD;

use super::driven::OnAsyncStd;

pop3_testkit::every_fault! { OnAsyncStd }

// The example shares all code outside the session with `fetch`, whose tests cover that code.
pop3_testkit::every_fetch! { FETCH_ASYNC_STD;
    fetch_async_std_with_a_server_killed_within_a_message: killed_within_a_message
    fetch_async_std_where_the_connection_stalls: connection_stalled
    fetch_async_std_where_octets_are_put_into_the_session: tampered_with
}
