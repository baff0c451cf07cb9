//! Finds the agent of this host, and posts requests to it.

use std::path::Path;
use std::time::Duration;

use crate::connection::{Answer, Channel, Endpoint, HttpChannel, RequestStats};
use crate::instana::gateway::{ROUTES, default_gateway};
use crate::instana::settings::InstanaAgentFallback;
use crate::transport::TransportCheck;

/// Asks each address in turn whether an agent is there, and posts to the first one that is. After a failed request the agent counts as
/// gone, and the next request starts a new search.
#[derive(Debug)]
pub(crate) struct AgentLookup {
    pub(crate) fallback: InstanaAgentFallback,
    /// The configured address and, from the first request on, the gateway.
    candidates: Vec<HttpChannel>,
    state: State,
    /// The candidate with the agent.
    found: Option<usize>,
    /// The candidate to start the next search with.
    next: usize,
    /// Size and latency of the last posted request.
    stats: RequestStats,
}

#[derive(Debug)]
enum State {
    Idle,
    /// Searching. The request waits until an agent is found.
    Asking {
        candidate: usize,
        first: usize,
        body: Vec<u8>,
        content_type: &'static str,
        errors: String,
    },
    Posting {
        candidate: usize,
    },
}

impl AgentLookup {
    pub(crate) fn new(agent: Endpoint) -> Self {
        AgentLookup {
            fallback: InstanaAgentFallback::default(),
            candidates: vec![HttpChannel::agent(agent)],
            state: State::Idle,
            found: None,
            next: 0,
            stats: RequestStats::default(),
        }
    }

    pub(crate) fn set_path(&mut self, path: &str) {
        self.candidates.iter_mut().for_each(|candidate| candidate.endpoint.path = path.into());
    }

    /// The agent at the default gateway, which is another host than the configured one.
    fn gateway(&self) -> Option<Endpoint> {
        let routes = match &self.fallback {
            InstanaAgentFallback::DefaultGateway => Path::new(ROUTES),
            InstanaAgentFallback::DefaultGatewayIn(path) => path,
            InstanaAgentFallback::None => return None,
        };
        let agent = &self.candidates.first()?.endpoint;
        let gateway = agent.clone().at_host(&default_gateway(routes)?.to_string());
        (gateway.host != agent.host).then_some(gateway)
    }

    /// Reads the routes again, since the network may have changed.
    fn find_gateway(&mut self) {
        let gateway = self.gateway();
        let known = self.candidates.get(1).map(|candidate| &candidate.endpoint.host);
        if known != gateway.as_ref().map(|gateway| &gateway.host) {
            self.candidates.truncate(1);
            self.candidates.extend(gateway.map(HttpChannel::agent));
        }
    }

    fn ask(&mut self, candidate: usize, first: usize, body: Vec<u8>, content_type: &'static str, errors: String) {
        if let Some(remote) = self.candidates.get_mut(candidate) {
            remote.start_get("/");
        }
        self.state = State::Asking { candidate, first, body, content_type, errors };
    }

    fn post(&mut self, candidate: usize, body: Vec<u8>, content_type: &'static str) {
        if let Some(remote) = self.candidates.get_mut(candidate) {
            remote.start(body, content_type);
        }
        self.state = State::Posting { candidate };
    }

    /// Continues the search with the answer of a candidate.
    fn continue_search(&mut self, answer: Answer) -> Option<Answer> {
        let state = std::mem::replace(&mut self.state, State::Idle);
        let State::Asking { candidate, first, body, content_type, mut errors } = state else { return Some(answer) };
        match answer {
            Answer::Accepted(_) => {
                self.found = Some(candidate);
                self.next = candidate;
                self.post(candidate, body, content_type);
                None
            }
            Answer::Retry { error, .. } | Answer::Refused(error) => {
                let separator = if errors.is_empty() { "" } else { "; " };
                errors.push_str(&format!("{separator}{error}"));
                self.ask_next(candidate, first, body, content_type, errors)
            }
            Answer::TooLarge => self.ask_next(candidate, first, body, content_type, errors),
        }
    }

    fn ask_next(
        &mut self,
        candidate: usize,
        first: usize,
        body: Vec<u8>,
        content_type: &'static str,
        errors: String,
    ) -> Option<Answer> {
        let next = (candidate + 1) % self.candidates.len().max(1);
        if next == first {
            self.next = 0;
            return Some(Answer::retry(format!("no Instana agent found: {errors}")));
        }
        self.ask(next, first, body, content_type, errors);
        None
    }
}

impl Channel for AgentLookup {
    fn start(&mut self, body: Vec<u8>, content_type: &'static str) {
        self.stats = RequestStats::default();
        if let Some(candidate) = self.found {
            return self.post(candidate, body, content_type);
        }
        self.find_gateway();
        let first = if self.next < self.candidates.len() { self.next } else { 0 };
        self.ask(first, first, body, content_type, String::new());
    }

    fn answer(&mut self, wait: Duration) -> Option<Answer> {
        loop {
            let candidate = match self.state {
                State::Asking { candidate, .. } | State::Posting { candidate } => candidate,
                State::Idle => return None,
            };
            let remote = self.candidates.get_mut(candidate)?;
            let answer = remote.answer(wait)?;
            if let State::Posting { .. } = self.state {
                self.state = State::Idle;
                self.stats = remote.request_stats();
                if let Answer::Retry { after: None, .. } = answer {
                    self.found = None;
                }
                return Some(answer);
            }
            if let Some(answer) = self.continue_search(answer) {
                return Some(answer);
            }
        }
    }

    fn cancel(&mut self) {
        match std::mem::replace(&mut self.state, State::Idle) {
            State::Asking { candidate, .. } => {
                // It does not even refuse: the next search starts elsewhere.
                self.next = candidate + 1;
                self.candidates.get_mut(candidate).into_iter().for_each(HttpChannel::cancel);
            }
            State::Posting { candidate } => {
                self.found = None;
                if let Some(remote) = self.candidates.get_mut(candidate) {
                    remote.cancel();
                    self.stats = remote.request_stats();
                }
            }
            State::Idle => {}
        }
    }

    /// Asks as the search does.
    fn check(&self, _: Vec<u8>, _: &'static str) -> TransportCheck {
        const SUCCESS: &str = "is an Instana agent";
        let Some(agent) = self.candidates.first() else { return TransportCheck::unavailable("there is no address") };
        let check = agent.check_get("/", SUCCESS);
        match self.gateway() {
            Some(gateway) => check.or(HttpChannel::agent(gateway).check_get("/", SUCCESS)),
            None => check,
        }
    }

    fn request_stats(&self) -> RequestStats {
        self.stats
    }
}
