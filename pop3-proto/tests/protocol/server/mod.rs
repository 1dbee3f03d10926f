//! The server side: sessions and AUTH.

mod auth;
mod session;
