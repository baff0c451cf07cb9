//! Which endpoint of a balanced channel got a call.
//!
//! A channel does not say. But each endpoint has an executor, on which its connection runs, and a connection reads the body of its requests
//! itself: so the executor tells the request body where it is.

use std::cell::RefCell;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use hyper::rt::Executor;
use tonic::transport::Endpoint;

use crate::client::target::Target;

type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

thread_local! {
    /// The endpoint whose task runs on this thread.
    static CURRENT: RefCell<Option<Arc<Target>>> = const { RefCell::new(None) };
}

/// The endpoint whose connection polls, if it reports itself.
pub(crate) fn current() -> Option<Arc<Target>> {
    CURRENT.try_with(|current| current.borrow().clone()).ok().flatten()
}

/// Gives the endpoint an executor that tells where its tasks belong. An endpoint that does not say where it is keeps its own.
pub(crate) fn report_peer(endpoint: Endpoint) -> Endpoint {
    match Target::from(&endpoint) {
        Target::Unknown => endpoint,
        target => endpoint.executor(PeerExecutor(Arc::new(target))),
    }
}

/// Spawns on tokio, as tonic does.
struct PeerExecutor(Arc<Target>);

impl Executor<Task> for PeerExecutor {
    fn execute(&self, task: Task) {
        tokio::spawn(TaskOfPeer { task, peer: self.0.clone() });
    }
}

struct TaskOfPeer {
    task: Task,
    peer: Arc<Target>,
}

/// Restores what was there before, also if the task panics.
struct Restore(Option<Arc<Target>>);

impl Future for TaskOfPeer {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let _restore = Restore(CURRENT.replace(Some(self.peer.clone())));
        self.task.as_mut().poll(cx)
    }
}

impl Drop for Restore {
    fn drop(&mut self) {
        CURRENT.set(self.0.take());
    }
}
