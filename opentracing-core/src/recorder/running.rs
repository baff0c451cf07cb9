//! The users' handles of a recorder, counted apart from its threads.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::recorder::drain::LAST_FLUSH;
use crate::recorder::recorder::Recorder;

/// Threads keep the recorder alive for as long as they have a port; the users' handles are counted apart.
pub(crate) struct Running {
    recorder: Arc<Recorder>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.recorder.shared.handles_gone.store(true, Ordering::Relaxed);
        self.recorder.shared.closing.store(true, Ordering::Release);
        self.recorder.unpark();
        if self.recorder.is_inline() {
            // Nobody is left who could be told. If this is the reporter's own doing, its drain ends behind it.
            let _ = self.recorder.close(LAST_FLUSH);
        }
    }
}

impl Running {
    /// The only handle so far.
    pub(crate) fn new(recorder: Arc<Recorder>) -> Arc<Running> {
        let running = Arc::new(Running { recorder });
        // A recorder is made for one tracer, so the place is empty.
        let _ = running.recorder.shared.running.set(Arc::downgrade(&running));
        running
    }

    #[inline]
    pub(crate) fn recorder(&self) -> &Arc<Recorder> {
        &self.recorder
    }
}
