//! Values of the file with their paths: typed access, and warnings about keys that nobody asked for.

use std::fmt::Display;

use super::document::{Data, Node};
use super::invalid::Problem;

/// A key of the file that is ignored, or replaced by something else.
#[derive(Debug)]
pub(crate) struct ConfigWarning {
    /// `tracer_provider.processors[0].batch`.
    pub(crate) path: String,
    pub(crate) text: String,
}

#[derive(Debug, Default)]
pub(super) struct Warnings(pub(super) Vec<ConfigWarning>);

impl Warnings {
    /// Adds `{path} {problem} (line {line}): {instead}`.
    pub(super) fn add(&mut self, field: &Field<'_>, problem: impl Display, instead: impl Display) {
        let text = format!("{problem} (line {}): {instead}", field.node.line);
        self.0.push(ConfigWarning { path: field.path.clone(), text });
    }

    pub(super) fn unsupported(&mut self, field: &Field<'_>) {
        self.add(field, "is not supported", "ignoring it");
    }
}

/// A value, and the path to it.
#[derive(Clone, Debug)]
pub(super) struct Field<'n> {
    pub(super) path: String,
    node: &'n Node,
}

impl<'n> Field<'n> {
    pub(super) fn root(node: &'n Node) -> Self {
        Field { path: String::new(), node }
    }

    pub(super) fn is_null(&self) -> bool {
        matches!(self.node.data, Data::Null)
    }

    pub(super) fn is_list(&self) -> bool {
        matches!(self.node.data, Data::List(_))
    }

    /// An error about this value: `{path} {problem}`.
    pub(super) fn invalid(&self, problem: impl Display) -> Problem {
        let path = if self.path.is_empty() { "the document" } else { &self.path };
        Problem::at(self.node.line, format_args!("{path} {problem}"))
    }

    /// The keys below. Null has none, so `console:` is the same as `console: {}`.
    pub(super) fn section(&self) -> Result<Section<'n>, Problem> {
        let entries = match &self.node.data {
            Data::Null => &[][..],
            Data::Map(entries) => entries,
            _ => return Err(self.mismatch("a mapping")),
        };
        Ok(Section { field: self.clone(), entries, known: Vec::new() })
    }

    /// The only key below, without the suffix of keys in development.
    pub(super) fn only(&self) -> Result<(&'n str, Field<'n>), Problem> {
        match &self.node.data {
            Data::Map(entries) if entries.len() == 1 => {
                Ok((stable(&entries[0].0), self.below(&entries[0].0, &entries[0].1)))
            }
            _ => Err(self.mismatch("a mapping with one key")),
        }
    }

    pub(super) fn items(&self) -> Result<Vec<Field<'n>>, Problem> {
        match &self.node.data {
            Data::Null => Ok(Vec::new()),
            Data::List(items) => Ok(items
                .iter()
                .enumerate()
                .map(|(number, node)| Field { path: format!("{}[{number}]", self.path), node })
                .collect()),
            _ => Err(self.mismatch("a list")),
        }
    }

    /// A number or a Boolean counts as its text, so that a version such as `1.10` need not be quoted.
    pub(super) fn text(&self) -> Result<Option<&'n str>, Problem> {
        match &self.node.data {
            Data::Null => Ok(None),
            Data::Flag(true) => Ok(Some("true")),
            Data::Flag(false) => Ok(Some("false")),
            Data::Whole(_, text) | Data::Number(_, text) | Data::Text(text) => Ok(Some(text)),
            Data::List(_) | Data::Map(_) => Err(self.mismatch("a text")),
        }
    }

    pub(super) fn flag(&self) -> Result<Option<bool>, Problem> {
        match &self.node.data {
            Data::Null => Ok(None),
            Data::Flag(flag) => Ok(Some(*flag)),
            _ => Err(self.mismatch("true or false")),
        }
    }

    pub(super) fn integer(&self) -> Result<Option<i64>, Problem> {
        match &self.node.data {
            Data::Null => Ok(None),
            Data::Whole(number, _) => Ok(Some(*number)),
            _ => Err(self.mismatch("a whole number")),
        }
    }

    /// A whole number of at least `min`.
    pub(super) fn count(&self, min: u64) -> Result<Option<u64>, Problem> {
        let Some(number) = self.integer()? else { return Ok(None) };
        match u64::try_from(number) {
            Ok(number) if number >= min => Ok(Some(number)),
            _ => Err(self.invalid(format_args!("is {number}, but must be at least {min}"))),
        }
    }

    pub(super) fn number(&self) -> Result<Option<f64>, Problem> {
        match &self.node.data {
            Data::Null => Ok(None),
            Data::Whole(number, _) => Ok(Some(*number as f64)),
            Data::Number(number, _) => Ok(Some(*number)),
            _ => Err(self.mismatch("a number")),
        }
    }

    /// A number from 0 to 1.
    pub(super) fn ratio(&self) -> Result<Option<f64>, Problem> {
        match self.number()? {
            Some(ratio) if !(0.0..=1.0).contains(&ratio) => {
                Err(self.invalid(format_args!("is {ratio}, not between 0 and 1")))
            }
            ratio => Ok(ratio),
        }
    }

    fn below(&self, key: &str, node: &'n Node) -> Field<'n> {
        let path = if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) };
        Field { path, node }
    }

    fn mismatch(&self, expected: &str) -> Problem {
        match &self.node.data {
            Data::Null => self.invalid(format_args!("is empty, not {expected}")),
            Data::List(_) => self.invalid(format_args!("is a list, not {expected}")),
            Data::Map(_) => self.invalid(format_args!("is a mapping, not {expected}")),
            Data::Flag(flag) => self.invalid(format_args!("is {flag}, not {expected}")),
            Data::Whole(_, text) | Data::Number(_, text) => self.invalid(format_args!("is {text}, not {expected}")),
            Data::Text(text) => self.invalid(format_args!("is {text:?}, not {expected}")),
        }
    }
}

