//! Requests that send several commands, with no other command in between.

use alloc::boxed::Box;

use super::{Command, Request, Sealed, Whole, command};
use crate::capability::Capabilities;
use crate::confirm::{Confirm, Run};
use crate::exchange::Exchange;
use crate::login::Login;
use crate::reply::{Confirmed, Reply};
use crate::status::Status;

/// Returns the capabilities that the server advertises on the current channel. Sends
/// [`CAPA`](crate::command::Capa) only if the server has not answered it on this channel. `None` if
/// the server does not support `CAPA`.
///
/// [`Connection::capabilities`](crate::Connection::capabilities) returns what is known now. Whether
/// `CAPA` is necessary is decided only when this command is next in the queue. It can therefore be
/// queued after a login or [`StartTls`], which may send `CAPA` themselves. The server is asked only
/// once, even if it refuses `CAPA`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct GetCapabilities;
command!(Whole GetCapabilities => Option<Capabilities>, |_this| Request::Exchange(Box::new(Exchange::Capabilities)), Reply::Capabilities);

/// Starts TLS on a cleartext connection. A [`Login`](crate::Login) does this automatically.
///
/// Returns the capabilities that the server advertises over TLS. What the server sent before TLS is
/// discarded. If the server does not advertise STLS, the connection ends with
/// [`SecurityError::StlsUnavailable`](crate::error::SecurityError::StlsUnavailable). If the server
/// refuses the command, the error is [`Error::Refused`](crate::Error::Refused).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StartTls;
command!(Whole StartTls => Option<Capabilities>, |_this| Request::Exchange(Box::new(Exchange::start_tls())), Reply::Capabilities);

command!(Whole Login => Status, |this| Request::Exchange(Box::new(Exchange::login(this))), Reply::Status);

command!(Whole Confirm => Confirmed, |this| Request::Confirm(Box::new(Run::new(this))), Reply::Confirmed);
