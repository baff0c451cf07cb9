//! The operations of one trace.

use std::collections::HashMap;

use crate::pages::format::{Length, Share};
use crate::pages::palette::Palette;
use crate::pages::trace::view::View;

/// An operation and its part of the trace.
pub(super) struct Operation {
    pub(super) class: String,
    pub(super) service: String,
    pub(super) name: String,
    pub(super) count: usize,
    pub(super) failed: usize,
    pub(super) total: Length,
    pub(super) self_time: Length,
    pub(super) share: Share,
    pub(super) first: String,
}

/// The sums of an operation.
#[derive(Default)]
struct Sums {
    rows: Vec<usize>,
    failed: usize,
    total_ns: u64,
    self_ns: u64,
}

/// Operations beyond these are left out.
const MAX_OPERATIONS: usize = 50;

impl View {
    /// The operations with the most self time.
    pub(super) fn statistics(&self, palette: &Palette) -> Vec<Operation> {
        let all: u64 = self.self_ns.iter().sum();
        let mut found: HashMap<(&str, &str), Sums> = HashMap::new();
        for row in 0..self.tree.rows().len() {
            let span = self.span(row);
            let sums = found.entry((span.service(), &span.name)).or_default();
            sums.rows.push(row);
            sums.failed += usize::from(span.is_failed);
            sums.total_ns = sums.total_ns.saturating_add(self.tree.rows()[row].duration_ns());
            sums.self_ns = sums.self_ns.saturating_add(self.self_ns[row]);
        }
        let mut found: Vec<_> = found.into_iter().collect();
        found.sort_unstable_by(|(a, x), (b, y)| (y.self_ns, a).cmp(&(x.self_ns, b)));
        found.truncate(MAX_OPERATIONS);
        let operation = |((service, name), sums): ((&str, &str), Sums)| Operation {
            class: palette.class(service),
            service: service.to_owned(),
            name: name.to_owned(),
            count: sums.rows.len(),
            failed: sums.failed,
            total: Length(sums.total_ns),
            self_time: Length(sums.self_ns),
            share: Share(sums.self_ns as f64 / all.max(1) as f64),
            first: self.span(sums.rows[0]).span_id.to_string(),
        };
        found.into_iter().map(operation).collect()
    }
}
