//! What a thread keeps for itself: the stack of active spans, and its ports to the tracers.

use std::cell::{Cell, RefCell};
use std::sync::atomic::Ordering;

use crate::clock::ticks::Ticks;
use crate::record::record::{Record, Stamp};
use crate::recorder::port::{Port, Ports};
use crate::recorder::recorder::Recorder;
use crate::recorder::state::{End, State};
use crate::sync::count;

thread_local! {
    static LOCAL: Local = const {
        Local { active: RefCell::new(Vec::new()), depth: Cell::new(0), serial: Cell::new(0), ports: RefCell::new(Ports::NONE) }
    };
}

/// Neither cell is borrowed while foreign code runs, sampler, reporter, closures, apart from a clock that is asked for the time of a log,
/// and from plug-ins' destructors when a port to a closed tracer goes. What these find borrowed is as if it were gone; nothing panics.
pub(crate) struct Local {
    active: RefCell<Vec<Entry>>,
    /// Length of `active`, to leave quickly.
    depth: Cell<usize>,
    serial: Cell<u32>,
    ports: RefCell<Ports>,
}

/// One period of being active.
struct Entry {
    state: State,
    /// Closed while a later one was still open: waits to become the top. `ZERO` while it is open.
    closed_at: Ticks,
    tracer: u32,
    serial: u32,
    finish_on_close: bool,
}

impl Entry {
    fn is_open(&self) -> bool {
        self.closed_at == Ticks::ZERO
    }
}

/// Names one entry of this thread's stack; stale tokens find nothing.
#[derive(Clone, Copy)]
pub(crate) struct Token {
    index: u32,
    serial: u32,
}

/// `None` while the thread's locals are being destroyed.
#[inline]
pub(crate) fn with<R>(f: impl FnOnce(&Local) -> R) -> Option<R> {
    LOCAL.try_with(f).ok()
}

/// Hands a finished record over from whichever thread this is.
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

/// Drops this thread's ports to tracers of a parent process, since what goes into them comes out nowhere. New ones take their place.
#[cold]
pub(crate) fn leave_forked() {
    with(|local| {
        if let Ok(mut ports) = local.ports.try_borrow_mut() {
            ports.retain_own();
        }
    });
}

#[cold]
fn submit_stray(record: Box<Record>) {
    let Some(recorder) = Recorder::find(record.context.meta.tracer()) else { return };
    if recorder.closed.load(Ordering::Relaxed) {
        let is_lost = !record.is_for_figures();
        let mut record = Some(record);
        let refuse = |port: &mut Port| record.take().into_iter().for_each(|record| port.refuse(record));
        with(|local| local.port(&recorder, refuse));
        if let Some(record) = record {
            recorder.keep_stray(record);
        }
        if is_lost {
            // Foreign code: after the borrow of the ports.
            recorder.warn_of_loss();
        }
    } else {
        recorder.keep_stray(record);
    }
}

impl Local {
    #[inline]
    pub(crate) fn port<R>(&self, recorder: &std::sync::Arc<Recorder>, f: impl FnOnce(&mut Port) -> R) -> Option<R> {
        self.ports.try_borrow_mut().ok()?.of(recorder).map(f)
    }

    #[inline]
    pub(crate) fn activate(&self, state: &mut State, finish_on_close: bool) -> Option<Token> {
        let mut active = self.active.try_borrow_mut().ok()?;
        let serial = self.serial.get().wrapping_add(1);
        self.serial.set(serial);
        let index = active.len() as u32;
        let tracer = state.tracer();
        active.push(Entry { state: state.take(), closed_at: Ticks::ZERO, tracer, serial, finish_on_close });
        self.depth.set(active.len());
        Some(Token { index, serial })
    }

