//! The client over Tokio's streams in memory, under paused time, and over sockets on the loopback
//! interface.

mod stories;
