//! Tests of any client with faults on real sockets: servers that are killed, and connections that
//! break.
//!
//! `relay` is a proxy between client and server that breaks the connection at a chosen octet.
//! `cuts` and `tampering` have scenarios with the embedded server, `killed` with Dovecot. The
//! example `fetch` runs with servers that are killed in `fetched`, with connections that break,
//! stall or are tampered with in `interrupted`, and with a full disk in `full_disk`.

mod course;
mod cuts;
pub mod fetched;
pub mod full_disk;
mod interrupted;
mod killed;
pub mod relay;
pub mod sigkill;
mod tampering;

use pop3_blocking::server::{EmbeddedServer, ServerConfig};

pub use cuts::*;
pub use fetched::*;
pub use interrupted::*;
pub use killed::*;
pub use tampering::*;

/// Starts the embedded server with this mail for a user whose password is `secret`.
fn embedded(user: &'static str, mail: &[impl AsRef<[u8]>]) -> EmbeddedServer {
    let with_ids = mail.iter().zip(1..);
    let maildrop = with_ids.map(|(mail, n)| (format!("uid-{n}"), mail.as_ref().to_vec()));
    EmbeddedServer::start(ServerConfig::new(user, "secret"), maildrop.collect()).unwrap()
}

/// Generates a test of every scenario, for one client.
#[macro_export]
macro_rules! every_fault {
    ($client:ty) => {
        $crate::every_fault! { $client:
            close_at_any_octet_completes_only_received_replies
            reset_anywhere_completes_only_received_replies
            close_without_close_notify_completes_only_received_replies
            stalled_connection_fails_at_its_deadline
            injected_reply_after_stls_ends_the_connection
            injected_command_after_stls_is_not_answered
            server_killed_within_message_delivers_only_earlier_messages
            server_killed_within_listing_yields_no_listing
            server_killed_within_dele_batch_deletes_nothing
            server_killed_before_quit_deletes_nothing
            server_killed_at_quit_leaves_outcome_unknown
        }
    };
    ($client:ty: $($test:ident)*) => {
        $(#[test]
        fn $test() {
            $crate::faults::$test::<$client>();
        })*
    };
}
