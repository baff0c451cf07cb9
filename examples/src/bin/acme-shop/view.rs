//! The option `--view`: the traces of the shop on a page.

use std::io::{Read, stdin};

use examples::{BoxError, Report};
use opentracing_viewer::{Viewer, ViewerHandle};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// The viewer. The page closes when it is dropped.
pub(crate) struct View {
    viewer: Viewer,
}

impl View {
    /// Starts the viewer, and sends it the spans of all tracers by OTLP: it could as well run elsewhere.
    pub(crate) fn open(report: &mut Report) -> Result<View, BoxError> {
        let viewer = Viewer::bind("127.0.0.1:0")?;
        report.add_beside("otlp", &format!("http://{}", viewer.local_addr()))?;
        Ok(View { viewer })
    }

    pub(crate) fn url(&self) -> String {
        self.viewer.url()
    }

    pub(crate) fn handle(&self) -> ViewerHandle {
        self.viewer.handle()
    }
}

/// Waits for Ctrl-C, or until nobody can type it any more.
pub(crate) async fn interruption_or_end_of_input<T>(interrupted: JoinHandle<T>) -> Result<(), BoxError> {
    let (ended, end_of_input) = oneshot::channel();
    // Of its own, since a blocked thread of the runtime would hold up the end of the program.
    std::thread::spawn(move || {
        let mut buffer = [0; 1024];
        while let Ok(1..) = stdin().lock().read(&mut buffer) {}
        let _ = ended.send(());
    });
    tokio::select! {
        result = interrupted => drop(result?),
        _ = end_of_input => {}
    }
    Ok(())
}