/// The keys of a mapping, of which some have been asked for.
#[derive(Debug)]
pub(super) struct Section<'n> {
    pub(super) field: Field<'n>,
    entries: &'n [(String, Node)],
    known: Vec<&'static str>,
}

impl<'n> Section<'n> {
    /// The value of a key, which may be null. A key in development may have its suffix or not.
    pub(super) fn get(&mut self, key: &'static str) -> Option<Field<'n>> {
        self.known.push(key);
        let (name, node) = self.entries.iter().find(|(name, _)| stable(name) == key)?;
        Some(self.field.below(name, node))
    }

    pub(super) fn required(&mut self, key: &'static str) -> Result<Field<'n>, Problem> {
        self.get(key).ok_or_else(|| match &*self.field.path {
            "" => self.field.invalid(format_args!("has no {key}")),
            path => Problem::at(self.field.node.line, format_args!("{path}.{key} is missing")),
        })
    }

    /// Reads a value that may be missing or null.
    pub(super) fn read<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&Field<'n>) -> Result<Option<T>, Problem>,
    ) -> Result<Option<T>, Problem> {
        self.get(key).map_or(Ok(None), |field| read(&field))
    }

    pub(super) fn text(&mut self, key: &'static str) -> Result<Option<&'n str>, Problem> {
        self.read(key, Field::text)
    }

    /// The items of a list. None if it is missing.
    pub(super) fn items(&mut self, key: &'static str) -> Result<Vec<Field<'n>>, Problem> {
        self.get(key).map_or(Ok(Vec::new()), |field| field.items())
    }

    /// The keys below a key. None if it is missing.
    pub(super) fn section(&mut self, key: &'static str) -> Result<Section<'n>, Problem> {
        match self.get(key) {
            Some(field) => field.section(),
            None => Ok(Section { field: self.field.clone(), entries: &[], known: Vec::new() }),
        }
    }

    /// Warns of each key that nobody has asked for.
    pub(super) fn end(self, warnings: &mut Warnings) {
        for (name, node) in self.entries {
            let field = self.field.below(name, node);
            if !self.known.contains(&stable(name)) {
                warnings.unsupported(&field);
            }
        }
    }
}

/// Keys in development have a suffix that they lose once they are stable.
fn stable(key: &str) -> &str {
    key.strip_suffix("/development").unwrap_or(key)
}
