//! The lists of peers and of their known faults. Both have one row a line, with columns separated by blanks; `#` starts a comment.

use std::path::Path;
use std::{fmt, fs};

use examples::BoxError;

use crate::headers::Format;

/// A peer with one of its formats.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    /// The folder of the peer.
    pub(crate) peer: String,
    /// The argument of the peer, which may name a variant, as in `jaeger-64`.
    pub(crate) format: String,
    /// The headers that the variant reads and writes.
    pub(crate) headers: Format,
    /// The formats of the relay; `None` for its defaults.
    pub(crate) relay: Option<String>,
}

/// All rows.
#[derive(Debug)]
pub(crate) struct Rows(Vec<Row>);

impl Rows {
    pub(crate) fn read(file: &Path) -> Result<Rows, BoxError> {
        let mut rows = Vec::new();
        for line in lines(file)? {
            let columns: Vec<&str> = line.split_whitespace().collect();
            let [peer, format, relay] = columns[..] else {
                return Err(format!("{}: expected peer, format, relay's formats: {line}", file.display()).into());
            };
            let headers = format.split(['-', '+']).next().unwrap_or_default().parse()?;
            let relay = (relay != "default").then(|| relay.to_owned());
            rows.push(Row { peer: peer.to_owned(), format: format.to_owned(), headers, relay });
        }
        Ok(Rows(rows))
    }

    pub(crate) fn matching(self, pattern: &str) -> Vec<Row> {
        let matches = |row: &Row| format!("{} {}", row.peer, row.format).contains(pattern);
        self.0.into_iter().filter(matches).collect()
    }
}

/// What a peer does wrong with any other service.
#[derive(Debug)]
pub(crate) struct Fault {
    peer: String,
    /// `*` for all.
    format: String,
    /// `*` for all.
    start: String,
    /// The aspects of complaints that it covers, separated by commas.
    aspects: String,
    pub(crate) reason: String,
}

impl Fault {
    pub(crate) fn covers(&self, aspect: &str) -> bool {
        self.aspects.split(',').any(|covered| covered == aspect)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Fault { peer, format, start, aspects, reason } = self;
        write!(f, "{peer} {format} {start} {aspects} {reason}")
    }
}

/// All listed faults.
#[derive(Debug)]
pub(crate) struct Faults(Vec<Fault>);

impl Faults {
    pub(crate) fn read(file: &Path) -> Result<Faults, BoxError> {
        let mut faults = Vec::new();
        for line in lines(file)? {
            let mut rest = line.as_str();
            let mut column = || {
                let (first, others) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
                rest = others.trim_start();
                first.to_owned()
            };
            let (peer, format, start, aspects) = (column(), column(), column(), column());
            if rest.is_empty() {
                return Err(format!("{}: expected peer, format, start, aspects, reason: {line}", file.display()).into());
            }
            faults.push(Fault { peer, format, start, aspects, reason: rest.to_owned() });
        }
        Ok(Faults(faults))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Fault> {
        self.0.iter()
    }

    /// The fault that is known of this peer and start.
    pub(crate) fn find(&self, row: &Row, start: &str) -> Option<&Fault> {
        let matches = |pattern: &str, text: &str| pattern == "*" || pattern == text;
        self.0
            .iter()
            .find(|fault| fault.peer == row.peer && matches(&fault.format, &row.format) && matches(&fault.start, start))
    }
}

fn lines(file: &Path) -> Result<Vec<String>, BoxError> {
    let text = fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
    Ok(lines.filter(|line| !line.is_empty()).map(str::to_owned).collect())
}
