//! The bar of a span on the time axis of its trace.

/// The time axis: its start, its length, and its width in columns.
#[derive(Clone, Copy, Debug)]
pub(super) struct Axis {
    pub(super) start_ns: u64,
    pub(super) length_ns: u64,
    pub(super) columns: usize,
}

impl Axis {
    /// A line over the columns in which the span ran, to the nearest half column, and at least half a column long. Includes leading
    /// blanks, but no trailing ones.
    pub(super) fn bar(self, start_ns: u64, duration_ns: u64) -> String {
        let halves = self.columns * 2;
        if halves == 0 {
            return String::new();
        }
        let begin = self.half(start_ns.saturating_sub(self.start_ns)).min(halves - 1);
        let end =
            self.half(start_ns.saturating_sub(self.start_ns).saturating_add(duration_ns)).clamp(begin + 1, halves);
        let column = |column: usize| {
            let covered = |half: usize| (begin..end).contains(&half);
            match (covered(column * 2), covered(column * 2 + 1)) {
                (true, true) => '━',
                (true, false) => '╸',
                (false, true) => '╺',
                (false, false) => ' ',
            }
        };
        (0..end.div_ceil(2)).map(column).collect()
    }

    fn half(self, offset_ns: u64) -> usize {
        let length = u128::from(self.length_ns.max(1));
        let half = (u128::from(offset_ns) * self.columns as u128 * 2 + length / 2) / length;
        usize::try_from(half).unwrap_or(usize::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::Axis;

    #[track_caller]
    fn check(name: &str, (start_ns, duration_ns): (u64, u64), expected: &str) {
        let axis = Axis { start_ns: 1_000, length_ns: 100, columns: 5 };
        assert_eq!(axis.bar(start_ns, duration_ns), expected, "{name}");
    }

    #[test]
    fn draws_where_the_span_ran() {
        for (name, span, expected) in [
            ("all", (1_000, 100), "━━━━━"),
            ("first half", (1_000, 50), "━━╸"),
            ("second half", (1_050, 50), "  ╺━━"),
            ("no time at the beginning", (1_000, 0), "╸"),
            ("no time at the end", (1_100, 0), "    ╺"),
            ("little time", (1_042, 1), "  ╸"),
            ("starts before the axis", (0, 20), "━"),
            ("ends beyond the axis", (1_080, u64::MAX), "    ━"),
        ] {
            check(name, span, expected);
        }
    }

    #[test]
    fn draws_a_trace_without_duration() {
        let axis = Axis { start_ns: 7, length_ns: 0, columns: 3 };
        assert_eq!(axis.bar(7, 0), "╸");
        assert_eq!(Axis { columns: 0, ..axis }.bar(7, 0), "");
    }
}
