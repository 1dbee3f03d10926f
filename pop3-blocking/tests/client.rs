//! The client over real sockets on the loopback interface, and over streams that misbehave.

mod stories;
