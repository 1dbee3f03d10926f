//! Everything can move between threads: the client, its messages, and the futures of every method.

use pop3_tokio::proto::Connection;
use pop3_tokio::{
    Client, Connector, Endpoint, Error, Login, Message, MessageNumber, Retr, Secret, Stat, Ticket,
    Tokio, Uidl,
    command::Noop,
    error::{AuthError, Misuse},
};
use tokio::net::TcpStream;

use super::support::{alice, number};

fn sent<T: Send>(_: T) {}
fn is_send<T: Send>() {}
fn is_sync<T: Sync>() {}

type OverTcp = Tokio<TcpStream>;
type Numbers = std::vec::IntoIter<MessageNumber>;
type Noops = std::vec::IntoIter<Noop>;

/// Never called: compiling it is the test.
fn futures_of_a_client(client: &mut Client, ticket: Ticket<Stat>) -> Result<(), Misuse> {
    let one = number(1);
    sent(client.wait(ticket));
    sent(client.call(Noop));
    sent(client.batch((Stat, Uidl)));
    sent(client.pipeline([Noop]));
    sent(client.pipeline([Noop]).next());
    sent(client.retrieve([one]));
    sent(client.retrieve([one]).next());
    sent(client.open(Retr(one)));
    sent(client.login(Login::new("alice", "secret")?));
    let provide = async |_: Option<AuthError>| Secret::new("token");
    sent(client.login_with(Login::bearer_on_request("alice")?, provide));
    sent(client.start_tls());
    sent(client.capa());
    sent(client.stat());
    sent(client.list());
    sent(client.list_one(one));
    sent(client.uidl());
    sent(client.uidl_one(one));
    sent(client.retr(one));
    sent(client.top(one, 0));
    sent(client.retr_to_vec(one, 1));
    sent(client.dele(one));
    sent(client.rset());
    sent(client.noop());
    sent(client.quit());
    sent(client.quit_keeping());
    Ok(())
}

fn futures_of_a_message(mut message: Message<'_>) {
    sent(message.chunk());
    sent(message.to_vec(1));
}

fn futures_of_connecting(
    endpoint: &Endpoint,
    connector: &Connector,
    session: Connection,
    stream: TcpStream,
) {
    sent(pop3_tokio::connect(endpoint));
    sent(pop3_tokio::connect_with(endpoint, connector));
    sent(pop3_tokio::start(session, stream));
}

#[test]
fn clients_messages_and_futures_are_send() {
    is_send::<Client>();
    is_send::<Message<'static>>();
    is_send::<pop3_tokio::proto::client::Retrieve<'static, OverTcp, Numbers>>();
    is_send::<pop3_tokio::proto::client::Pipeline<'static, OverTcp, Noops>>();
    is_send::<Ticket<Stat>>();
    is_send::<Error>();
    is_sync::<Error>();
    let _ = futures_of_a_client;
    let _ = futures_of_a_message;
    let _ = futures_of_connecting;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn client_can_move_between_tasks() {
    let server = pop3_blocking::server::EmbeddedServer::start(
        super::support::account(),
        super::support::maildrop(3),
    )
    .unwrap();
    let mut connector = Connector::default();
    connector.tls.roots =
        Some(pop3_tokio::tls::Roots::from_pem(server.ca_pem().as_bytes()).unwrap());
    let endpoint = server.implicit_tls();
    let login = tokio::spawn(async move {
        let mut client = pop3_tokio::connect_with(&endpoint, &connector).await?;
        client.login(alice()).await?;
        Ok::<_, Error>(client)
    });
    let mut client = login.await.unwrap().unwrap();
    let read = tokio::spawn(async move {
        let octets = client.retr_to_vec(number(3), 10_000).await?;
        let _ = client.quit().await?;
        Ok::<_, Error>(octets)
    });
    assert_eq!(read.await.unwrap().unwrap(), super::support::mail(3));
}