    /// Takes the span back out of its place. Out of order, the entry stays behind, closed and empty.
    #[inline]
    pub(crate) fn deactivate(&self, token: Token, into: &mut State) {
        let Ok(mut active) = self.active.try_borrow_mut() else { return };
        let top = active.len().wrapping_sub(1);
        let Some(entry) = find(&mut active, token) else { return };
        *into = entry.state.take();
        if token.index as usize != top {
            entry.closed_at = Ticks::now();
            entry.finish_on_close = false;
            let tracer = entry.tracer;
            drop(active);
            return count_out_of_order(tracer);
        }
        active.truncate(top);
        self.depth.set(top);
        if active.last().is_some_and(|entry| !entry.is_open()) {
            drop(active);
            self.unwind();
        }
    }

    /// Ends the active period, and the span if so asked: now when it is on top, else once everything above it has closed.
    #[inline]
    pub(crate) fn close(&self, token: Token) {
        let Ok(mut active) = self.active.try_borrow_mut() else { return };
        let top = active.len().wrapping_sub(1);
        let Some(entry) = find(&mut active, token) else { return };
        if token.index as usize != top {
            entry.closed_at = Ticks::now();
            let tracer = entry.tracer;
            drop(active);
            count_out_of_order(tracer);
            return self.note_own_time(token, tracer);
        }
        let (state, finish) = (entry.state.take(), entry.finish_on_close);
        active.truncate(top);
        self.depth.set(top);
        let more = active.last().is_some_and(|entry| !entry.is_open());
        drop(active);
        if finish {
            state.finish(End::Now);
        } else {
            release(state);
        }
        if more {
            self.unwind();
        }
    }

    /// By the clock or the counter that a tracer was given, a span that waits for a later one has ended now.
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

    /// Pops what was closed out of order. One at a time, so that finishing runs without the borrow.
    #[cold]
    fn unwind(&self) {
        loop {
            let Ok(mut active) = self.active.try_borrow_mut() else { return };
            let Some(entry) = active.pop_if(|entry| !entry.is_open()) else { return };
            self.depth.set(active.len());
            drop(active);
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

    /// The active span of this tracer; another tracer's spans are looked through.
    #[inline]
    pub(crate) fn top(&self, tracer: u32) -> Option<Token> {
        let active = self.active.try_borrow().ok()?;
        let index = active.iter().rposition(|entry| entry.tracer == tracer && entry.is_open())?;
        Some(Token { index: index as u32, serial: active[index].serial })
    }

    /// The active span of whichever tracer.
    pub(crate) fn top_of_any(&self) -> Option<Token> {
        let active = self.active.try_borrow().ok()?;
        let index = active.iter().rposition(Entry::is_open)?;
        Some(Token { index: index as u32, serial: active[index].serial })
    }

    #[inline]
    pub(crate) fn with_top<R>(&self, tracer: u32, f: impl FnOnce(&State) -> R) -> Option<R> {
        if self.depth.get() == 0 {
            return None;
        }
        let active = self.active.try_borrow().ok()?;
        let entry = active.iter().rfind(|entry| entry.tracer == tracer && entry.is_open())?;
        Some(f(&entry.state))
    }
}

#[inline]
fn find(active: &mut [Entry], token: Token) -> Option<&mut Entry> {
    active.get_mut(token.index as usize).filter(|entry| entry.serial == token.serial)
}

/// Of a span that somebody else finishes.
#[cold]
#[inline(never)]
fn release(mut state: State) {
    state.leave();
}

#[cold]
fn count_out_of_order(tracer: u32) {
    if let Some(recorder) = Recorder::find(tracer) {
        count(&recorder.shared.rare.scopes_out_of_order);
    }
}

impl Drop for Local {
    /// A scope that was leaked leaves its span here, which is finished as a stray: `LOCAL` is out of reach by now.
    fn drop(&mut self) {
        for entry in std::mem::take(self.active.get_mut()) {
            let end = if entry.is_open() { End::Now } else { End::Ticks(entry.closed_at) };
            match entry.state {
                state @ State::Recording(_) => state.finish(end),
                // Who has a handle finishes it.
                other => drop(other),
            }
        }
    }
}
