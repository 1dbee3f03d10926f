//! SCRAM (RFC 5802, RFC 7677): values that plans and policies contain and, with the feature
//! `scram`, the mechanism itself.

#[cfg(feature = "scram")]
pub(crate) mod derive;
#[cfg(feature = "scram")]
mod mechanism;
#[cfg(feature = "scram")]
mod messages;
mod values;

#[cfg(feature = "scram")]
pub use self::mechanism::Scram;
pub(crate) use self::values::ITERATIONS;
pub use self::values::{Binding, ScramHash};
