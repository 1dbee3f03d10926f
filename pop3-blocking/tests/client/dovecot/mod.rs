//! Sessions with a real Dovecot. Where there is none, each test says so and passes.

mod login;
mod mail;
mod server;
