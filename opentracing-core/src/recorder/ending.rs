//! How a record ends: the time, and a panic that ended it.

use std::time::{Duration, SystemTime};

use crate::clock::ticks::Ticks;
use crate::clock::wall::unix_ns;
use crate::model::context::SpanContext;
use crate::model::value::{Text, Value};
use crate::record::record::{Record, Stamp};
use crate::recorder::local;
use crate::recorder::recorder::Recorder;

/// When a span ends.
#[derive(Clone, Copy)]
pub(crate) enum End {
    Now,
    /// The time when its scope was closed.
    Ticks(Ticks),
    /// The time that the caller gave.
    Wall(u64),
}

/// A function of its own, so that the pointer stays in a register and the other states need no clean-up.
#[inline(never)]
pub(crate) fn finish_record(mut record: Box<Record>, end: End) {
    match end {
        End::Now => record.end = Ticks::now(),
        End::Ticks(at) => record.end = at,
        End::Wall(unix_ns) => record.set_end_wall(unix_ns),
    }
    if std::thread::panicking() {
        note_panic(&mut record);
    }
    if record.has_own_clock() && !record.has_end_wall() {
        end_by_own_clock(&mut record, end);
    }
    local::submit(record);
}

#[cold]
fn end_by_own_clock(record: &mut Record, end: End) {
    match (own_time(&record.context), end) {
        // The tracer's own counter was already read when the scope was closed.
        (Stamp::Ticks(_), End::Ticks(_)) => {}
        (Stamp::Ticks(now), _) => record.end = now,
        (Stamp::Wall(now), _) => record.set_end_wall(now),
    }
}

/// Records that a panic left the span's code, once. Does not apply to a span that a destructor started during the panic.
#[cold]
pub(super) fn note_panic(record: &mut Record) {
    if std::mem::replace(&mut record.started_panicking, true) {
        return;
    }
    record.set_tag(Text::Static("error"), Value::Bool(true));
    record.log(moment(record), &[("event", Value::Static("error")), ("error.kind", Value::Static("panic"))]);
}

impl Record {
    /// The age of the span. `None` if its tracer has its own clock and no longer exists.
    pub(crate) fn elapsed(&self) -> Option<Duration> {
        let recorder = || Recorder::find(self.context.meta.tracer());
        if self.has_start_wall() {
            let recorder = self.has_own_clock().then(recorder).flatten();
            let now = recorder.map_or_else(|| unix_ns(SystemTime::now()), |recorder| recorder.unix_ns());
            return Some(Duration::from_nanos(now.saturating_sub(self.start_wall_ns)));
        }
        if self.has_own_clock() {
            return recorder().map(|recorder| recorder.elapsed(self.start));
        }
        Some(self.start.elapsed())
    }
}

/// The end at a moment that was noted.
impl From<Stamp> for End {
    fn from(moment: Stamp) -> End {
        match moment {
            Stamp::Ticks(at) => End::Ticks(at),
            Stamp::Wall(unix_ns) => End::Wall(unix_ns),
        }
    }
}

/// This moment, by the clock of the span.
pub(super) fn moment(record: &Record) -> Stamp {
    if record.has_own_clock() { own_time(&record.context) } else { Stamp::Ticks(Ticks::now()) }
}

/// The time by the tracer's own clock or counter.
#[cold]
pub(super) fn own_time(context: &SpanContext) -> Stamp {
    let recorder = Recorder::find(context.meta.tracer());
    recorder.map_or_else(|| Stamp::Wall(unix_ns(SystemTime::now())), |recorder| recorder.now())
}
