//! The state that all handles of a console share.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::draw::draw;
use super::entry::NAME_CHARS;
use super::handle::Counters;
use super::output::Output;
use super::settings::Settings;
use super::store::{Store, Trace};
use super::text::clean;

#[derive(Debug)]
pub(super) struct State {
    pub(super) output: Output,
    pub(super) settings: Settings,
    pub(super) store: Store,
    /// In order of appearance, which determines their colours.
    services: Vec<Box<str>>,
    /// The handles that reporters use.
    handles: Vec<Arc<Counters>>,
    error: Option<(io::ErrorKind, String)>,
}

impl State {
    pub(super) fn new(output: Output) -> Self {
        State {
            output,
            settings: Settings::default(),
            store: Store::default(),
            services: Vec::new(),
            handles: Vec::new(),
            error: None,
        }
    }

    /// Registers a handle that a reporter uses.
    pub(super) fn join(&mut self, handle: &Arc<Counters>) {
        self.handles.retain(|handle| !handle.is_gone());
        self.handles.push(handle.clone());
    }

    /// The handles that other reporters use.
    pub(super) fn others(&self, own: &Arc<Counters>) -> impl Iterator<Item = &Arc<Counters>> {
        self.handles.iter().filter(move |handle| !Arc::ptr_eq(handle, own) && !handle.is_gone())
    }

    /// The number of the service with this name.
    pub(super) fn service(&mut self, name: &str) -> usize {
        let name = clean(name, NAME_CHARS);
        self.services.iter().position(|known| *known == name).unwrap_or_else(|| {
            self.services.push(name);
            self.services.len() - 1
        })
    }

    /// Writes the traces one by one, so that a failure affects only one of them.
    pub(super) fn print(&mut self, traces: Vec<Trace>) {
        for trace in traces {
            let text = draw(&trace, &self.services, self.output.look(&self.settings));
            let output = &mut self.output;
            let written = catch_unwind(AssertUnwindSafe(|| output.write(&text)))
                .unwrap_or_else(|_| Err(io::Error::other("the writer panicked")));
            trace.entries.iter().for_each(|entry| entry.owner.settle(written.is_ok()));
            if let Err(error) = written {
                self.error = Some((error.kind(), error.to_string()));
            }
        }
    }

    /// The last write error of any handle.
    pub(super) fn last_error(&self) -> Option<io::Error> {
        self.error.as_ref().map(|(kind, message)| io::Error::new(*kind, message.as_str()))
    }
}
