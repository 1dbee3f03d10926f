//! Tests of servers that close or send octets while no command is in flight. The next operation
//! must detect this before it sends anything. The tests wait until the client's socket has received
//! the octets.

use pop3_proto::config::Leniency;

use pop3_proto::record::Transcript;

use super::application::play;
use super::client::Client;
use super::script::Script;

/// The start of a transcript: a login, and a message marked as deleted.
const MARKED: &str = "\
set channel trusted
S: +OK ready
= greeting: \"ready\"
> user alice
> pass secret
C: USER alice
S: +OK
= user: ok
C: PASS secret
S: +OK
= pass: ok
> dele 1
C: DELE 1
S: +OK
= dele 1: ok
";

/// Runs the transcript that starts with [`MARKED`] and continues with this text.
fn then<C: Client>(text: &str) {
    let transcript: Transcript = format!("{MARKED}{text}").parse().unwrap();
    let script = Script::of(&transcript, Leniency::Lenient).unwrap();
    if let Err(what) = play::<C>(&script, Leniency::Lenient) {
        panic!("{what}");
    }
}

pub fn close_while_idle_prevents_the_next_command<C: Client>() {
    then::<C>(
        "\
! eof
> stat
= stat: failed: closed Idle
= closed: closed Idle
",
    );
}

pub fn quit_after_idle_close_deletes_nothing<C: Client>() {
    // The result is not `quit: unknown`, because QUIT was not sent.
    then::<C>(
        "\
! eof
> quit
= quit: failed: closed Idle
= closed: closed Idle
",
    );
}

pub fn unsolicited_err_while_idle_is_quoted<C: Client>() {
    then::<C>(
        "\
S: -ERR Disconnected for inactivity.
! eof
> stat
= stat: failed: closed UnsolicitedErr \"Disconnected for inactivity.\"
= closed: closed UnsolicitedErr \"Disconnected for inactivity.\"
",
    );
}

pub fn quit_after_unsolicited_err_deletes_nothing<C: Client>() {
    then::<C>(
        "\
S: -ERR Disconnected for inactivity.
! eof
> quit
= quit: failed: closed UnsolicitedErr \"Disconnected for inactivity.\"
= closed: closed UnsolicitedErr \"Disconnected for inactivity.\"
",
    );
}

pub fn commands_after_idle_close_get_one_error<C: Client>() {
    then::<C>(
        "\
! eof
> noop
> dele 2
> quit
= noop: failed: closed Idle
= dele 2: failed: closed Idle
= quit: failed: closed Idle
= closed: closed Idle
",
    );
}
