//! The pages over HTTP.

mod assets;
mod figures;
mod files;
pub(crate) mod hostile;
mod list;
mod trace;

use opentracing_viewer::Viewer;

use crate::support;

/// The answer to a request.
struct Answer {
    status: u16,
    answer: support::Answer,
    body: String,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        self.answer.header(name)
    }
}

fn get(viewer: &Viewer, path: &str) -> Answer {
    get_with(viewer, path, &[])
}

fn get_with(viewer: &Viewer, path: &str, lines: &[&str]) -> Answer {
    from(support::get(viewer.local_addr(), path, lines))
}

fn from(answer: support::Answer) -> Answer {
    Answer { status: answer.status, body: answer.text(), answer }
}

/// The number of times that a page has a text.
fn count(page: &Answer, text: &str) -> usize {
    page.body.matches(text).count()
}
