//! Tests of all clients: transcripts, and sessions with servers.
//!
//! `client` defines the common interface of the clients. `blocking` implements it for the blocking
//! client, and `waiting` for asynchronous ones. The tests of each asynchronous adapter define how
//! its runtime waits. All other modules are shared: `script` splits a transcript into the actions
//! of the server and those of the application, `server` and `application` run them, and `corpus`
//! runs all transcripts. `helpers`, `panics`, `previews`, `observed`, `forged` and `confirmed` have
//! tests with the embedded server, `keep_alive` with one that has an idle limit, `idle`,
//! `real_time` and `wrong_mode` with scripted ones, and `sessions` with Dovecot.

mod application;
mod ask;
pub mod blocking;
pub mod client;
pub mod confirmed;
pub mod corpus;
pub mod forged;
pub mod helpers;
pub mod idle;
pub mod keep_alive;
pub mod names;
pub mod observed;
pub mod panics;
pub mod previews;
pub mod real_time;
mod rule;
mod script;
mod server;
pub mod sessions;
mod tls;
pub mod waiting;
pub mod wrong_mode;

/// Generates every test for one client.
#[macro_export]
macro_rules! parity {
    ($client:ty) => {
        $crate::parity! { $client;
            corpus {
                transcripts_behave_the_same_over_sockets
            }
            idle {
                close_while_idle_prevents_the_next_command
                quit_after_idle_close_deletes_nothing
                unsolicited_err_while_idle_is_quoted
                quit_after_unsolicited_err_deletes_nothing
                commands_after_idle_close_get_one_error
            }
            helpers {
                messages_after_an_abandoned_one_arrive
                pipeline_after_an_abandoned_retrieval_sends_every_command
                helper_after_an_abandoned_helper_gets_every_result
                whole_and_streamed_commands_are_claimed_by_tickets
                bodies_of_unclaimed_tickets_are_skipped
                listings_messages_and_deletions_share_two_round_trips
                abort_closes_the_connection
            }
            panics {
                panicking_token_function_leaves_the_client_usable
                token_function_logs_in_or_reports_its_error
                login_without_a_token_function_fails
                panicking_iterator_leaves_the_client_usable
            }
            previews {
                headers_arrive_with_top_and_with_retr
            }
            observed {
                observer_sees_each_line_and_no_secret
                connector_creates_one_observer_per_connection
            }
            forged {
                forged_replies_do_not_shift_messages
                message_with_surplus_octets_fails
            }
            real_time {
                missing_greeting_fails_at_the_deadline
                each_reply_has_its_own_deadline
                silent_address_fails_at_the_deadline
                connect_timeout_of_zero_expires_without_an_attempt
                unsolicited_err_does_not_answer_unsent_commands
                partial_unsolicited_err_is_not_a_reply
                close_between_messages_is_not_a_refusal
            }
            keep_alive {
                keep_alive_prevents_the_idle_close
                idle_close_during_other_work_is_reported_later
            }
            wrong_mode {
                wrong_tls_mode_is_explained_in_words
            }
            confirmed {
                unforged_session_is_confirmed
                replies_forged_in_a_message_are_never_confirmed
                forged_session_that_passes_noop_is_unconfirmed
            }
            sessions {
                every_method_logs_in_over_cleartext
                every_method_logs_in_after_stls
                every_method_logs_in_over_implicit_tls
                listings_match_the_delivered_messages
                retr_and_top_return_messages_unchanged
                previews_return_the_headers
                two_hundred_pipelined_messages_arrive_unchanged
                partially_read_messages_are_skipped
                rset_keeps_messages_marked_as_deleted
                marked_messages_are_deleted_only_by_quit
                server_killed_within_a_message_truncates_it
            }
        }
    };
    ($client:ty; $($module:ident { $($test:ident)* })*) => {
        $($(#[test]
        fn $test() {
            $crate::parity::$module::$test::<$client>();
        })*)*
    };
}
