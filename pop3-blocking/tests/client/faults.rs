//! The blocking client with servers that are killed and connections that break: see
//! `pop3_testkit::faults`.

use pop3_testkit::parity::blocking::Blocking;

pop3_testkit::every_fault! { Blocking }
