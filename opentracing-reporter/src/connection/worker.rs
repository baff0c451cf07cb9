//! The thread that owns a connection. It has a runtime of its own and works on one request at a time.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::pin;
use std::sync::mpsc::Sender;
use std::task::Poll;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::oneshot;

use super::Answer;
use super::client::Client;

/// A request, and a signal that its answer is no longer needed.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) number: u64,
    pub(super) request: Request<Full<Bytes>>,
    pub(super) cancelled: oneshot::Receiver<()>,
}

/// The answer to a job, and its latency.
#[derive(Debug)]
pub(super) struct Done {
    pub(super) number: u64,
    pub(super) answer: Answer,
    pub(super) latency: Duration,
}

/// Starts the thread. It ends when the sender of `jobs` is dropped.
pub(super) fn spawn(mut client: Client, mut jobs: UnboundedReceiver<Job>, answers: Sender<Done>) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let work = move || {
        runtime.block_on(async {
            while let Some(Job { number, request, cancelled }) = jobs.recv().await {
                let started = Instant::now();
                match until_cancelled(cancelled, client.exchange(request)).await {
                    Some(answer) => {
                        // Nobody receives it at the end of the program.
                        let _ = answers.send(Done { number, answer, latency: started.elapsed() });
                    }
                    None => client.disconnect(),
                }
            }
        });
        // A name look-up that hangs must not keep the thread.
        runtime.shutdown_background();
    };
    std::thread::Builder::new().name("opentracing-io".into()).spawn(work)?;
    Ok(())
}

/// The output of `work`, or `None` once the sender of `cancelled` is dropped.
pub(super) async fn until_cancelled<T>(cancelled: oneshot::Receiver<()>, work: impl Future<Output = T>) -> Option<T> {
    let (mut cancelled, mut work) = (pin!(cancelled), pin!(work));
    poll_fn(|cx| match cancelled.as_mut().poll(cx) {
        Poll::Ready(_) => Poll::Ready(None),
        Poll::Pending => work.as_mut().poll(cx).map(Some),
    })
    .await
}
