//! Section A: connections that are used again under a weaker identity.

use core::marker::PhantomData;

use pop3_proto::{Config, Connection, Login};

/// `COPIES` is the inherent one where `T` is `Clone`, and else that of the trait.
struct Probe<T>(PhantomData<T>);

trait CannotBeCopied {
    const COPIES: bool = false;
}

impl<T> CannotBeCopied for Probe<T> {}

impl<T: Clone> Probe<T> {
    const COPIES: bool = true;
}

#[test]
fn t_11_nobody_can_have_two_of_one_session_or_one_login_twice() {
    // There is no pool. Copies would not compile.
    const {
        assert!(!Probe::<Connection>::COPIES);
        assert!(!Probe::<Login>::COPIES);
        assert!(Probe::<Config>::COPIES, "the probe works");
    }
}
