//! Servers with graceful shutdown.

use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// A server that runs as a task until [`stop`](Server::stop).
#[derive(Debug)]
pub struct Server {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

/// Completes when the server must stop.
pub type Stopped = Pin<Box<dyn Future<Output = ()> + Send>>;

/// How long `stop` waits for requests in flight.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);

impl Server {
    /// Starts an axum server on the listener.
    pub fn start(listener: TcpListener, router: Router) -> Server {
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        Server::run(|stopped| async { axum::serve(listener, service).with_graceful_shutdown(stopped).await })
    }

    /// Starts a server that stops when the future passed to it completes.
    pub fn run<F, E>(serve: impl FnOnce(Stopped) -> F) -> Server
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: Error,
    {
        let (stop, stopped) = oneshot::channel();
        let stopped: Stopped = Box::pin(async {
            // A dropped sender also stops the server.
            let _ = stopped.await;
        });
        let serving = serve(stopped);
        let task = tokio::spawn(async {
            // The clients of a failed server see the error.
            let _ = serving.await;
        });
        Server { stop, task }
    }

    /// Stops accepting requests, and waits up to five seconds for those in flight.
    pub async fn stop(mut self) {
        // Fails if the server has already ended.
        let _ = self.stop.send(());
        if timeout(STOP_TIMEOUT, &mut self.task).await.is_err() {
            self.task.abort();
        }
    }
}

/// Installs handlers for Ctrl-C and, on Unix, SIGTERM. The future completes on the first signal.
///
/// # Errors
///
/// If a handler cannot be installed.
#[cfg(unix)]
pub fn interruption() -> io::Result<impl Future<Output = ()> + Send> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Installs a handler for Ctrl-C. The future completes when it is pressed.
#[cfg(not(unix))]
pub fn interruption() -> io::Result<impl Future<Output = ()> + Send> {
    Ok(async {
        // Without a handler, Ctrl-C ends the process at once.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}
