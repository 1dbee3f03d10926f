//! What became of sessions, so that nobody explores deserts.

use std::ops::AddAssign;

macro_rules! tally {
    ($($(#[$doc:meta])* $count:ident,)*) => {
        #[derive(Clone, Copy, Debug, Default)]
        pub(crate) struct Tally {
            $($(#[$doc])* pub(crate) $count: usize,)*
        }

        impl Tally {
            /// Nothing at all.
            pub(crate) const NONE: Self = Self { $($count: 0,)* };

            /// Whether there is this much of each.
            pub(crate) fn reaches(&self, least: &Self) -> bool {
                $(self.$count >= least.$count)&&*
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
    given_up,
    committed,
    /// QUIT left, and whether it was done is not known.
    quit_unknown,
    fatal,
    /// Replies that lies changed, and that oddities did.
    lies_told,
    oddities_shown,
    /// Octets in clear stood behind the `+OK` to STLS.
    injected_at_stls,
    /// The server's proof was another than the right one.
    forged,
    late_handshakes,
    /// Pipelines and retrievals that gave all their results, and operations of any kind that were left.
    helpers_ended,
    operations_left,
    /// A listing was longer than its limit.
    over_limits,
}
