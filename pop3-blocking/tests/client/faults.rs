//! The blocking client where servers die and connections break: see `pop3_testkit::faults`.

use pop3_testkit::parity::blocking::Blocking;

pop3_testkit::every_fault! { Blocking }
