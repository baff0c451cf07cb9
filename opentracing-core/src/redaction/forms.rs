//! Other ways of putting a name and a value side by side: elements of XML, forms in parts, options of command lines, SQL.

use crate::redaction::edit::floor;
use crate::redaction::headers::Header;
use crate::redaction::pairs::Name;
use crate::redaction::scan::{Place, Scan};
use crate::redaction::value::Ending;

impl Scan<'_, '_> {
    /// `<password>…</password>`.
    pub(super) fn element(&mut self, at: usize, end: usize) -> Option<usize> {
        let rest = &self.text[at + 1..end];
        let name = &rest[..rest.find(|c: char| !c.is_ascii_alphanumeric() && !"_-.:".contains(c))?];
        let local = name.rsplit(':').next().unwrap_or(name);
        let is_assertion = name.contains(':') && local.eq_ignore_ascii_case("assertion");
        let place = if is_assertion { Place::Query } else { Place::Text };
        if local.is_empty() || !self.is_secret(local, place) {
            return None;
        }
        let open = at + 1 + rest[..self.ahead(at + 1, end) - at - 1].find('>')? + 1;
        let near = floor(self.text, end.min(open + MAX_ELEMENT));
        let text = &self.text[open..near];
        let close = text
            .find("</")
            .filter(|&close| text[close + 2..].starts_with(name) || name.starts_with(&text[close + 2..]));
        let stop = match close {
            Some(close) => open + close,
            // Cut off: all of the rest belongs to the element.
            None if near == end && !text.contains(['<', ' ']) => end,
            None => return None,
        };
        let value = self.text[open..stop].trim();
        if self.is_placeholder(value) { None } else { Some(self.cut(open..stop)) }
    }

    /// Looks at a quotation mark, for a name before it: `PASSWORD '…'`, `IDENTIFIED BY '…'`, `token IN ('…')`, `("x-api-key", "…")`.
    pub(super) fn quote(&mut self, at: usize, start: usize, end: usize) -> Option<usize> {
        let before = &self.text[start.max(self.edit.done())..at];
        let outside = before.trim_end_matches(['(', ' ', ',']);
        if outside.len() == before.len() {
            return None;
        }
        let is_item = before[outside.len()..].contains(',');
        if is_item {
            let name = outside.strip_suffix(['"', '\''])?;
            let open = name.rfind(['"', '\''])?;
            let is_header = name[open..].contains('-') || Header::named(&name[open + 1..]).is_some();
            if !is_header || !name[..open].ends_with(['(', '[']) || !self.is_secret(&name[open + 1..], Place::Text) {
                return None;
            }
        } else {
            let mut words = outside.rsplit(|c: char| !c.is_ascii_alphanumeric() && c != '_').take(2);
            let (last, first) = (words.next()?, words.next().unwrap_or_default());
            let is = |word: &str, known: &[&str]| known.iter().any(|known| word.eq_ignore_ascii_case(known));
            let is_compared = is(last, &["in", "eq", "like", "is"]) && self.is_secret(first, Place::Text);
            let is_identified = is(last, &["by"]) && is(first, &["identified"]);
            if !(is(last, &["password"]) || is_identified || is_compared) {
                return None;
            }
        }
        let quoted = self.quoted(at, end)?;
        self.cut_quoted(quoted.content, quoted.end)
    }

    /// `--password …` of a command line.
    pub(super) fn option(&mut self, from: usize, end: usize) -> Option<usize> {
        let rest = &self.text[from..self.ahead(from, end)];
        let name = &rest[..rest.find(|c: char| !c.is_ascii_alphanumeric() && !"_-".contains(c))?];
        let value = self.skip_blanks(from + name.len(), end);
        if value == from + name.len() || value >= end || !self.is_secret(name, Place::Text) {
            return None;
        }
        if let Some(quoted) = self.quoted(value, end) {
            return self.cut_quoted(quoted.content, quoted.end);
        }
        let stop = self.bare_end(value, end, Ending::Free);
        let text = &self.text[value..stop];
        let harmless = text.starts_with('-') || self.is_word(&(value..stop)) || self.is_placeholder(text);
        (!harmless).then(|| self.cut(value..stop))
    }

    /// `"name":"password","value":"…"` of JSON, and the same in YAML and in attributes of XML: the name is itself a value.
    pub(super) fn named_value(&mut self, name: &Name<'_>, from: usize, end: usize) -> Option<usize> {
        if !["name", "key", "header"].iter().any(|known| name.text.eq_ignore_ascii_case(known)) {
            return None;
        }
        let near = self.ahead(from, end);
        let (inner, behind) = match self.quoted(from, near) {
            Some(quoted) => (quoted.content, quoted.end),
            None => {
                let stop = self.bare_end(from, near, Ending::Free);
                (from..stop, stop)
            }
        };
        if !self.is_secret(&self.text[inner], Place::Text) {
            return None;
        }
        let rest = self.text[behind..end].trim_start_matches(|c: char| c == ',' || c.is_whitespace());
        let lower = rest.trim_start_matches(['\\', '"', '\'']);
        let is_value = lower.get(..5).is_some_and(|word| word.eq_ignore_ascii_case("value"));
        let colon = lower.find([':', '=']).filter(|&at| is_value && at < 9)?;
        let value = self.skip_blanks(end - lower.len() + colon + 1, end);
        if let Some(quoted) = self.quoted(value, end) {
            return self.cut_quoted(quoted.content, quoted.end);
        }
        let stop = self.bare_end(value, end, Ending::Free);
        (!self.is_placeholder(&self.text[value..stop])).then(|| self.cut(value..stop))
    }

    /// `name="password"` of a form in several parts: the value stands behind an empty line.
    pub(super) fn field_of_form(&mut self, name: &Name<'_>, from: usize, end: usize) -> Option<usize> {
        if name.text != "name" {
            return None;
        }
        let quoted = self.quoted(from, self.ahead(from, end))?;
        if !self.is_secret(&self.text[quoted.content.clone()], Place::Query) {
            return None;
        }
        let rest = &self.text[quoted.end..self.ahead(quoted.end, end)];
        let (line, empty) =
            [("\r\n\r\n", 4), ("\n\n", 2)].iter().find_map(|&(line, len)| Some((rest.find(line)?, len)))?;
        let value = quoted.end + line + empty;
        let stop = self.text[value..end].find(['\r', '\n']).map_or(end, |len| value + len);
        Some(self.cut(value..stop))
    }
}

/// How far the end of an element is looked for.
const MAX_ELEMENT: usize = 8192;
