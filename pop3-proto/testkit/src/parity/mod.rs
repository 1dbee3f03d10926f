//! One description of what a client does, for all clients: transcripts, and sessions with servers.
//!
//! `client` is what they have in common. `blocking` implements it for the blocking client, and `waiting`
//! for an asynchronous one, whose adapter's tests say how its runtime waits. The rest is written once: `script`
//! makes a transcript into what the server does and what the application does, `server` acts out the
//! one, `application` the other, and `corpus` plays all of them. `helpers`, `panics`, `forged` and
//! `confirmed` are stories with the embedded server, `idle` and `real_time` with scripted ones, and
//! `sessions` with Dovecot.

mod application;
mod ask;
pub mod blocking;
pub mod client;
pub mod confirmed;
pub mod corpus;
pub mod forged;
pub mod helpers;
pub mod idle;
pub mod names;
pub mod panics;
pub mod real_time;
mod rule;
mod script;
mod server;
pub mod sessions;
mod tls;
pub mod waiting;

/// Makes a test of every story, for one client.
#[macro_export]
macro_rules! parity {
    ($client:ty) => {
        $crate::parity! { $client;
            corpus {
                every_transcript_goes_as_written_over_a_socket
            }
            idle {
                a_server_that_hung_up_meanwhile_was_asked_for_nothing
                quit_to_a_server_that_hung_up_meanwhile_deletes_nothing_and_says_so
                a_server_that_said_why_it_hung_up_meanwhile_is_quoted
                quit_to_a_server_that_said_why_it_hung_up_deletes_nothing_and_says_so
                several_commands_to_a_server_that_hung_up_meanwhile_get_one_reason
            }
            helpers {
                messages_after_an_abandoned_one_arrive
                pipeline_after_an_abandoned_retrieval_sends_every_command
                any_helper_after_an_abandoned_one_gets_every_result
                whole_and_streamed_commands_are_claimed_by_tickets
                bodies_of_unclaimed_tickets_are_skipped
                listings_messages_and_deletions_share_two_round_trips
                abort_closes_the_connection
            }
            panics {
                panicking_token_function_leaves_the_client_usable
                token_function_logs_in_and_its_error_is_kept
                login_without_a_token_function_fails
                panicking_iterator_leaves_the_client_usable
            }
            forged {
                forged_replies_shift_no_message
                message_with_surplus_octets_fails
            }
            real_time {
                a_server_that_does_not_greet_is_left_at_the_deadline
                each_reply_has_a_deadline_of_its_own
                an_address_that_says_nothing_is_left_at_the_deadline
                connect_timeout_of_zero_expires_without_an_attempt
                a_parting_word_is_no_reply_to_what_was_not_sent
                half_a_parting_word_is_no_reply_either
                a_server_that_parts_between_two_messages_did_not_refuse_the_second
            }
            confirmed {
                an_honest_session_is_confirmed
                replies_forged_behind_a_message_are_never_confirmed
                a_forged_session_that_passes_a_noop_is_not_confirmed
            }
            sessions {
                every_way_to_log_in_works_in_clear_with_the_right_password_only
                every_way_to_log_in_works_behind_stls_with_the_right_password_only
                every_way_to_log_in_works_inside_tls_with_the_right_password_only
                what_is_listed_is_what_was_delivered
                retr_and_top_give_every_octet
                two_hundred_messages_arrive_many_at_a_time
                messages_that_are_read_in_part_are_skipped
                what_is_marked_as_deleted_stays_after_rset
                what_is_marked_as_deleted_is_gone_after_quit_and_only_then
                a_server_killed_in_the_middle_of_a_message_cuts_it_short_for_good
            }
        }
    };
    ($client:ty; $($module:ident { $($story:ident)* })*) => {
        $($(#[test]
        fn $story() {
            $crate::parity::$module::$story::<$client>();
        })*)*
    };
}
