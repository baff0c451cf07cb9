//! What one span may hold.

/// The most that a span and its baggage may hold. What is over is left out or cut, and counted in
/// [`Stats`](crate::Stats).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Tags of a span, and fields of one log. 128 by default.
    pub tags: u16,
    /// Logs of a span. 128 by default.
    pub logs: u16,
    /// Bytes of one text value, cut on a character boundary. 4,096 by default, a mebibyte at most. Once all texts of a span
    /// together have taken a mebibyte, further ones are left out.
    pub value_bytes: u32,
    /// Baggage items. 64 by default, which W3C Baggage asks everybody to carry.
    pub baggage_items: u16,
    /// Bytes of all baggage names, values and properties. 8,192 by default.
    pub baggage_bytes: u32,
    /// Distinct operation names of a tracer, beyond which further ones are counted. 1,000 by default. Names that stand in the program
    /// as literals are not made of data, and do not count.
    pub operation_names: u32,
    /// What becomes of an operation name beyond the limit. Kept by default.
    pub excess_names: ExcessNames,
}

/// What becomes of the operation names beyond [`Limits::operation_names`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum ExcessNames {
    /// They stay, since the name is the user's; a warning goes to `log` once.
    #[default]
    Keep,
    /// They become `_OTHER`.
    Replace,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            tags: 128,
            logs: 128,
            value_bytes: 4096,
            baggage_items: 64,
            baggage_bytes: 8192,
            operation_names: 1000,
            excess_names: ExcessNames::Keep,
        }
    }
}
