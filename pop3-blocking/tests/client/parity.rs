//! The blocking client does what all clients do: see `pop3_testkit::parity`.

use pop3_testkit::parity::blocking::Blocking;
use pop3_testkit::parity::names;

pop3_testkit::parity! { Blocking }

#[test]
fn the_clients_have_the_same_methods() {
    names::no_method_was_forgotten();
}

#[test]
fn the_adapters_reexport_the_same_names() {
    names::the_adapters_reexport_the_same_names();
}

pop3_testkit::every_method! {
    [] [] Blocking, std::net::TcpStream, pop3_blocking
}
