//! The measured operations.

use std::str::FromStr;

/// One operation, as similar for each library as the APIs allow.
///
/// Five tags are two static texts, one text of 40 bytes that the caller owns, and two integers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Case {
    /// A root span, started and finished.
    Root0,
    /// A root span with five tags given at its start.
    Root5,
    /// A root span with five tags set one by one after its start.
    Root5Late,
    /// A root span with one log: the event's name, one text and one integer.
    Log1,
    /// A root with ten children, given their parent.
    Tree10,
    /// A root with ten children that find the active parent.
    Tree10Implicit,
    /// A root with ten children that find the active parent and become active themselves.
    Tree10Active,
    /// A root with a hundred children, given their parent.
    Tree100,
    /// A root with a hundred children that find the active parent.
    Tree100Implicit,
    /// A root with a hundred children that find the active parent and become active themselves.
    Tree100Active,
    /// A root that is not sampled, with five tags set after its start.
    Unsampled5,
    /// A root that is not sampled, with five tags given at its start.
    Unsampled5Start,
    /// Tracing is off, five tags set after the start.
    Noop5,
    /// A child of a span that is not sampled, given its parent.
    UnsampledChild,
    /// A child of a span that is not sampled, which finds the active parent.
    UnsampledChildImplicit,
    /// A future in a span, ready at the twentieth poll.
    Poll20,
    /// A span on which a callback sets one tag through a shared handle.
    Shared1,
    /// A context read from `traceparent` and `tracestate`, and written to other headers.
    Propagate,
    /// The same with the default formats of the library.
    PropagateDefault,
}

/// Goals, set before the first measurement: ratios to fastrace, and allocations of all threads per operation.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Goals {
    pub(crate) time: Option<f64>,
    pub(crate) instructions: Option<f64>,
    pub(crate) allocations: Option<f64>,
}

/// Maximum number of spans in a burst, so that no queue overflows and every span can be checked.
const BURST_SPANS: u32 = 1000;
/// Operations in one burst of a case without spans.
const BURST_EMPTY: u32 = 10_000;

impl Case {
    /// All cases, in the order of the table.
    pub const ALL: [Case; 19] = [
        Case::Root0,
        Case::Root5,
        Case::Root5Late,
        Case::Log1,
        Case::Tree10,
        Case::Tree10Implicit,
        Case::Tree10Active,
        Case::Tree100,
        Case::Tree100Implicit,
        Case::Tree100Active,
        Case::Unsampled5,
        Case::Unsampled5Start,
        Case::Noop5,
        Case::UnsampledChild,
        Case::UnsampledChildImplicit,
        Case::Poll20,
        Case::Shared1,
        Case::Propagate,
        Case::PropagateDefault,
    ];

    /// The name in the table and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Case::Root0 => "root0",
            Case::Root5 => "root5",
            Case::Root5Late => "root5-late",
            Case::Log1 => "log1",
            Case::Tree10 => "tree10",
            Case::Tree10Implicit => "tree10-implicit",
            Case::Tree10Active => "tree10-active",
            Case::Tree100 => "tree100",
            Case::Tree100Implicit => "tree100-implicit",
            Case::Tree100Active => "tree100-active",
            Case::Unsampled5 => "unsampled5",
            Case::Unsampled5Start => "unsampled5-start",
            Case::Noop5 => "noop5",
            Case::UnsampledChild => "unsampled-child",
            Case::UnsampledChildImplicit => "unsampled-child-implicit",
            Case::Poll20 => "poll20",
            Case::Shared1 => "shared1",
            Case::Propagate => "propagate",
            Case::PropagateDefault => "propagate-default",
        }
    }

    /// Spans that one operation sends to the sink.
    pub const fn spans(self) -> u32 {
        match self {
            Case::Root0 | Case::Root5 | Case::Root5Late | Case::Log1 | Case::Poll20 | Case::Shared1 => 1,
            Case::Tree10 | Case::Tree10Implicit | Case::Tree10Active => 11,
            Case::Tree100 | Case::Tree100Implicit | Case::Tree100Active => 101,
            Case::Unsampled5
            | Case::Unsampled5Start
            | Case::Noop5
            | Case::UnsampledChild
            | Case::UnsampledChildImplicit
            | Case::Propagate
            | Case::PropagateDefault => 0,
        }
    }

    /// Children that one operation starts under its root.
    pub(crate) const fn children(self) -> u32 {
        self.spans().saturating_sub(1)
    }

    /// Operations between two flushes.
    pub const fn burst(self) -> u32 {
        match (self, self.spans()) {
            (_, 0) => BURST_EMPTY,
            // fastrace queues an entry at each poll.
            (Case::Poll20, _) => BURST_SPANS / 4,
            (_, spans) => BURST_SPANS / spans,
        }
    }

    pub(crate) fn is_sampled(self) -> bool {
        !matches!(self, Case::Unsampled5 | Case::Unsampled5Start | Case::UnsampledChild | Case::UnsampledChildImplicit)
    }

    pub(crate) fn goals(self) -> Goals {
        let free = Goals { allocations: Some(0.0), ..Goals::default() };
        match self {
            Case::Root0 => Goals { time: Some(0.55), instructions: Some(0.25), ..free },
            Case::Root5Late | Case::Unsampled5 | Case::Unsampled5Start => Goals { time: Some(0.2), ..free },
            Case::Log1 => Goals { time: Some(0.5), ..free },
            Case::Tree100 => Goals { time: Some(0.95), ..free },
            Case::Shared1 | Case::Propagate | Case::PropagateDefault => Goals::default(),
            _ => free,
        }
    }

    /// Stricter goals.
    pub(crate) fn further_goals(self) -> Goals {
        match self {
            Case::Root5Late => Goals { time: Some(0.12), ..Goals::default() },
            Case::Root5 => Goals { time: Some(0.35), ..Goals::default() },
            Case::Unsampled5 | Case::Unsampled5Start => Goals { time: Some(0.13), ..Goals::default() },
            Case::Tree100 => Goals { instructions: Some(0.5), ..Goals::default() },
            _ => Goals::default(),
        }
    }
}

impl FromStr for Case {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Case::ALL.into_iter().find(|case| case.name() == name).ok_or_else(|| format!("unknown case {name}"))
    }
}
