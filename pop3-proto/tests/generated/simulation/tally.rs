//! Counts the events in sessions, to detect explorations that test nothing.

use std::ops::AddAssign;

macro_rules! tally {
    ($($(#[$doc:meta])* $count:ident,)*) => {
        #[derive(Clone, Copy, Debug, Default)]
        pub(crate) struct Tally {
            $($(#[$doc])* pub(crate) $count: usize,)*
        }

        impl Tally {
            /// A tally whose counts are all zero.
            pub(crate) const NONE: Self = Self { $($count: 0,)* };

            /// Returns whether every count is at least that of `minimum`.
            pub(crate) fn reaches(&self, minimum: &Self) -> bool {
                $(self.$count >= minimum.$count)&&*
            }
        }

        impl AddAssign for Tally {
            fn add_assign(&mut self, other: Self) {
                $(self.$count += other.$count;)*
            }
        }
    };
}

tally! {
    logins,
    /// Logins by SCRAM.
    proofs,
    whole_messages,
    bodies_cut,
    deletions,
    refusals,
    abandoned,
    committed,
    /// QUIT was sent, and its outcome is unknown.
    quit_unknown,
    fatal,
    /// Replies that violations changed, and that deviations changed.
    violations_applied,
    deviations_applied,
    /// Cleartext octets followed the `+OK` to STLS.
    injected_at_stls,
    /// The server's proof was wrong.
    forged,
    late_handshakes,
    /// Pipelines and retrievals that returned all their results, and abandoned operations of any
    /// kind.
    helpers_ended,
    operations_left,
    /// A listing exceeded its limit.
    over_limits,
}
