use alloc::boxed::Box;

use super::{Context, Exchange, Input, Step, send};
use crate::capability::Capabilities;
use crate::command::{Command, Request, Sealed, Verb, Whole, command};
use crate::reply::Reply;

/// What the server can do: from memory if `CAPA` was answered on this channel, else by asking.
/// `None` if the server does not say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct GetCapabilities;
command!(Whole GetCapabilities => Option<Capabilities>, |_this| Request::Exchange(Box::new(Exchange::Capabilities)), Reply::Capabilities);

pub(super) fn step(context: &Context<'_>, input: Input) -> Step {
    match input {
        Input::Begin if !context.capa_answered => send(Verb::Capa),
        Input::Begin
        | Input::Tls
        | Input::Challenge(_)
        | Input::Overlong(_)
        | Input::Work
        | Input::Token(_) => Step::Done(Ok(Reply::Capabilities(context.capabilities.cloned()))),
        Input::Reply(result) => Step::Done(result),
    }
}
