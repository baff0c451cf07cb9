//! Thread-local state: the stack of active spans, and the ports to the tracers.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use crate::clock::ticks::Ticks;
use crate::model::context::SpanContext;
use crate::record::record::{Record, Stamp};
use crate::recorder::ending::End;
use crate::recorder::hooks;
use crate::recorder::open::Seen;
use crate::recorder::port::{Port, Ports};
use crate::recorder::recorder::Recorder;
use crate::recorder::shared::Shared;
use crate::recorder::state::State;
use crate::sync::count;

thread_local! {
    static LOCAL: Local = const {
        Local {
            active: RefCell::new(Vec::new()),
            depth: Cell::new(0),
            serial: Cell::new(0),
            ports: RefCell::new(Ports::NONE),
            released: RefCell::new(Vec::new()),
        }
    };
}

/// Neither cell is borrowed while code of the user runs, such as samplers, reporters and closures. There are two exceptions: a clock that is
/// read for the time of a log, and the destructors of plug-ins when a port to a closed tracer is dropped. Calls from these that find a cell
/// borrowed do nothing; they do not panic.
pub(crate) struct Local {
    active: RefCell<Vec<Entry>>,
    /// The length of `active`, for a quick exit when no span is active.
    depth: Cell<usize>,
    serial: Cell<u32>,
    ports: RefCell<Ports>,
    /// Finished shared spans without other handles, whose memory the next ones take.
    released: RefCell<Vec<Arc<Shared>>>,
}

/// The most shared spans that a thread keeps for reuse.
const MAX_RELEASED: usize = 64;

/// One activation of a span.
struct Entry {
    state: State,
    /// When the scope was closed out of order. The entry then stays until it is on top. `ZERO` while it is open.
    closed_at: Ticks,
    tracer: u32,
    serial: u32,
    finish_on_close: bool,
    /// Made by `enter`. There is no guard, so the entry counts as closed once its span has finished.
    is_entered: bool,
}

impl Entry {
    /// The context of another process, which has no tracer, is the parent for those of all.
    #[inline]
    fn is_of(&self, tracer: u32) -> bool {
        self.tracer == tracer || self.tracer == 0
    }

    #[inline]
    fn is_open(&self) -> bool {
        self.closed_at == Ticks::ZERO && !(self.is_entered && self.is_left_over())
    }

    /// Whether the span of an `enter` has finished, so that no `exit` will come.
    #[cold]
    fn is_left_over(&self) -> bool {
        matches!(&self.state, State::Shared(shared) if shared.is_finished())
    }
}

/// Identifies an entry of this thread's stack. A stale token finds none.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token {
    index: u32,
    serial: u32,
}

/// Returns `None` while the thread-locals are being destroyed.
#[inline]
pub(crate) fn with<R>(f: impl FnOnce(&Local) -> R) -> Option<R> {
    LOCAL.try_with(f).ok()
}

/// Passes a finished record to its tracer, from any thread.
#[inline]
pub(crate) fn submit(record: Box<Record>) {
    let mut record = Some(record);
    with(|local| {
        if let Ok(mut ports) = local.ports.try_borrow_mut()
            && let Some(finished) = record.take()
        {
            match ports.by_id(finished.context.meta.tracer()) {
                Some(port) if port.is_open() => port.push(finished),
                _ => record = Some(finished),
            }
        }
    });
    if let Some(record) = record {
        submit_stray(record);
    }
}

/// Drops this thread's ports that were made before a fork, because no drain empties them in this process. New ones are made on demand.
#[cold]
pub(crate) fn leave_forked() {
    with(|local| {
        if let Ok(mut ports) = local.ports.try_borrow_mut() {
            ports.retain_own();
        }
    });
}

/// Puts a span behind a lock, in memory that was released if there is some.
pub(crate) fn share(state: State) -> Arc<Shared> {
    let released = with(|local| local.released.try_borrow_mut().ok()?.pop()).flatten();
    let Some(mut shared) = released else { return Arc::new(Shared::new(state)) };
    match Arc::get_mut(&mut shared) {
        Some(place) => *place = Shared::new(state),
        None => return Arc::new(Shared::new(state)),
    }
    shared
}

