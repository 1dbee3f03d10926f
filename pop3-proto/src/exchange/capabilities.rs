//! Requests capabilities that are not known yet.

use super::{Input, Step, send};
use crate::context::Context;
use crate::reply::Reply;
use crate::verb::Verb;

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
