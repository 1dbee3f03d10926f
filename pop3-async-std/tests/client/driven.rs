//! The runtimes async-std and smol for the common client tests.

use std::future::Future;
use std::net::TcpStream as Socket;

use pop3_async_std::{Client, Futures};
use pop3_proto::{Connection, Connector, Endpoint, Error};

use pop3_testkit::parity::waiting::{Runtime, Waiting};

pub(crate) type OnAsyncStd = Waiting<AsyncStd>;
pub(crate) type OnSmol = Waiting<Smol>;

#[derive(Debug)]
pub(crate) struct AsyncStd;

impl Runtime for AsyncStd {
    type Transport = Futures<async_std::net::TcpStream>;

    fn new() -> Self {
        Self
    }

    fn block_on<F: Future>(&self, future: F) -> F::Output {
        async_std::task::block_on(future)
    }

    async fn start(session: Connection, stream: Socket) -> Result<Client, Error> {
        pop3_async_std::start(session, stream.into()).await
    }

    async fn connect_with(endpoint: &Endpoint, connector: &Connector) -> Result<Client, Error> {
        pop3_async_std::connect_with(endpoint, connector).await
    }

    async fn until_something_comes(transport: &Self::Transport) {
        // Ignore errors: a socket that has failed is also ready.
        let _ = transport.get_ref().peek(&mut [0]).await;
    }
}

#[derive(Debug)]
pub(crate) struct Smol;

impl Runtime for Smol {
    type Transport = Futures<smol::net::TcpStream>;

    fn new() -> Self {
        Self
    }

    fn block_on<F: Future>(&self, future: F) -> F::Output {
        smol::block_on(future)
    }

    async fn start(
        session: Connection,
        stream: Socket,
    ) -> Result<pop3_async_std::with_smol::Client, Error> {
        let stream = stream.try_into().expect("a socket");
        pop3_async_std::start(session, stream).await
    }

    async fn connect_with(
        endpoint: &Endpoint,
        connector: &Connector,
    ) -> Result<pop3_async_std::with_smol::Client, Error> {
        pop3_async_std::with_smol::connect_with(endpoint, connector).await
    }

    async fn until_something_comes(transport: &Self::Transport) {
        let _ = transport.get_ref().peek(&mut [0]).await;
    }
}
