//! Faults on real sockets, for any client: servers that are killed, connections that break.
//!
//! `relay` stands between client and server and breaks the connection at a chosen octet. `cuts` and
//! `tampering` are stories with the embedded server, `killed` with Dovecot. The example `fetch` lives
//! through servers that are killed in `fetched`, through connections that break, stall or are tampered
//! with in `interrupted`, and through a disk that is full in `full_disk`.

mod course;
mod cuts;
pub mod fetched;
pub mod full_disk;
mod interrupted;
mod killed;
pub mod relay;
mod tampering;

use pop3_blocking::server::{EmbeddedServer, ServerConfig};

pub use cuts::*;
pub use fetched::*;
pub use interrupted::*;
pub use killed::*;
pub use tampering::*;

/// The embedded server with this mail for somebody whose password is `secret`.
fn embedded(user: &'static str, mail: &[impl AsRef<[u8]>]) -> EmbeddedServer {
    let with_ids = mail.iter().zip(1..);
    let maildrop = with_ids.map(|(mail, n)| (format!("uid-{n}"), mail.as_ref().to_vec()));
    EmbeddedServer::start(ServerConfig::new(user, "secret"), maildrop.collect()).unwrap()
}

/// Makes a test of every story, for one client.
#[macro_export]
macro_rules! every_fault {
    ($client:ty) => {
        $crate::every_fault! { $client:
            a_session_cut_at_any_octet_completes_what_came_whole_and_no_more
            a_session_reset_at_any_place_completes_nothing_that_did_not_come_whole
            a_session_in_tls_cut_without_a_goodbye_completes_nothing_that_did_not_come_whole
            a_connection_that_stalls_at_any_kind_of_place_is_given_up_at_its_deadline
            a_reply_in_clear_behind_the_one_to_stls_ends_the_connection
            a_command_in_clear_behind_stls_is_answered_by_nobody
            killed_within_a_message_the_server_has_sent_those_before_it_and_no_other
            killed_within_a_listing_the_server_has_listed_nothing
            killed_within_a_flight_of_deles_the_server_deletes_none
            killed_before_quit_the_server_deletes_nothing_and_quit_says_so
            killed_at_quit_it_is_not_known_what_the_server_did
        }
    };
    ($client:ty: $($story:ident)*) => {
        $(#[test]
        fn $story() {
            $crate::faults::$story::<$client>();
        })*
    };
}
