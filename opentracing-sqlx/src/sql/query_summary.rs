//! The value of `db.query.summary`: operations and tables in the order of the text.

/// Collects the parts of a summary, as they are written in the statement.
#[derive(Default)]
pub(super) struct QuerySummary {
    text: String,
    characters: usize,
    is_full: bool,
}

impl QuerySummary {
    /// Adds a part, unless the summary would become too long with it. Nothing follows what was left out.
    pub(super) fn push(&mut self, part: &str) {
        let separator = usize::from(!self.text.is_empty());
        let characters = self.characters + separator + part.chars().count();
        self.is_full |= characters > MAX_CHARACTERS;
        if self.is_full {
            return;
        }
        if separator == 1 {
            self.text.push(' ');
        }
        self.text.push_str(part);
        self.characters = characters;
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }
}

/// OpenTelemetry, "Generating a summary of the query".
const MAX_CHARACTERS: usize = 255;
