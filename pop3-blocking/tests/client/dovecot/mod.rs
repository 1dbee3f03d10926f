//! Sessions with a real Dovecot. If Dovecot is not installed, each test prints that and passes.

mod login;
mod mail;
mod recordings;
mod server;
