//! Counts the handles of a tracer, separately from its threads.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::recorder::drain::LAST_FLUSH;
use crate::recorder::recorder::Recorder;

/// Dropped with the last handle of a tracer. Threads keep the recorder itself alive for as long as they have a port.
pub(crate) struct Running {
    recorder: Arc<Recorder>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.recorder.shared.handles_gone.store(true, Ordering::Relaxed);
        self.recorder.shared.closing.store(true, Ordering::Release);
        self.recorder.unpark();
        if self.recorder.is_inline() {
            // There is no caller to return an error to. If the reporter dropped the last handle, its drain closes afterwards.
            let _ = self.recorder.close(LAST_FLUSH);
        }
    }
}

impl Running {
    /// Makes the first handle.
    pub(crate) fn new(recorder: Arc<Recorder>) -> Arc<Running> {
        let running = Arc::new(Running { recorder });
        // A recorder belongs to one tracer, so the cell is empty.
        let _ = running.recorder.shared.running.set(Arc::downgrade(&running));
        running
    }

    #[inline]
    pub(crate) fn recorder(&self) -> &Arc<Recorder> {
        &self.recorder
    }
}
