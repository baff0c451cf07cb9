//! What one span may hold.

/// The limits of a span and its baggage. What exceeds them is dropped or truncated, and counted in [`Stats`](crate::Stats).
///
/// ```
/// use opentracing_core::{ExcessNames, Limits, Tracer};
///
/// let limits = Limits::default().tags(32).value_bytes(1024).excess_names(ExcessNames::Replace);
/// let builder = Tracer::builder("shop").limits(limits);
/// # drop(builder);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Tags of a span, and fields of one log. 128 by default.
    pub tags: u16,
    /// Logs of a span. 128 by default.
    pub logs: u16,
    /// References of a span to others; further ones are dropped, never the parent. 128 by default.
    pub references: u16,
    /// Bytes of one text value; longer ones are truncated on a character boundary. 4,096 by default, 1 MiB at most. Once all texts of
    /// a span together take 1 MiB, further ones are dropped.
    pub value_bytes: u32,
    /// Baggage items. 64 by default, which W3C Baggage asks everybody to carry.
    pub baggage_items: u16,
    /// Bytes of all baggage names, values and properties. 8,192 by default.
    pub baggage_bytes: u32,
    /// Distinct operation names of a tracer, beyond which further ones are counted. 1,000 by default. Literals do not count.
    pub operation_names: u32,
    /// What happens to an operation name beyond the limit. Kept by default.
    pub excess_names: ExcessNames,
}

/// What happens to operation names beyond [`Limits::operation_names`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum ExcessNames {
    /// They stay; the tracer writes one warning to `log`.
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
            references: 128,
            value_bytes: 4096,
            baggage_items: 64,
            baggage_bytes: 8192,
            operation_names: 1000,
            excess_names: ExcessNames::Keep,
        }
    }
}

macro_rules! setters {
    ($($field:ident: $type:ty, $doc:literal;)+) => {
        impl Limits {
            $(#[doc = concat!("Sets [`", stringify!($field), "`](#structfield.", stringify!($field), "): ", $doc, ".")]
            #[must_use]
            pub const fn $field(mut self, $field: $type) -> Self {
                self.$field = $field;
                self
            })+
        }
    };
}

setters! {
    tags: u16, "tags of a span, and fields of one log";
    logs: u16, "logs of a span";
    value_bytes: u32, "bytes of one text value";
    baggage_items: u16, "baggage items";
    baggage_bytes: u32, "bytes of all baggage";
    operation_names: u32, "distinct operation names";
    excess_names: ExcessNames, "what happens to further operation names";
}
