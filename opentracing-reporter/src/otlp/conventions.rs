//! Which names leave: those of today's semantic conventions, or older ones.

/// Which names attributes have, for each area of OpenTelemetry's semantic conventions.
///
/// The default is today's names. A backend that still knows only older ones gets these as well, or instead:
///
/// ```
/// use opentracing_reporter::{AttributeNames, Otlp, SemanticConventions};
///
/// let conventions = SemanticConventions::new().http(AttributeNames::Both).rpc(AttributeNames::Older);
/// let otlp = Otlp::http("http://127.0.0.1:4318")?.semantic_conventions(conventions);
/// # drop(otlp);
/// # Ok::<(), opentracing_reporter::InvalidEndpoint>(())
/// ```
///
/// [`from_opt_in`](Self::from_opt_in) reads the same choice from the variable that OpenTelemetry defines for it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct SemanticConventions {
    /// Attributes of HTTP spans. The older names are those of version 1.20.
    pub http: AttributeNames,
    /// Attributes of database spans. The older names are those of version 1.24.
    pub database: AttributeNames,
    /// Attributes of messaging spans. The older names are those of version 1.24.
    pub messaging: AttributeNames,
    /// Attributes of RPC spans. The older names are those of version 1.37, and `rpc.response.status_code` of the versions between.
    pub rpc: AttributeNames,
}

/// The names of attributes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[non_exhaustive]
pub enum AttributeNames {
    /// Today's names.
    #[default]
    Current,
    /// Today's names, and older ones in addition. Where both have one name for different values, today's value wins.
    Both,
    /// The older name of each attribute that has one, and today's names of the others.
    Older,
}

impl SemanticConventions {
    /// Today's names everywhere.
    pub const fn new() -> Self {
        let current = AttributeNames::Current;
        SemanticConventions { http: current, database: current, messaging: current, rpc: current }
    }

    /// Sets the names of attributes of HTTP spans.
    #[must_use]
    pub const fn http(mut self, names: AttributeNames) -> Self {
        self.http = names;
        self
    }

    /// Sets the names of attributes of database spans.
    #[must_use]
    pub const fn database(mut self, names: AttributeNames) -> Self {
        self.database = names;
        self
    }

    /// Sets the names of attributes of messaging spans.
    #[must_use]
    pub const fn messaging(mut self, names: AttributeNames) -> Self {
        self.messaging = names;
        self
    }

    /// Sets the names of attributes of RPC spans.
    #[must_use]
    pub const fn rpc(mut self, names: AttributeNames) -> Self {
        self.rpc = names;
        self
    }

    /// Reads the value of `OTEL_SEMCONV_STABILITY_OPT_IN`: areas that are separated by commas. Also returns the entries that are not known.
    ///
    /// | entry | names |
    /// |---|---|
    /// | `http`, `database`, `messaging`, `rpc` | today's: the default |
    /// | `http/dup`, `database/dup`, `messaging/dup`, `rpc/dup` | both |
    /// | `http/old`, `database/old`, `messaging/old`, `rpc/old` | older ones only |
    ///
    /// OpenTelemetry defines the first two rows. An instrumentation that is older than today's conventions writes its old names without
    /// an entry; this one never did, so `/old` asks for them. If an area is named more than once, `/dup` wins, then the area alone.
    /// Areas without spans here, such as `code`, are accepted.
    pub fn from_opt_in(text: &str) -> (Self, Vec<&str>) {
        let mut conventions = SemanticConventions::new();
        let mut unknown = Vec::new();
        // The lowest precedence first, so that later ones overwrite it.
        for names in [AttributeNames::Older, AttributeNames::Current, AttributeNames::Both] {
            for entry in entries(text) {
                let (area, suffix) = entry.split_once('/').unwrap_or((entry, ""));
                let given = match suffix {
                    "" => AttributeNames::Current,
                    "dup" => AttributeNames::Both,
                    "old" => AttributeNames::Older,
                    _ => continue,
                };
                if given == names
                    && let Some(place) = conventions.area(area)
                {
                    *place = names;
                }
            }
        }
        for entry in entries(text) {
            let (area, suffix) = entry.split_once('/').unwrap_or((entry, ""));
            let is_known = match conventions.area(area) {
                Some(_) => matches!(suffix, "" | "dup" | "old"),
                None => FOREIGN.contains(&area),
            };
            if !is_known {
                unknown.push(entry);
            }
        }
        (conventions, unknown)
    }

    fn area(&mut self, name: &str) -> Option<&mut AttributeNames> {
        Some(match name {
            "http" => &mut self.http,
            "database" => &mut self.database,
            "messaging" => &mut self.messaging,
            "rpc" => &mut self.rpc,
            _ => return None,
        })
    }

    /// Whether every area has today's names.
    pub(super) fn is_current(&self) -> bool {
        *self == SemanticConventions::new()
    }

    /// The schema that the names follow. Spans with older names only follow none.
    pub(super) fn schema_url(&self) -> Option<&'static str> {
        let areas = [self.http, self.database, self.messaging, self.rpc];
        (!areas.contains(&AttributeNames::Older)).then_some(SCHEMA_URL)
    }
}

/// The newest published schema.
const SCHEMA_URL: &str = "https://opentelemetry.io/schemas/1.45.0";

/// Areas of other instrumentations, which share the variable.
const FOREIGN: [&str; 3] = ["code", "gen_ai_latest_experimental", "k8s"];

fn entries(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|entry| !entry.is_empty())
}
