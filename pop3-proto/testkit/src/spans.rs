//! A subscriber of the crate `tracing` that keeps all spans and events.

use std::fmt::{Debug, Write as _};
use std::sync::{Arc, Mutex};

use tracing::field::{Field, Visit};
use tracing::metadata::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::DefaultGuard;
use tracing::{Event, Level, Metadata, Subscriber};

/// Everything that was traced.
#[derive(Debug, Clone, Default)]
pub struct Spans(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    spans: Vec<Span>,
    /// The events outside of all spans.
    events: Vec<String>,
    /// What happened, in order.
    log: Vec<Happened>,
    /// The most verbose level that is enabled; without it, all are.
    level: Option<LevelFilter>,
}

/// What happened to a span, by its index.
#[derive(Debug)]
enum Happened {
    Open(usize),
    Event(Level, Option<usize>, String),
    Close(usize),
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

    /// Disables spans and events that are more verbose than this.
    #[must_use]
    pub fn up_to(self, level: LevelFilter) -> Self {
        self.0.lock().expect("no panic").level = Some(level);
        self
    }

    /// Returns what happened, in order: each `open` and `close` of a span, and each event with its
    /// level and its span. The path of a span begins with its parents.
    pub fn log(&self) -> Vec<String> {
        let state = self.0.lock().expect("no panic");
        let log = state.log.iter().map(|happened| match happened {
            Happened::Open(span) => format!("open {}", state.path(*span)),
            Happened::Event(level, span, text) => {
                let path = span.map(|span| state.path(span)).unwrap_or_default();
                format!("{level} {path}: {text}")
            }
            Happened::Close(span) => format!("close {}", state.path(*span)),
        });
        log.collect()
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

impl State {
    /// Returns the names of a span and its parents, those of commands with verb and number.
    fn path(&self, index: usize) -> String {
        let Some(span) = self.spans.get(index) else {
            return String::new();
        };
        let parent = span.parent.map(|parent| self.path(parent) + "/");
        let mut path = parent.unwrap_or_default() + span.name;
        let value = |name| {
            let (_, rest) = span.fields.split_once(name)?;
            let value = rest.strip_prefix('=')?.split(' ').next()?;
            Some(value.trim_matches('"'))
        };
        if let Some(verb) = value("pop3.verb") {
            path = path + " " + verb;
            if let Some(number) = value("pop3.message.number") {
                path = path + " " + number;
            }
        }
        path
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
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        let level = self.0.lock().expect("no panic").level;
        level.is_none_or(|level| *metadata.level() <= level)
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
        let index = state.spans.len();
        state.log.push(Happened::Open(index));
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
        let span = event.parent().map(|id| id.into_u64() as usize - 1);
        let happened = Happened::Event(*event.metadata().level(), span, text.clone());
        self.0.lock().expect("no panic").log.push(happened);
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
        if closed {
            let index = id.into_u64() as usize - 1;
            let mut state = self.0.lock().expect("no panic");
            state.log.push(Happened::Close(index));
        }
        closed
    }
}
