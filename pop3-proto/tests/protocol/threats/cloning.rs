//! Section A: reuse of connections under a weaker identity.

use core::marker::PhantomData;

use pop3_proto::{Config, Connection, Login};

/// `COPIES` is the inherent constant if `T` is `Clone`, otherwise that of the trait.
struct Probe<T>(PhantomData<T>);

trait CannotBeCopied {
    const COPIES: bool = false;
}

impl<T> CannotBeCopied for Probe<T> {}

impl<T: Clone> Probe<T> {
    const COPIES: bool = true;
}

#[test]
fn t_11_connection_and_login_are_not_clone() {
    // There is no connection pool, and a clone would not compile.
    const {
        assert!(!Probe::<Connection>::COPIES);
        assert!(!Probe::<Login>::COPIES);
        assert!(Probe::<Config>::COPIES, "the probe detects Clone");
    }
}
