//! Human-readable durations: three digits and a unit.

/// `812 ns`, `4.21 µs`, `42.1 ms`, `1.87 s`, `2m 05s`, `3h 07m`.
pub(super) fn human(ns: u64) -> String {
    if ns < 1_000 {
        return format!("{ns} ns");
    }
    const UNITS: [(u64, &str); 3] = [(1_000, "µs"), (1_000_000, "ms"), (1_000_000_000, "s")];
    for (unit, name) in UNITS {
        for (decimals, per_unit) in [(2, 100), (1, 10), (0, 1)] {
            let rounded = (u128::from(ns) * per_unit + u128::from(unit) / 2) / u128::from(unit);
            // Seconds go up to 60, other units up to 1,000.
            if rounded < 1_000 && (name != "s" || rounded < 60 * per_unit) {
                return format!("{:.decimals$} {name}", rounded as f64 / per_unit as f64);
            }
        }
    }
    let seconds = ns.saturating_add(500_000_000) / 1_000_000_000;
    if seconds < 3_600 {
        format!("{}m {:02}s", seconds / 60, seconds % 60)
    } else {
        format!("{}h {:02}m", seconds / 3_600, seconds / 60 % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::human;

    #[track_caller]
    fn check(ns: u64, expected: &str) {
        assert_eq!(human(ns), expected, "{ns} ns");
    }

    #[test]
    fn writes_three_digits_and_a_unit() {
        for (ns, expected) in [
            (0, "0 ns"),
            (999, "999 ns"),
            (1_000, "1.00 µs"),
            (4_212, "4.21 µs"),
            (9_994, "9.99 µs"),
            (9_996, "10.0 µs"),
            (42_120, "42.1 µs"),
            (99_960, "100 µs"),
            (999_400, "999 µs"),
            (999_600, "1.00 ms"),
            (187_400_000, "187 ms"),
            (1_870_000_000, "1.87 s"),
            (59_940_000_000, "59.9 s"),
            (59_960_000_000, "1m 00s"),
            (125_400_000_000, "2m 05s"),
            (3_599_600_000_000, "1h 00m"),
            (11_220_000_000_000, "3h 07m"),
            (u64::MAX, "5124095h 34m"),
        ] {
            check(ns, expected);
        }
    }
}
