//! A subscriber of the crate `tracing` that keeps all spans and events.

use std::fmt::{Debug, Write as _};
use std::sync::{Arc, Mutex};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::DefaultGuard;
use tracing::{Event, Metadata, Subscriber};

/// Everything that was traced.
#[derive(Debug, Clone, Default)]
pub struct Spans(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    spans: Vec<Span>,
    /// The events outside of all spans.
    events: Vec<String>,
}

/// A span with its fields in the order in which they were recorded.
#[derive(Debug, Clone, Default)]
pub struct Span {
    pub name: &'static str,
    pub fields: String,
    pub events: Vec<String>,
    parent: Option<usize>,
    handles: usize,
}

impl Spans {
    /// Collects what this thread traces, until the guard is dropped.
    #[must_use]
    pub fn collect(&self) -> DefaultGuard {
        tracing::subscriber::set_default(self.clone())
    }

    /// Returns the spans as an indented tree, each followed by its events.
    pub fn tree(&self) -> String {
        let state = self.0.lock().expect("no panic");
        let mut tree = state.events.concat();
        write_children(&state.spans, None, 0, &mut tree);
        tree
    }

    /// Returns the names of the spans that were not closed.
    pub fn open(&self) -> Vec<&'static str> {
        let state = self.0.lock().expect("no panic");
        let open = state.spans.iter().filter(|span| span.handles > 0);
        open.map(|span| span.name).collect()
    }

    fn change(&self, id: &Id, change: impl FnOnce(&mut Span)) {
        let mut state = self.0.lock().expect("no panic");
        let span = state.spans.get_mut(id.into_u64() as usize - 1);
        change(span.expect("a span that was created"));
    }
}

fn write_children(spans: &[Span], parent: Option<usize>, depth: usize, tree: &mut String) {
    let children = spans.iter().enumerate();
    for (index, span) in children.filter(|(_, span)| span.parent == parent) {
        let indent = "  ".repeat(depth);
        writeln!(tree, "{indent}{}{}", span.name, span.fields).expect("writing to a String");
        for event in &span.events {
            writeln!(tree, "{indent}  {event}").expect("writing to a String");
        }
        write_children(spans, Some(index), depth + 1, tree);
    }
}

/// Writes ` name=value` for each field.
struct Fields<'a>(&'a mut String);

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let name = field.name();
        let written = if name == "message" {
            write!(self.0, "{value:?}")
        } else {
            write!(self.0, " {name}={value:?}")
        };
        written.expect("writing to a String");
    }
}

impl Subscriber for Spans {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        let mut span = Span {
            name: attributes.metadata().name(),
            parent: attributes.parent().map(|id| id.into_u64() as usize - 1),
            handles: 1,
            ..Span::default()
        };
        attributes.record(&mut Fields(&mut span.fields));
        let mut state = self.0.lock().expect("no panic");
        state.spans.push(span);
        Id::from_u64(state.spans.len() as u64)
    }

    fn record(&self, id: &Id, values: &Record<'_>) {
        self.change(id, |span| values.record(&mut Fields(&mut span.fields)));
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut text = String::new();
        event.record(&mut Fields(&mut text));
        match event.parent() {
            Some(id) => self.change(id, |span| span.events.push(text)),
            None => self.0.lock().expect("no panic").events.push(text + "\n"),
        }
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}

    fn clone_span(&self, id: &Id) -> Id {
        self.change(id, |span| span.handles += 1);
        id.clone()
    }

    fn try_close(&self, id: Id) -> bool {
        let mut closed = false;
        self.change(&id, |span| {
            span.handles -= 1;
            closed = span.handles == 0;
        });
        closed
    }
}