/// Keeps the memory of a finished span for reuse if this is its last handle.
pub(crate) fn release(mut shared: Arc<Shared>) {
    if shared.is_finished() && Arc::get_mut(&mut shared).is_some() {
        with(|local| {
            if let Ok(mut released) = local.released.try_borrow_mut()
                && released.len() < MAX_RELEASED
            {
                released.push(shared);
            }
        });
    }
}

#[cold]
fn submit_stray(record: Box<Record>) {
    let Some(recorder) = Recorder::find(record.context.meta.tracer()) else { return };
    if recorder.intake.is_resting() && recorder.is_orphan() {
        // Forked during the rest, and closed by this question.
        leave_forked();
    }
    if recorder.intake.is_closed() {
        let is_lost = !record.is_for_figures();
        let mut record = Some(record);
        let refuse = |port: &mut Port| record.take().into_iter().for_each(|record| port.refuse(record));
        with(|local| local.port(&recorder, refuse));
        if let Some(record) = record {
            recorder.keep_stray(record);
        }
        if is_lost {
            // `log` may call code of the user, so this comes after the borrow of the ports.
            recorder.warn_of_loss();
        }
    } else {
        let mut record = Some(record);
        let push = |port: &mut Port| record.take().into_iter().for_each(|record| port.push(record));
        with(|local| local.port(&recorder, push));
        if let Some(record) = record {
            recorder.keep_stray(record);
        }
        recorder.end_rest();
    }
}

impl Local {
    #[inline]
    pub(crate) fn port<R>(&self, recorder: &Arc<Recorder>, f: impl FnOnce(&mut Port) -> R) -> Option<R> {
        self.ports.try_borrow_mut().ok()?.of(recorder).map(f)
    }

    #[inline]
    pub(crate) fn activate(&self, state: &mut State, finish_on_close: bool) -> Option<Token> {
        hooks::before(self);
        let mut active = self.active.try_borrow_mut().ok()?;
        let serial = self.serial.get().wrapping_add(1);
        self.serial.set(serial);
        let index = active.len() as u32;
        let tracer = state.tracer();
        let state = state.take();
        active.push(Entry { state, closed_at: Ticks::ZERO, tracer, serial, finish_on_close, is_entered: false });
        self.depth.set(active.len());
        drop(active);
        let token = Token { index, serial };
        hooks::entered(self, token);
        Some(token)
    }

    /// Activates the span until `exit`. Removes what spans left over that finished without one.
    pub(crate) fn enter(&self, span: Arc<Shared>) {
        hooks::before(self);
        self.remove_left_over();
        let Ok(mut active) = self.active.try_borrow_mut() else { return };
        let serial = self.serial.get().wrapping_add(1);
        self.serial.set(serial);
        let index = active.len() as u32;
        let tracer = span.tracer();
        let state = State::Shared(span);
        active.push(Entry { state, closed_at: Ticks::ZERO, tracer, serial, finish_on_close: false, is_entered: true });
        self.depth.set(active.len());
        drop(active);
        hooks::entered(self, Token { index, serial });
    }

    fn remove_left_over(&self) {
        loop {
            let Ok(mut active) = self.active.try_borrow_mut() else { return };
            let Some(entry) = active.pop_if(|entry| entry.is_entered && entry.is_left_over()) else { return };
            let token = Token { index: active.len() as u32, serial: entry.serial };
            self.depth.set(active.len());
            drop(active);
            hooks::left_below(token);
        }
    }

