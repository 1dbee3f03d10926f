//! The server side: sessions, AUTH, and faults on request.

mod auth;
mod faults;
mod session;
