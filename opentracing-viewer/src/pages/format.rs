//! Numbers for readers.

use std::fmt;

use askama::FastWritable;

/// A duration in nanoseconds, with three digits and the unit that fits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub(super) struct Length(pub(super) u64);

/// A time in nanoseconds since 1970, in UTC and with milliseconds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub(super) struct Moment(pub(super) u64);

/// A share from 0 to 1, in per cent.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub(super) struct Share(pub(super) f64);

/// A number of bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Bytes(pub(super) u64);

impl fmt::Display for Length {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [(u64, &str); 4] = [(1_000_000_000, "s"), (1_000_000, "ms"), (1_000, "µs"), (1, "ns")];
        if self.0 == 0 {
            return f.write_str("0 s");
        }
        // The largest unit of which there is one, after rounding.
        let (one, unit) = UNITS.into_iter().find(|(one, _)| self.0 * 2 >= one * 2 - one / 1_000).unwrap_or((1, "ns"));
        let value = self.0 as f64 / one as f64;
        if unit == "s" && value >= 99.95 {
            let seconds = self.0 / one;
            return write!(f, "{} min {} s", seconds / 60, seconds % 60);
        }
        let digits = match value {
            _ if self.0.is_multiple_of(one) => 0,
            value if value >= 99.95 => 0,
            value if value >= 9.995 => 1,
            _ => 2,
        };
        write!(f, "{value:.digits$} {unit}")
    }
}

impl Moment {
    /// The calendar day and the nanoseconds since midnight.
    fn parts(self) -> (i64, u32, u32, u64) {
        const DAY: u64 = 86_400_000_000_000;
        // Days since 1 March of the year 0, in eras of 400 years.
        let days = (self.0 / DAY) as i64 + 719_468;
        let (era, of_era) = (days / 146_097, days % 146_097);
        let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year + year / 4 - year / 100);
        let month = (5 * of_year + 2) / 153;
        let day = of_year - (153 * month + 2) / 5 + 1;
        let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
        (era * 400 + year + next, month as u32, day as u32, self.0 % DAY)
    }

    /// The time in the form of RFC 3339, with nanoseconds.
    pub(super) fn rfc3339(self) -> String {
        let (year, month, day, ns) = self.parts();
        let (seconds, ns) = (ns / 1_000_000_000, ns % 1_000_000_000);
        let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{ns:09}Z")
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.rfc3339();
        write!(f, "{} {} UTC", &text[..10], &text[11..23])
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = self.0 * 100.0;
        let digits = usize::from(percent != 0.0 && percent < 9.95);
        write!(f, "{percent:.digits$} %")
    }
}

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            bytes if bytes >= 1 << 20 => write!(f, "{:.1} MiB", bytes as f64 / f64::from(1 << 20)),
            bytes if bytes >= 1 << 10 => write!(f, "{:.1} KiB", bytes as f64 / f64::from(1 << 10)),
            bytes => write!(f, "{bytes} B"),
        }
    }
}

/// Lets templates write these without their filter of HTML, since they have no character of its.
macro_rules! plain {
    ($($type:ty),*) => {$(
        impl FastWritable for $type {
            fn write_into(&self, dest: &mut dyn fmt::Write, _: &dyn askama::Values) -> askama::Result<()> {
                Ok(write!(dest, "{self}")?)
            }
        }
    )*};
}
plain!(Length, Moment, Share, Bytes);

/// Reads a duration such as `1.5s`, `20 ms`, `300us` or `7ns`; a bare number is in milliseconds.
pub(super) fn parse_length(text: &str) -> Option<u64> {
    let text = text.trim();
    let split = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let one = match unit.trim() {
        "ns" => 1.0,
        "us" | "µs" | "μs" => 1e3,
        "" | "ms" => 1e6,
        "s" => 1e9,
        "m" | "min" => 6e10,
        _ => return None,
    };
    let ns = number.parse::<f64>().ok()? * one;
    (ns.is_finite() && ns < u64::MAX as f64).then_some(ns.round() as u64)
}
