//! The server side: its sessions, and its side of AUTH.

mod auth;
mod session;
