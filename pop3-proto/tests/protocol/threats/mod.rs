//! Attacks by a network attacker, a malicious server or a careless caller. There is at least one
//! test for each row of the list of threats (`corpus/rows.txt`); its name starts with the number of
//! the row.
//!
//! Rows of transport security (T-01 to T-16) and of authentication (T-20 to T-36) whose tests are
//! elsewhere, or not only here:
//!
//! | row | where, or why there is no test |
//! |---|---|
//! | T-04, T-06, T-06b, T-08 | here for `Connection`; `tls/` has the same over real TLS |
//! | T-11 | there is no connection pool; `cloning` checks that connections cannot be cloned |
//! | T-12, T-13, T-14, T-15 | need real TLS: `tls/{certificates,shutdown,names}.rs` |
//! | T-15, `require_alpn` | there is no such option: a server without ALPN is accepted |
//! | T-28 | here with a fixed channel binding; `tls/binding.rs` with that of TLS 1.3 |
//! | T-34, NUL in a key | cannot happen: a `Secret` contains no NUL |
//! | T-35 | the crate opens no connections: the test checks that a referral is only text |
//!
//! From section C: T-40, T-45 and T-47 are in `text`; T-43 and T-44 in `secrets`.

mod cancellation;
mod challenges;
mod cleartext;
mod cloning;
mod forged;
mod injection;
mod plays;
mod scram;
mod stls;
mod text;
mod tokens;
