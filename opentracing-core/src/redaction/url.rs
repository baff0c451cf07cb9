//! URLs: as a whole text, within a text, and nested in each other.

use std::ops::Range;

use crate::redaction::scan::{Place, Scan};

impl Scan<'_, '_> {
    /// Redacts the whole text as a URL, a path with a query, or only a query.
    pub(super) fn whole_url(&mut self) {
        let text = self.text;
        let Some(path) = self.userinfo() else { return };
        // Only after the authority, since a `#` in a password would hide the `@` after it.
        let end = text[path..].find('#').map_or(text.len(), |at| path + at);
        let query = match text[path..end].find(['/', '?', '&', '=']).map(|at| path + at) {
            Some(at) if matches!(text.as_bytes()[at], b'&' | b'=') && path == 0 => Some(0),
            _ => text[path..end].find('?').map(|at| path + at + 1),
        };
        self.parts(path, query, end, text.len());
    }

    /// Checks for a URL in a text or in another URL: a `:` that `//` follows.
    pub(super) fn scheme(&mut self, at: usize, start: usize, end: usize) -> Option<usize> {
        let rest = &self.text[at + 1..end];
        // JSON may write a slash with a backslash before it.
        let slashes = [r"//", r"\/\/"].iter().find(|slashes| rest.starts_with(**slashes))?;
        let from = at + 1 + slashes.len();
        let scheme = &self.text.as_bytes()[start.max(at.saturating_sub(MAX_SCHEME))..at];
        let is_jdbc = scheme.windows(5).any(|five| five.eq_ignore_ascii_case(b"jdbc:"));
        let mut limit = match self.nested {
            // The end of the URL that this one is nested in.
            Some(limit) if self.in_url && limit >= from => limit.min(end),
            _ => self.url_end(from, end),
        };
        self.nested = self.in_url.then_some(limit);
        let Some(path) = self.authority(from, limit, end, is_jdbc) else { return Some(self.edit.done().max(from)) };
        if self.in_url {
            // Not after the authority, since the beginning of the next URL may look like a part of it.
            return Some(self.edit.done().max(from));
        }
        if path > limit {
            limit = self.url_end(path, end);
        }
        let fragment = self.text[path..limit].find('#').map_or(limit, |at| path + at);
        let query = self.text[path..fragment].find('?').map(|at| path + at + 1);
        self.parts(path, query, fragment, limit);
        Some(limit)
    }

    /// Redacts path, query and fragment. The arguments are where each begins, and where the last one ends.
    fn parts(&mut self, path: usize, query: Option<usize>, fragment: usize, end: usize) {
        let before = (self.in_url, self.place);
        (self.in_url, self.place) = (true, Place::Text);
        self.path(path..query.map_or(fragment, |query| path.max(query.saturating_sub(1))));
        self.place = Place::Query;
        if let Some(query) = query {
            self.query(query..fragment);
        }
        if fragment < end {
            if self.drops_fragments {
                self.edit.replace(fragment..end, "");
            } else {
                self.query(fragment + 1..end);
            }
        }
        (self.in_url, self.place) = before;
    }

    /// Removes user name and password. Returns where the path begins, or `None` if the rest of the text was removed as well.
    fn userinfo(&mut self) -> Option<usize> {
        let text = self.text;
        let start = match text.find("://") {
            Some(at)
                if text[..at].bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.' | b':')) =>
            {
                at + 3
            }
            _ if text.starts_with("//") => 2,
            // `me:pw@host:443`, as an authority alone may look; a path or query has one of the others first.
            _ => {
                let head = &text[..text.find(['/', '?', '#', '&', '=']).unwrap_or(text.len())];
                let host = head.rfind('@').filter(|&at| head[..at].contains(':')).map_or(0, |at| at + 1);
                self.edit.replace(0..host, "");
                return Some(host);
            }
        };
        let in_url = std::mem::replace(&mut self.in_url, true);
        let path = self.authority(start, text.len(), text.len(), text.starts_with("jdbc:"));
        self.in_url = in_url;
        path
    }

    /// Removes user name and password from the authority that begins there. Returns the place after it, or `None` if the rest up to the limit
    /// was removed as well. `limit` is where the URL seems to end, and `end` is the end of the text.
    fn authority(&mut self, start: usize, limit: usize, end: usize, is_jdbc: bool) -> Option<usize> {
        let text = self.text;
        let stop = text[start..limit].find(['/', '?', '#', '\\']).map_or(limit, |at| start + at);
        let authority = &text[start..stop];
        if is_jdbc
            && let Some((host, _)) = authority.split_once(';')
            && is_host_and_port(host)
        {
            return Some(start + host.len());
        }
        if let Some(at) = authority.rfind('@') {
            self.edit.replace(start..start + at + 1, "");
            return Some(stop);
        }
        if is_host_and_port(authority) {
            if self.is_cut && stop == text.len() && !authority.is_empty() {
                // An `@` may have followed in the truncated part.
                self.cut(start..stop);
                return None;
            }
            return Some(stop);
        }
        let stopped = authority.find(|c: char| ",;'()|".contains(c)).map_or(authority, |at| &authority[..at]);
        if !self.in_url
            && stopped.len() < authority.len()
            && is_host_and_port(stopped)
            && !text[start..limit].contains('@')
        {
            return Some(start + stopped.len());
        }
        // A password with one of `/?#` in it, or one that a limit of length has cut off before its `@`.
        if let Some(host) = text[start..limit].rfind('@').map(|at| start + at + 1) {
            self.edit.replace(start..host, "");
            return Some(text[host..limit].find(['/', '?', '#']).map_or(limit, |at| host + at));
        }
        // Or one with a blank or a quote in it.
        let line = &text.as_bytes()[limit..end.min(limit + MAX_PASSWORD)];
        let line = &line[..line.iter().position(|&byte| byte == b'\n').unwrap_or(line.len())];
        let at = line.iter().position(|&byte| byte == b'@').map(|at| limit + at);
        match at.filter(|&at| !text.as_bytes()[limit..at].windows(3).any(|three| three == b"://")) {
            Some(at) => {
                self.edit.replace(start..at + 1, "");
                Some(at + 1)
            }
            None => {
                let line_end = if self.is_cut && limit + line.len() == text.len() { text.len() } else { limit };
                self.cut(start..line_end);
                None
            }
        }
    }

