//! What takes several commands: each is submitted as one request, and nothing overtakes it.

use alloc::boxed::Box;

use super::{Command, Request, Sealed, Whole, command};
use crate::capability::Capabilities;
use crate::confirm::{Confirm, Run};
use crate::exchange::Exchange;
use crate::login::Login;
use crate::reply::{Confirmed, Reply};
use crate::status::Status;

/// Returns the capabilities of this channel, and sends [`CAPA`](crate::command::Capa) only if it was not answered on
/// this channel. `None` if the server does not say.
///
/// [`Connection::capabilities`](crate::Connection::capabilities) returns what is known now. This command
/// decides when its turn comes. So it can be queued after a login or [`StartTls`] that may ask as well, and
/// the server is asked once, even if it refuses `CAPA`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct GetCapabilities;
command!(Whole GetCapabilities => Option<Capabilities>, |_this| Request::Exchange(Box::new(Exchange::Capabilities)), Reply::Capabilities);

/// Starts TLS on a connection in clear. A [`Login`](crate::Login) does so by itself.
///
/// Gives the capabilities that the server lists inside TLS; all that was learnt in clear is
/// forgotten. A server that does not list STLS ends the connection with
/// [`SecurityError::StlsUnavailable`](crate::error::SecurityError::StlsUnavailable); one that refuses it is [`Error::Refused`](crate::Error::Refused).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StartTls;
command!(Whole StartTls => Option<Capabilities>, |_this| Request::Exchange(Box::new(Exchange::start_tls())), Reply::Capabilities);

command!(Whole Login => Status, |this| Request::Exchange(Box::new(Exchange::login(this))), Reply::Status);

command!(Whole Confirm => Confirmed, |this| Request::Confirm(Box::new(Run::new(this))), Reply::Confirmed);
