//! The limits of a span and its baggage.

/// The limits of a span and its baggage. Whatever exceeds them is dropped or truncated, and counted in [`Stats`](crate::Stats).
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
    /// Maximum number of tags of a span. 128 by default.
    pub tags: u16,
    /// Maximum number of logs of a span. 128 by default.
    pub logs: u16,
    /// Maximum number of fields of one log. Further ones are dropped. 128 by default.
    pub log_fields: u16,
    /// Maximum number of references of a span to others. The parent is never dropped. 128 by default.
    pub references: u16,
    /// Maximum size of a text value in bytes. Longer values are truncated on a character boundary. 4,096 by default, 1 MiB at most.
    /// All texts of a span together take at most 1 MiB; further ones are dropped.
    pub value_bytes: u32,
    /// Maximum number of baggage items. 64 by default, the number that W3C Baggage requires every implementation to propagate.
    pub baggage_items: u16,
    /// Maximum size of all baggage keys, values and properties together in bytes. 8,192 by default.
    pub baggage_bytes: u32,
    /// Number of distinct operation names of a tracer above which further ones are counted as excess. 1,000 by default. Literals do not
    /// count.
    pub operation_names: u32,
    /// What happens to operation names above the limit. They are kept by default.
    pub excess_names: ExcessNames,
}

/// What happens to operation names above [`Limits::operation_names`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum ExcessNames {
    /// The names are kept, and the tracer writes one warning to `log`.
    #[default]
    Keep,
    /// The names are replaced by `_OTHER`.
    Replace,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            tags: 128,
            logs: 128,
            log_fields: 128,
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
    tags: u16, "maximum number of tags of a span";
    logs: u16, "maximum number of logs of a span";
    log_fields: u16, "maximum number of fields of one log";
    references: u16, "maximum number of references of a span";
    value_bytes: u32, "maximum size of a text value in bytes";
    baggage_items: u16, "maximum number of baggage items";
    baggage_bytes: u32, "maximum size of all baggage in bytes";
    operation_names: u32, "number of distinct operation names";
    excess_names: ExcessNames, "what happens to operation names above the limit";
}