    fn path(&mut self, path: Range<usize>) {
        let text = self.text;
        if let Some(secret) = secret_of_webhook(text, &path) {
            self.cut(secret..path.end);
            return;
        }
        let mut at = path.start;
        while let Some(found) = text[at..path.end].find(';') {
            let start = at + found + 1;
            self.free(at..start);
            let mut end = text[start..path.end].find([';', '/']).map_or(path.end, |found| start + found);
            if let Some((name, value)) = text[start..end].split_once('=')
                && !value.is_empty()
                && self.is_secret(name, Place::Query)
            {
                let from = end - value.len();
                if value.starts_with('{') {
                    // ODBC and JDBC put a value with a `;` in it in braces.
                    end = text[from..path.end].find('}').map_or(path.end, |found| from + found);
                }
                self.cut(from..end);
                at = end;
            } else {
                at = start;
            }
        }
        self.free(at..path.end);
    }

    fn query(&mut self, query: Range<usize>) {
        let text = self.text;
        let mut start = query.start;
        for parameter in text[query].split('&') {
            let end = start + parameter.len();
            // `;` parts parameters in old forms, and a nested URL that is not encoded begins its own with `?`. A secret reaches
            // to the next `&` all the same, for it may have either of them in it.
            let mut name_start = start;
            let mut secret = None;
            for piece in parameter.split([';', '?']) {
                if let Some((name, value)) = piece.split_once('=')
                    && self.is_secret(name, Place::Query)
                    && !self.is_placeholder(value)
                    && !self.secrets.is_too_short(name, value)
                {
                    secret = Some(name_start + name.len() + 1);
                    break;
                }
                name_start += piece.len() + 1;
            }
            let end_of_free = secret.unwrap_or(end);
            match text[start..end_of_free].find('=') {
                Some(at) if secret.is_none() => {
                    // Without its own `=`, which has been looked at.
                    self.free(start..start + at);
                    self.free(start + at + 1..end);
                }
                _ => self.free(start..end_of_free),
            }
            if let Some(value) = secret
                && value < end
            {
                self.cut(value.max(self.edit.done())..end);
            }
            start = end + 1;
        }
    }
}

/// Where the secret in the path of a webhook begins; `None` for other URLs.
pub(super) fn secret_of_webhook(text: &str, path: &Range<usize>) -> Option<usize> {
    let (host, path_text) = (&text[..path.start], &text[path.clone()]);
    let (_, prefix) = WEBHOOKS.iter().find(|(known, prefix)| host.ends_with(known) && path_text.starts_with(prefix))?;
    Some(path.start + prefix.len())
}

/// Whether the text can be a host with or without a port. An empty one can, since `file:///etc` has it, and so can a list of them.
fn is_host_and_port(text: &str) -> bool {
    let after_ipv6 = text.rfind(']').map_or(0, |at| at + 1);
    let (host, port) = match text[after_ipv6..].rfind(':') {
        Some(at) => (&text[..after_ipv6 + at], &text[after_ipv6 + at + 1..]),
        None => (text, ""),
    };
    // RFC 1035, section 2.3.4, allows 255 bytes; a list of hosts is longer and has commas.
    (host.len() <= 255 || host.contains(','))
        && (port.len() <= 5 && port.bytes().all(|b| b.is_ascii_digit()) || stands_for_port(port))
}

/// `port`, `{port}`, `$PORT`, `${PORT}`: as templates and messages about URLs have it.
fn stands_for_port(port: &str) -> bool {
    let name = port.trim_matches(|c| matches!(c, '{' | '}' | '$' | '%' | '*'));
    name.is_empty() || name.to_ascii_lowercase().ends_with("port")
}

/// Paths in which everything that follows is a secret.
const WEBHOOKS: [(&str, &str); 3] =
    [("hooks.slack.com", "/services/"), ("discord.com", "/api/webhooks/"), ("discordapp.com", "/api/webhooks/")];

/// How far before a `://` its scheme begins.
const MAX_SCHEME: usize = 32;
/// How far after a space the `@` is looked for.
const MAX_PASSWORD: usize = 256;
