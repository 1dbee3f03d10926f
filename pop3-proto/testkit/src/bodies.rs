//! Joins the chunks of each body, because chunk boundaries may depend on how the octets were
//! received.

use pop3_proto::Event;
pub use pop3_proto::internals::join;

/// Joins the chunks of all bodies in linear time.
pub fn join_all(events: Vec<Event>) -> Vec<Event> {
    let mut joined: Vec<Event> = Vec::with_capacity(events.len());
    let mut body = Vec::new();
    let mut events = events.into_iter().peekable();
    while let Some(event) = events.next() {
        let Event::Body { id, chunk } = event else {
            joined.push(event);
            continue;
        };
        body.extend_from_slice(&chunk);
        let more = |next: &Event| matches!(next, Event::Body { id: next, .. } if *next == id);
        if !events.peek().is_some_and(more) {
            let chunk = core::mem::take(&mut body).into();
            joined.push(Event::Body { id, chunk });
        }
    }
    joined
}
