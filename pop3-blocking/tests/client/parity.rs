//! Runs the common client tests with the blocking client: see `pop3_testkit::parity`.

use pop3_testkit::parity::blocking::Blocking;
use pop3_testkit::parity::names;

pop3_testkit::parity! { Blocking }

#[test]
fn clients_have_the_same_methods() {
    names::every_public_method_is_compared();
}

#[test]
fn adapters_reexport_the_same_names() {
    names::adapters_reexport_the_same_names();
}

pop3_testkit::every_method! {
    [] [] Blocking, std::net::TcpStream, pop3_blocking
}