    /// Ends the latest activation by `enter` of this span, if there is one.
    pub(crate) fn exit(&self, span: &Arc<Shared>) {
        hooks::before(self);
        if let Some(token) = self.pop_entered(span) {
            return hooks::left(token);
        }
        let is_of_span = |entry: &Entry| {
            entry.is_entered
                && entry.is_open()
                && matches!(&entry.state, State::Shared(shared) if Arc::ptr_eq(shared, span))
        };
        let token = self.active.try_borrow().ok().and_then(|active| {
            let index = active.iter().rposition(is_of_span)?;
            Some(Token { index: index as u32, serial: active[index].serial })
        });
        if let Some(token) = token {
            self.close(token);
        }
    }

    /// Takes the span off the top of the stack, if it lies there above an open one or none, which is the common case.
    #[inline]
    fn pop_entered(&self, span: &Arc<Shared>) -> Option<Token> {
        let mut active = self.active.try_borrow_mut().ok()?;
        let top = active.len().checked_sub(1)?;
        if top > 0 && !active[top - 1].is_open() {
            return None;
        }
        let entry = active.pop_if(|entry| {
            entry.is_entered && matches!(&entry.state, State::Shared(shared) if Arc::ptr_eq(shared, span))
        })?;
        self.depth.set(top);
        // The caller has a handle, so no destructor of the span runs.
        Some(Token { index: top as u32, serial: entry.serial })
    }

    /// Removes the span from the stack. If it is not on top, a closed and empty entry stays in its place.
    #[inline]
    pub(crate) fn deactivate(&self, token: Token, into: &mut State) {
        hooks::before(self);
        let Ok(mut active) = self.active.try_borrow_mut() else { return };
        let top = active.len().wrapping_sub(1);
        let Some(entry) = find(&mut active, token) else { return };
        *into = entry.state.take();
        if token.index as usize != top {
            entry.closed_at = Ticks::now();
            entry.finish_on_close = false;
            let tracer = entry.tracer;
            drop(active);
            count_out_of_order(tracer);
            return hooks::left_below(token);
        }
        active.truncate(top);
        self.depth.set(top);
        let more = active.last().is_some_and(|entry| !entry.is_open());
        drop(active);
        if more {
            self.unwind();
        }
        hooks::left(token);
    }

    /// Ends the activation, and finishes the span if its scope does that: now if it is on top, or else once every entry above it is closed.
    #[inline]
    pub(crate) fn close(&self, token: Token) {
        hooks::before(self);
        let Ok(mut active) = self.active.try_borrow_mut() else { return };
        let top = active.len().wrapping_sub(1);
        let Some(entry) = find(&mut active, token) else { return };
        if token.index as usize != top {
            entry.closed_at = Ticks::now();
            let tracer = entry.tracer;
            drop(active);
            count_out_of_order(tracer);
            self.note_own_time(token, tracer);
            return hooks::left_below(token);
        }
        let (state, finish) = (entry.state.take(), entry.finish_on_close);
        active.truncate(top);
        self.depth.set(top);
        let more = active.last().is_some_and(|entry| !entry.is_open());
        drop(active);
        if finish {
            state.finish(End::Now);
        } else {
            let_go(state);
        }
        if more {
            self.unwind();
        }
        hooks::left(token);
    }

    /// For a tracer with its own clock or counter, records now as the end of a span whose scope was closed out of order.
    #[cold]
    fn note_own_time(&self, token: Token, tracer: u32) {
        let Some(recorder) = Recorder::find(tracer).filter(|recorder| recorder.has_own_clock()) else { return };
        let now = recorder.now();
        let Ok(mut active) = self.active.try_borrow_mut() else { return };
        match (find(&mut active, token), now) {
            (Some(entry), Stamp::Ticks(now)) => entry.closed_at = now,
            (Some(Entry { state: State::Recording(record), .. }), Stamp::Wall(now)) => record.set_end_wall(now),
            _ => {}
        }
    }

    /// Pops entries that were closed out of order, one at a time, so that no cell is borrowed while a span finishes.
    #[cold]
    fn unwind(&self) {
        loop {
            let Ok(mut active) = self.active.try_borrow_mut() else { return };
            let Some(entry) = active.pop_if(|entry| !entry.is_open()) else { return };
            self.depth.set(active.len());
            let token = Token { index: active.len() as u32, serial: entry.serial };
            drop(active);
            hooks::left_below(token);
            if entry.finish_on_close {
                entry.state.finish(End::Ticks(entry.closed_at));
            }
        }
    }

