//! The rows as columns of numbers, which the script draws from.

use std::collections::HashMap;
use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::pages::palette::Palette;
use crate::pages::trace::view::View;

/// What is particular about a row, as bits.
pub(super) mod flags {
    use crate::analysis::Row;
    use crate::model::Span;

    pub(crate) const FAILED: u32 = 1;
    const MISSING_PARENT: u32 = 2;
    const DUPLICATE: u32 = 4;
    const CUT: u32 = 8;
    const NOT_WAITED_FOR: u32 = 16;
    const OUTLIVES: u32 = 32;
    const ENDS_BEFORE_START: u32 = 64;

    pub(crate) fn of(row: &Row, span: &Span) -> u32 {
        let bits = [
            (span.is_failed, FAILED),
            (row.missing_parent.is_some(), MISSING_PARENT),
            (row.is_duplicate || span.marks.is_duplicate, DUPLICATE),
            (row.is_cut, CUT),
            (!row.is_blocking, NOT_WAITED_FOR),
            (row.outlives_parent && row.is_blocking, OUTLIVES),
            (span.marks.ends_before_start, ENDS_BEFORE_START),
        ];
        bits.into_iter().filter(|(is_set, _)| *is_set).fold(0, |all, (_, bit)| all | bit)
    }

    /// The words of the most important mark beside a failure. The script has the same list.
    pub(crate) fn text(flags: u32) -> &'static str {
        match flags {
            flags if flags & MISSING_PARENT != 0 => "parent missing",
            flags if flags & CUT != 0 => "circle cut",
            flags if flags & DUPLICATE != 0 => "same id twice",
            flags if flags & ENDS_BEFORE_START != 0 => "ends before it starts",
            flags if flags & OUTLIVES != 0 => "outlives parent",
            flags if flags & NOT_WAITED_FOR != 0 => "not waited for",
            _ => "",
        }
    }
}

/// Moments of logs beyond these are left out.
const MAX_LOGS: usize = 20_000;

/// Texts are sent once, and named by their number.
#[derive(Default)]
struct Texts<'a> {
    numbers: HashMap<&'a str, usize>,
    texts: Vec<&'a str>,
}

impl<'a> Texts<'a> {
    fn number(&mut self, text: &'a str) -> usize {
        *self.numbers.entry(text).or_insert_with(|| {
            self.texts.push(text);
            self.texts.len() - 1
        })
    }
}

impl View {
    /// The columns as JSON that may stand inside of a `script` element.
    pub(super) fn columns(&self, palette: &Palette) -> String {
        let rows = self.tree.rows();
        let (start, _) = self.bounds;
        // Traces of a few milliseconds need nanoseconds to be told apart.
        let unit = if self.length_ns() < 10_000_000 { 1 } else { 1_000 };
        let at = |unix_ns: u64| unix_ns.saturating_sub(start) / unit;
        let (mut services, mut names) = (Texts::default(), Texts::default());
        let mut ids = String::with_capacity(16 * rows.len());
        let mut logs = Vec::new();
        let (mut service, mut name) = (Vec::with_capacity(rows.len()), Vec::with_capacity(rows.len()));
        for row in 0..rows.len() {
            let span = self.span(row);
            service.push(services.number(span.service()));
            name.push(names.number(&span.name));
            let _ = write!(ids, "{}", span.span_id);
            let room = MAX_LOGS.saturating_sub(logs.len() / 2);
            logs.extend(span.logs.iter().take(room).flat_map(|log| [row as u64, at(log.unix_ns)]));
        }
        let path =
            self.path.iter().flat_map(|part| [part.row as u64, at(part.start_ns), at(part.end_ns) - at(part.start_ns)]);
        let column = |value: &dyn Fn(usize) -> u64| (0..rows.len()).map(value).collect::<Vec<u64>>();
        let classes: Vec<String> = services.texts.iter().map(|service| palette.class(service)).collect();
        let columns = json!({
            "unit": unit,
            "length": self.length_ns() / unit,
            "services": services.texts,
            "classes": classes,
            "names": names.texts,
            "ids": ids,
            "service": service,
            "name": name,
            "depth": column(&|row| rows[row].depth as u64),
            "below": column(&|row| rows[row].descendants as u64),
            "from": column(&|row| at(rows[row].start_ns)),
            "took": column(&|row| rows[row].duration_ns() / unit),
            "flags": column(&|row| u64::from(flags::of(&rows[row], self.span(row)))),
            "path": path.collect::<Vec<u64>>(),
            "logs": logs,
        });
        for_script(&columns)
    }
}

/// Nothing inside of the text ends the element.
fn for_script(value: &Value) -> String {
    value.to_string().replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026")
}
