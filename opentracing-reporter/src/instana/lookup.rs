//! The agent of this host: where it is, and the way there.

use std::path::Path;
use std::time::Duration;

use crate::connection::{Answer, Channel, Endpoint, HttpChannel, RequestStats};
use crate::instana::gateway::{ROUTES, default_gateway};
use crate::instana::settings::InstanaAgentFallback;

/// Asks at each address in turn whether an agent is there, and posts to the first that says so. Once a request fails on its way the
/// agent counts as gone, and the next one looks again.
#[derive(Debug)]
pub(crate) struct Lookup {
    pub(crate) fallback: InstanaAgentFallback,
    /// Where the agent should be, and from the first request on the gateway.
    places: Vec<HttpChannel>,
    stage: Stage,
    /// Which of the places has the agent.
    found: Option<usize>,
    /// Which place to begin with.
    next: usize,
    /// Of the last request that was posted.
    stats: RequestStats,
}

#[derive(Debug)]
enum Stage {
    Idle,
    /// The request waits until it is known where to.
    Asking {
        place: usize,
        first: usize,
        body: Vec<u8>,
        content_type: &'static str,
        errors: String,
    },
    Posting {
        place: usize,
    },
}

impl Lookup {
    pub(crate) fn new(agent: Endpoint) -> Self {
        Lookup {
            fallback: InstanaAgentFallback::default(),
            places: vec![HttpChannel::agent(agent)],
            stage: Stage::Idle,
            found: None,
            next: 0,
            stats: RequestStats::default(),
        }
    }

    pub(crate) fn set_path(&mut self, path: &str) {
        self.places.iter_mut().for_each(|place| place.endpoint.path = path.into());
    }

    /// Reads the routes again: the network may have come up meanwhile.
    fn find_gateway(&mut self) {
        let routes = match &self.fallback {
            InstanaAgentFallback::DefaultGateway => Path::new(ROUTES),
            InstanaAgentFallback::DefaultGatewayIn(path) => path,
            InstanaAgentFallback::None => return,
        };
        let Some(agent) = self.places.first().map(|place| place.endpoint.clone()) else { return };
        let gateway = default_gateway(routes).map(|gateway| agent.clone().at_host(&gateway.to_string()));
        let gateway = gateway.filter(|gateway| gateway.host != agent.host);
        let known = self.places.get(1).map(|place| &place.endpoint.host);
        if known != gateway.as_ref().map(|gateway| &gateway.host) {
            self.places.truncate(1);
            self.places.extend(gateway.map(HttpChannel::agent));
        }
    }

    fn ask(&mut self, place: usize, first: usize, body: Vec<u8>, content_type: &'static str, errors: String) {
        if let Some(remote) = self.places.get_mut(place) {
            remote.start_get("/");
        }
        self.stage = Stage::Asking { place, first, body, content_type, errors };
    }

    fn post(&mut self, place: usize, body: Vec<u8>, content_type: &'static str) {
        if let Some(remote) = self.places.get_mut(place) {
            remote.start(body, content_type);
        }
        self.stage = Stage::Posting { place };
    }

    /// Goes on with what a place said to whether it is an agent.
    fn heard(&mut self, answer: Answer) -> Option<Answer> {
        let stage = std::mem::replace(&mut self.stage, Stage::Idle);
        let Stage::Asking { place, first, body, content_type, mut errors } = stage else { return Some(answer) };
        match answer {
            Answer::Accepted(_) => {
                self.found = Some(place);
                self.next = place;
                self.post(place, body, content_type);
                None
            }
            Answer::Retry { error, .. } | Answer::Refused(error) => {
                let separator = if errors.is_empty() { "" } else { "; " };
                errors.push_str(&format!("{separator}{error}"));
                self.ask_next(place, first, body, content_type, errors)
            }
            Answer::TooLarge => self.ask_next(place, first, body, content_type, errors),
        }
    }

    fn ask_next(
        &mut self,
        place: usize,
        first: usize,
        body: Vec<u8>,
        content_type: &'static str,
        errors: String,
    ) -> Option<Answer> {
        let next = (place + 1) % self.places.len().max(1);
        if next == first {
            self.next = 0;
            return Some(Answer::retry(format!("there is no Instana agent: {errors}")));
        }
        self.ask(next, first, body, content_type, errors);
        None
    }
}

impl Channel for Lookup {
    fn start(&mut self, body: Vec<u8>, content_type: &'static str) {
        self.stats = RequestStats::default();
        if let Some(place) = self.found {
            return self.post(place, body, content_type);
        }
        self.find_gateway();
        let first = if self.next < self.places.len() { self.next } else { 0 };
        self.ask(first, first, body, content_type, String::new());
    }

    fn answer(&mut self, wait: Duration) -> Option<Answer> {
        loop {
            let place = match self.stage {
                Stage::Asking { place, .. } | Stage::Posting { place } => place,
                Stage::Idle => return None,
            };
            let remote = self.places.get_mut(place)?;
            let answer = remote.answer(wait)?;
            if let Stage::Posting { .. } = self.stage {
                self.stage = Stage::Idle;
                self.stats = remote.request_stats();
                if let Answer::Retry { after: None, .. } = answer {
                    self.found = None;
                }
                return Some(answer);
            }
            if let Some(answer) = self.heard(answer) {
                return Some(answer);
            }
        }
    }

    fn cancel(&mut self) {
        match std::mem::replace(&mut self.stage, Stage::Idle) {
            Stage::Asking { place, .. } => {
                // It does not even say no: the next request begins elsewhere.
                self.next = place + 1;
                self.places.get_mut(place).into_iter().for_each(HttpChannel::cancel);
            }
            Stage::Posting { place } => {
                self.found = None;
                if let Some(remote) = self.places.get_mut(place) {
                    remote.cancel();
                    self.stats = remote.request_stats();
                }
            }
            Stage::Idle => {}
        }
    }

    fn request_stats(&self) -> RequestStats {
        self.stats
    }
}
