//! The client of async-std and `fetch_async_std` where servers die and connections break: see
//! `pop3_testkit::faults`. What smol's client has of its own is its timers and its name look-up, which
//! `on_smol` tests.

use pop3_testkit::program::FETCH_ASYNC_STD;

use super::driven::OnAsyncStd;

pop3_testkit::every_fault! { OnAsyncStd }

// It deletes nothing. What is not in the session itself is `fetch`'s, and tested with that.
pop3_testkit::every_fetch! { FETCH_ASYNC_STD;
    fetch_async_std_with_a_server_killed_within_a_message: killed_within_a_message
    fetch_async_std_where_the_connection_stalls: connection_stalled
    fetch_async_std_where_octets_are_put_into_the_session: tampered_with
}
