//! The `tracestate` list of W3C Trace Context, level 2, section 3.3.

use std::error::Error;
use std::fmt;
use std::str::FromStr;

use crate::wire::text::Text;

/// Longer lists are dropped as a whole, as the specification allows.
pub(crate) const MAX_MEMBERS: usize = 32;
/// What is read at all: Instana's tracers look for their own member also beyond the 32nd.
const MAX_MEMBERS_READ: usize = 64;
/// What is cut first.
const LONG_MEMBER: usize = 128;
/// With its comma.
const SHORTEST_MEMBER: usize = "a=1,".len();
/// Room for 32 members of the greatest length with a comma and a blank each. Not a limit of the specification, which has none.
const MAX_BYTES: usize = MAX_MEMBERS * (256 + 1 + 256 + 2);

/// What several vendors know of a trace: a list of keys and values, the most recently changed one first.
///
/// Valid at any time: at most 32 members, each with a valid key and value, no key twice.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct TraceState(String);

impl TraceState {
    /// A list without members.
    pub const fn new() -> Self {
        TraceState(String::new())
    }

    /// The value of that key.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.iter().find(|(other, _)| *other == key).map(|(_, value)| value)
    }

    /// All keys and values, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        members(&self.0)
    }

    /// Puts a member first, in the place of an earlier one with that key. Of 32 others the last is dropped.
    ///
    /// # Errors
    ///
    /// If key or value has characters or a length that are not allowed. Then nothing has changed.
    pub fn insert(&mut self, key: &str, value: &str) -> Result<(), InvalidTraceState> {
        if !is_key(key.as_bytes()) || !is_value(value.as_bytes()) {
            return Err(InvalidTraceState("a key or value has characters or a length that are not allowed"));
        }
        let mut changed = TracestateMembers::default();
        changed.push(key, value);
        let mut list = Text::new();
        changed.write(&self.0, &mut list);
        self.0.clear();
        self.0.push_str(list.as_str());
        Ok(())
    }

    /// Removes a member, and says whether there was one.
    pub fn remove(&mut self, key: &str) -> bool {
        let before = self.0.len();
        let mut list = String::with_capacity(before);
        members(&self.0).filter(|(other, _)| *other != key).for_each(|member| push_member(&mut list, member));
        self.0 = list;
        self.0.len() != before
    }

    /// The list as it is written to the header; empty if there is nothing to write.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether there are no members.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for TraceState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Reads one header value: blanks around members and empty members are left out, and all but the first member of a key.
impl FromStr for TraceState {
    type Err = InvalidTraceState;

    fn from_str(list: &str) -> Result<Self, InvalidTraceState> {
        let mut read = ReadList::default();
        read.add(list.as_bytes()).map_err(InvalidTraceState)?;
        if read.members > MAX_MEMBERS {
            return Err(InvalidTraceState("it has more than 32 members"));
        }
        Ok(TraceState(read.text))
    }
}

/// A text that is not a list of members, or not a member.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct InvalidTraceState(&'static str);

impl fmt::Display for InvalidTraceState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "invalid tracestate: {}", self.0)
    }
}

impl Error for InvalidTraceState {}

/// The members that the formats of a writing list put first, each format its own.
#[derive(Default, Debug)]
pub struct TracestateMembers {
    text: Text,
    count: usize,
}

impl TracestateMembers {
    /// Adds a member behind those that are there. It replaces what other services have put under that key. What is not valid, and
    /// what would be the 33rd, is left out.
    pub fn add(&mut self, key: &str, value: &str) {
        if is_key(key.as_bytes()) && is_value(value.as_bytes()) {
            self.push(key, value);
        }
    }

    /// For keys and values that are known to be valid.
    pub(crate) fn push(&mut self, key: &str, value: &str) {
        if self.count < MAX_MEMBERS && !self.has(key) {
            self.text.push(if self.count == 0 { "" } else { "," });
            self.text.push(key);
            self.text.push("=");
            self.text.push(value);
            self.count += 1;
        }
    }

    fn has(&self, key: &str) -> bool {
        self.count > 0 && members(self.text.as_str()).any(|(other, _)| other == key)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The own members, then as many of the others as there is room for. An old member of an own key goes before the cut; members
    /// of more than 128 characters go first, then those on the right, as the specification advises.
    pub(crate) fn write(&self, others: &str, list: &mut Text) {
        list.push(self.text.as_str());
        let foreign = || members(others).filter(|(key, _)| !self.has(key));
        let is_long = |(key, value): &(&str, &str)| key.len() + 1 + value.len() > LONG_MEMBER;
        let mut room = MAX_MEMBERS - self.count;
        let mut long_room = usize::MAX;
        if others.len() >= room * SHORTEST_MEMBER {
            let excess = foreign().count().saturating_sub(room);
            long_room = if excess > 0 { foreign().filter(is_long).count().saturating_sub(excess) } else { long_room };
        }
        for member in foreign() {
            if room == 0 {
                break;
            }
            if is_long(&member) {
                if long_room == 0 {
                    continue;
                }
                long_room -= 1;
            }
            room -= 1;
            list.push(if list.is_empty() { "" } else { "," });
            list.push(member.0);
            list.push("=");
            list.push(member.1);
        }
    }
}

/// A list as it is read, header by header.
#[derive(Default)]
pub(crate) struct ReadList {
    pub(crate) text: String,
    pub(crate) members: usize,
}

impl ReadList {
    /// Adds the members of one header value, without blanks and repeated keys.
    pub(crate) fn add(&mut self, value: &[u8]) -> Result<(), &'static str> {
        if self.text.len() + value.len() > MAX_BYTES {
            return Err("it is too long");
        }
        let value = std::str::from_utf8(value).map_err(|_| "it is not text")?;
        self.text.reserve_exact(value.len() + usize::from(!self.text.is_empty()));
        for member in value.split(',') {
            let member = member.trim_matches([' ', '\t']);
            if member.is_empty() {
                continue;
            }
            let (key, value) = member.split_once('=').ok_or("a member has no value")?;
            if !is_key(key.as_bytes()) {
                return Err("a key has characters or a length that are not allowed");
            }
            if !is_value(value.as_bytes()) {
                return Err("a value has characters or a length that are not allowed");
            }
            if self.members > 0 && members(&self.text).any(|(other, _)| other == key) {
                continue;
            }
            if self.members == MAX_MEMBERS_READ {
                return Err("it has too many members");
            }
            push_member(&mut self.text, (key, value));
            self.members += 1;
        }
        Ok(())
    }
}

fn push_member(list: &mut String, (key, value): (&str, &str)) {
    if !list.is_empty() {
        list.push(',');
    }
    list.push_str(key);
    list.push('=');
    list.push_str(value);
}

/// The keys and values of a list that is in order.
pub(crate) fn members(list: &str) -> impl Iterator<Item = (&str, &str)> {
    list.split(',').filter_map(|member| member.split_once('='))
}

/// Whether a list that is in order may be sent as it is.
pub(crate) fn is_within_limit(list: &str) -> bool {
    list.len() < MAX_MEMBERS * SHORTEST_MEMBER || members(list).count() <= MAX_MEMBERS
}

fn is_key(key: &[u8]) -> bool {
    let first = key.first().is_some_and(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9'));
    let all = |byte: &u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' | b'*' | b'/' | b'@');
    first && key.len() <= 256 && key.iter().all(all)
}

fn is_value(value: &[u8]) -> bool {
    let last = value.last().is_some_and(|&byte| byte != b' ');
    last && value.len() <= 256 && value.iter().all(|byte| matches!(byte, b' '..=b'~') && !matches!(byte, b',' | b'='))
}
