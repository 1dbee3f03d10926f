//! The Tokio runtime for the common client tests: a runtime of one thread for each client.

use std::future::Future;
use std::net::TcpStream as Socket;

use pop3_proto::{Connection, Connector, Endpoint, Error};
use pop3_tokio::{Client, Tokio};
use tokio::net::TcpStream;

use pop3_testkit::parity::waiting::{Runtime, Waiting};

pub(crate) type OnTokio = Waiting<CurrentThread>;

#[derive(Debug)]
pub(crate) struct CurrentThread(tokio::runtime::Runtime);

impl Runtime for CurrentThread {
    type Transport = Tokio<TcpStream>;

    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        Self(runtime.expect("a runtime"))
    }

    fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.0.block_on(future)
    }

    async fn start(session: Connection, stream: Socket) -> Result<Client, Error> {
        stream.set_nonblocking(true).expect("a socket");
        let stream = TcpStream::from_std(stream).expect("a socket");
        pop3_tokio::start(session, stream).await
    }

    async fn connect_with(endpoint: &Endpoint, connector: &Connector) -> Result<Client, Error> {
        pop3_tokio::connect_with(endpoint, connector).await
    }

    async fn until_something_comes(transport: &Self::Transport) {
        // Ignore errors: a socket that has failed is also ready.
        let _ = transport.get_ref().peek(&mut [0]).await;
    }
}
