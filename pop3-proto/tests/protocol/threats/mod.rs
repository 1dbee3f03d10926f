//! What an attacker on the way, a server that lies or a careless caller can try, one test or more
//! for each row of the list of threats (`corpus/rows.txt`). The number of the row is in the name of
//! its test.
//!
//! Rows of transport security (T-01 to T-16) and of authentication (T-20 to T-36) that are not here,
//! or not all of them:
//!
//! | row | where, or why not |
//! |---|---|
//! | T-04, T-06, T-06b, T-08 | here for `Connection`; `tls/` has the same over real TLS |
//! | T-11 | there is no pool of connections; that none can be copied is checked in `pool` |
//! | T-12, T-13, T-14, T-15 | take TLS: `tls/{certificates,ends,names}.rs` |
//! | T-15, `require_alpn` | there is no such option: a server that knows nothing of ALPN will do |
//! | T-28 | here with a binding that a test makes up; `tls/binding.rs` with that of TLS 1.3 |
//! | T-34, NUL in a key | cannot be built: a `Secret` holds none |
//! | T-35 | nothing here connects: what is checked is that a referral is only text |
//!
//! Of section C: T-40, T-45 and T-47 in `words`; T-43 and T-44 in `secrets`.

mod challenges;
mod clear;
mod forged;
mod injection;
mod last_words;
mod plays;
mod pool;
mod scram;
mod stls;
mod tokens;
mod words;
