//! User name and password with a colon between them, and no scheme before them.

use crate::redaction::edit::floor;
use crate::redaction::scan::Scan;
use crate::redaction::value::{Ending, is_word};

impl Scan<'_, '_> {
    /// `me:pw@host` without a scheme, as an authority and as a data source of MySQL have it.
    pub(super) fn userinfo_alone(&mut self, at: usize, start: usize, end: usize) -> Option<usize> {
        let bytes = self.text.as_bytes();
        let start = start.max(self.edit.done());
        let is_part = |byte: u8| byte.is_ascii_graphic() && !b"\"'`<>,;()[]{}=/?&|\\:".contains(&byte) || byte >= 0x80;
        let from = bytes[start..at].iter().rposition(|&byte| !is_part(byte)).map_or(start, |found| start + found + 1);
        let stop = bytes[at..end]
            .iter()
            .take(MAX_LOGIN)
            .position(|&byte| byte.is_ascii_whitespace() || b"\"<>`".contains(&byte));
        let stop = stop.map_or_else(|| floor(self.text, end.min(at + MAX_LOGIN)), |len| at + len);
        let user = &self.text[from..at];
        let word = self.text.get(at + 1..stop)?;
        if user.ends_with(":thin") || user == "thin" || user == "oci" {
            // Oracle: `thin:me/pw@host`.
            let host = word.find('@').filter(|&at| word[..at].contains('/'))?;
            return Some(self.cut(at + 1..at + 1 + host));
        }
        let before = self.text[..from].strip_suffix(['"', '\'']).unwrap_or(&self.text[..from]);
        if before.ends_with("-u ") || before.ends_with("--user ") {
            return Some(self.cut(at + 1..self.bare_end(at + 1, end, Ending::Free)));
        }
        let is_bot = user.trim_start_matches("bot").len() >= 8
            && user.trim_start_matches("bot").bytes().all(|b| b.is_ascii_digit());
        let token = word.len() - word.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || "_-".contains(c)).len();
        if is_bot && token >= 30 {
            return Some(self.cut(at + 1..at + 1 + token));
        }
        let host = word.rfind('@')?;
        let (password, host) = (&word[..host], &word[host + 1..]);
        if user.is_empty() || user.contains('@') || password.is_empty() || !is_login(user, password, host) {
            return None;
        }
        let host_at = at + 1 + password.len() + 1;
        self.edit.replace(from..host_at, "");
        Some(host_at)
    }
}

/// Whether `user:password@host` is that, and no address of mail, no image, no package.
fn is_login(user: &str, password: &str, host: &str) -> bool {
    let host = host.trim_end_matches(|c: char| ")]}.,;:!'".contains(c));
    let is_source = ["tcp(", "tcp6(", "unix(", "udp(", "(", "/"].iter().any(|kind| host.starts_with(kind));
    if is_source {
        return true;
    }
    if host.is_empty()
        || !host.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '[' || c == '_')
        || host.starts_with("sha256")
    {
        return false;
    }
    let has_port = host.rsplit_once(':').is_some_and(|(_, port)| {
        let port = &port[..port.find(['/', '?']).unwrap_or(port.len())];
        !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit())
    });
    let is_address = ADDRESSES.iter().any(|word| user.eq_ignore_ascii_case(word));
    let is_path = password.contains("://") || password.starts_with('/') || user.contains('.') && !has_port;
    !is_path
        && (has_port
            || !is_address && !is_word(password) && !password.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.'))
}

/// What stands before an address of mail.
const ADDRESSES: [&str; 26] = [
    "mailto",
    "mail",
    "email",
    "e-mail",
    "user",
    "username",
    "login",
    "from",
    "to",
    "cc",
    "bcc",
    "sender",
    "recipient",
    "contact",
    "account",
    "owner",
    "author",
    "by",
    "sip",
    "sips",
    "xmpp",
    "acct",
    "npm",
    "pkg",
    "git",
    "id",
];

/// Longer logins are data.
const MAX_LOGIN: usize = 256;
