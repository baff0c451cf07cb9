//! The size of requests after the server refused one as too large.

/// Half of what the server refused, and twice as much after enough accepted requests, in case another server has taken over.
#[derive(Debug)]
pub(super) struct RequestSize {
    limit: usize,
    /// Accepted since the last change. Only requests that come near the limit count.
    accepted: u32,
    /// How many requests must be accepted before the limit doubles.
    needed: u32,
    /// The last change was an increase.
    has_grown: bool,
}

/// Requests are not made smaller than this, unless a single span is.
const SMALLEST: usize = 4096;
const FEWEST_NEEDED: u32 = 16;
/// A server whose limit stays refuses no more than one request in so many.
const MOST_NEEDED: u32 = 1024;

impl RequestSize {
    pub(super) fn unlimited() -> Self {
        RequestSize { limit: usize::MAX, accepted: 0, needed: FEWEST_NEEDED, has_grown: false }
    }

    /// The largest size of the spans in a request.
    pub(super) fn limit(&self) -> usize {
        self.limit
    }

    /// The server refused a request of this size as too large.
    pub(super) fn refused(&mut self, bytes: usize) {
        if self.has_grown {
            self.needed = (self.needed * 2).min(MOST_NEEDED);
        }
        self.limit = (bytes / 2).max(SMALLEST);
        self.accepted = 0;
        self.has_grown = false;
    }

    /// The server accepted a request of this size.
    pub(super) fn accepted(&mut self, bytes: usize) {
        if self.limit == usize::MAX || bytes <= self.limit / 2 {
            return;
        }
        self.accepted += 1;
        if self.accepted >= self.needed {
            if self.has_grown {
                // The last increase held.
                self.needed = FEWEST_NEEDED;
            }
            self.limit = self.limit.saturating_mul(2);
            self.accepted = 0;
            self.has_grown = true;
        }
    }
}
