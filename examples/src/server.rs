//! Servers with a graceful end.

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

/// A server that runs as a task until it is stopped.
#[derive(Debug)]
pub struct Server {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

/// Ready when a server is to end.
pub type Stopped = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What requests that are under way are given to come to their end.
const PATIENCE: Duration = Duration::from_secs(5);

impl Server {
    /// Serves by axum what comes in through the listener.
    pub fn start(listener: TcpListener, router: Router) -> Server {
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        Server::run(|stopped| async { axum::serve(listener, service).with_graceful_shutdown(stopped).await })
    }

    /// Runs a server that ends when the future that it is given does.
    pub fn run<F, E>(serve: impl FnOnce(Stopped) -> F) -> Server
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: Error,
    {
        let (stop, stopped) = oneshot::channel();
        let stopped: Stopped = Box::pin(async {
            // A sender that is gone is a server that nobody will stop any more: the same thing.
            let _ = stopped.await;
        });
        let serving = serve(stopped);
        let task = tokio::spawn(async {
            // A server that breaks down is met by those who ask it.
            let _ = serving.await;
        });
        Server { stop, task }
    }

    /// Takes no more requests, and returns when those that are under way have their answer, or after five seconds.
    pub async fn stop(mut self) {
        // Fails if the server ended by itself, which is as good.
        let _ = self.stop.send(());
        if timeout(PATIENCE, &mut self.task).await.is_err() {
            self.task.abort();
        }
    }
}

/// Listens from now on for the wish that the program end, which the future waits for: Ctrl-C, and on Unix SIGTERM as well.
///
/// # Errors
///
/// If the operating system does not let the program listen.
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

/// Listens for the wish that the program end: Ctrl-C.
#[cfg(not(unix))]
pub fn interruption() -> io::Result<impl Future<Output = ()> + Send> {
    Ok(async {
        // Without a handler Ctrl-C ends the program at once, and there is nothing to wait for.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}