    #[inline]
    pub(crate) fn with_state<R>(&self, token: Token, f: impl FnOnce(&mut State) -> R) -> Option<R> {
        let mut active = self.active.try_borrow_mut().ok()?;
        let entry = find(&mut active, token).filter(|entry| entry.is_open())?;
        Some(f(&mut entry.state))
    }

    /// Lists the active spans of this tracer that are not listed yet. They may stay open for longer than those below them.
    pub(crate) fn list_active(&self, recorder: &Recorder) {
        let Ok(mut active) = self.active.try_borrow_mut() else { return };
        for entry in &mut *active {
            if let State::Recording(record) = &mut entry.state
                && entry.tracer == recorder.id
                && !record.is_listed()
                && !record.is_for_figures()
            {
                recorder.shared.open.list(record, recorder, Seen::Started);
            }
        }
    }

    /// The active span of this tracer. Spans of other tracers above it are ignored.
    #[inline]
    pub(crate) fn top(&self, tracer: u32) -> Option<Token> {
        hooks::before(self);
        let active = self.active.try_borrow().ok()?;
        let index = active.iter().rposition(|entry| entry.is_of(tracer) && entry.is_open())?;
        Some(Token { index: index as u32, serial: active[index].serial })
    }

    /// The active span of any tracer.
    pub(crate) fn top_of_any(&self) -> Option<Token> {
        hooks::before(self);
        self.top_as_it_is()
    }

    /// As `top_of_any`, without a call to a bridge, which may wait for a lock.
    pub(crate) fn top_as_it_is(&self) -> Option<Token> {
        let active = self.active.try_borrow().ok()?;
        let index = active.iter().rposition(Entry::is_open)?;
        Some(Token { index: index as u32, serial: active[index].serial })
    }

    /// Reads the context of the active span of any tracer. The closure must not call code of the user.
    #[inline]
    pub(crate) fn context_of_any<R>(&self, f: impl FnOnce(&SpanContext) -> R) -> Option<R> {
        hooks::before(self);
        if self.depth.get() == 0 {
            return None;
        }
        let active = self.active.try_borrow().ok()?;
        let entry = active.iter().rfind(|entry| entry.is_open())?;
        entry.state.lent_context().map(|context| f(&context))
    }

    #[inline]
    pub(crate) fn with_top<R>(&self, tracer: u32, f: impl FnOnce(&State) -> R) -> Option<R> {
        hooks::before(self);
        if self.depth.get() == 0 {
            return None;
        }
        let active = self.active.try_borrow().ok()?;
        let entry = active.iter().rfind(|entry| entry.is_of(tracer) && entry.is_open())?;
        Some(f(&entry.state))
    }
}

#[inline]
fn find(active: &mut [Entry], token: Token) -> Option<&mut Entry> {
    active.get_mut(token.index as usize).filter(|entry| entry.serial == token.serial)
}

/// Releases a span that its scope does not finish.
#[cold]
#[inline(never)]
fn let_go(mut state: State) {
    state.leave();
}

#[cold]
fn count_out_of_order(tracer: u32) {
    if let Some(recorder) = Recorder::find(tracer) {
        count(&recorder.shared.rare.scopes_out_of_order);
    }
}

impl Drop for Local {
    /// Finishes the spans of leaked scopes. `LOCAL` is no longer accessible, so their records bypass the rings.
    fn drop(&mut self) {
        for entry in std::mem::take(self.active.get_mut()) {
            let end = if entry.is_open() { End::Now } else { End::Ticks(entry.closed_at) };
            match entry.state {
                state @ State::Recording(_) => state.finish(end),
                // The owner of the shared handle finishes it.
                other => drop(other),
            }
        }
    }
}
