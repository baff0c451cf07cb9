//! The `tracestate` list of W3C Trace Context, level 2, section 3.3.

use std::error::Error;
use std::fmt;
use std::str::FromStr;

use smallvec::SmallVec;

use crate::propagation::formats::instana;
use crate::wire::text::Text;

/// The maximum number of members. Longer lists in a carrier are dropped as a whole, as the specification allows.
pub(crate) const MAX_MEMBERS: usize = 32;
/// The maximum number of members that are read. Instana's tracers find their own member also beyond the 32nd.
const MAX_MEMBERS_READ: usize = 64;
/// Members longer than this are dropped first.
const LONG_MEMBER: usize = 128;
/// The length of the shortest member with its comma.
const SHORTEST_MEMBER: usize = "a=1,".len();
/// The size of 32 members of the maximum length, each with a comma and a space. The specification limits only the members.
const MAX_BYTES: usize = MAX_MEMBERS * (256 + 1 + 256 + 2);

/// The state that vendors keep for a trace: a list of keys and values, the most recently changed one first.
///
/// Always valid: it has at most 32 members, each key and value is valid, and no key occurs twice.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct TraceState(String);

impl TraceState {
    /// A list without members.
    pub const fn new() -> Self {
        TraceState(String::new())
    }

    /// Returns the value of that key.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.iter().find(|(other, _)| *other == key).map(|(_, value)| value)
    }

    /// Iterates over all keys and values, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        members(&self.0)
    }

    /// Inserts a member at the front, and removes an earlier one with that key. With more than 32 members, one is dropped: the last one with
    /// more than 128 characters, or else the last one.
    ///
    /// # Errors
    ///
    /// If the key or the value has invalid characters or an invalid length. Then the list is unchanged.
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

    /// Removes a member. Returns whether there was one.
    pub fn remove(&mut self, key: &str) -> bool {
        let before = self.0.len();
        let mut list = String::with_capacity(before);
        members(&self.0).filter(|(other, _)| *other != key).for_each(|member| push_member(&mut list, member));
        self.0 = list;
        self.0.len() != before
    }

    /// Returns the list in the form of the header value. Empty if there are no members.
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

/// Parses a header value. Ignores whitespace around members, empty members, and all but the first member of a key.
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

/// A text that is not a valid list or member.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct InvalidTraceState(&'static str);

impl fmt::Display for InvalidTraceState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "invalid tracestate: {}", self.0)
    }
}

impl Error for InvalidTraceState {}

/// The members that the formats of a writing list put at the front of the list.
#[derive(Default, Debug)]
pub struct TracestateMembers {
    text: Text,
    count: usize,
    /// The length of the first key.
    first_key: usize,
}

impl TracestateMembers {
    /// Appends a member. It replaces a member of other services with that key. Does nothing if the member is invalid, if its key was already
    /// added, or if there are 32 members.
    pub fn add(&mut self, key: &str, value: &str) {
        if is_key(key.as_bytes()) && is_value(value.as_bytes()) {
            self.push(key, value);
        }
    }

    /// Appends a member whose key and value are known to be valid.
    pub(crate) fn push(&mut self, key: &str, value: &str) {
        if self.count < MAX_MEMBERS && !self.has(key) {
            if self.count == 0 {
                self.first_key = key.len();
            } else {
                self.text.push(",");
            }
            self.text.push(key);
            self.text.push("=");
            self.text.push(value);
            self.count += 1;
        }
    }

    /// Whether one of these members has this key.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.count > 0 && value_of(self.text.as_str(), key).is_some()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// These members, in the form of the header value.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.text.as_bytes()
    }

    /// Whether the others have none of these members, as far as that is quickly known.
    fn is_missing_in(&self, others: &str) -> bool {
        match self.count {
            0 => true,
            1 => self.text.as_str().get(..self.first_key).is_some_and(|key| value_of(others, key).is_none()),
            _ => false,
        }
    }

    /// Writes these members, then as many of the others as there is room for. Others with the same key are dropped. If there are too many,
    /// members of more than 128 characters are dropped first, then those at the end, as the specification recommends.
    pub(crate) fn write(&self, others: &str, list: &mut Text) {
        list.push(self.text.as_str());
        if self.is_missing_in(others) && others.len() < (MAX_MEMBERS - self.count) * SHORTEST_MEMBER {
            list.push(if list.is_empty() || others.is_empty() { "" } else { "," });
            list.push(others);
            return;
        }
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

/// A list that is read header by header.
#[derive(Default)]
pub(crate) struct ReadList {
    pub(crate) text: String,
    pub(crate) members: usize,
    /// Whether a member has Instana's key.
    pub(crate) has_instana: bool,
}

impl ReadList {
    /// Adds the members of one header value, without whitespace and repeated keys.
    pub(crate) fn add(&mut self, value: &[u8]) -> Result<(), &'static str> {
        if self.members == 0
            && let Some((members, has_instana)) = scan_plain(value)
            && let Ok(text) = std::str::from_utf8(value)
        {
            *self = ReadList { text: text.to_owned(), members, has_instana };
            return Ok(());
        }
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
            self.has_instana |= key == instana::MEMBER;
        }
        Ok(())
    }
}

/// The number of members of a list in the form in which nearly all services send it, and whether one has Instana's key. The form is valid,
/// and without whitespace, empty members and repeated keys. `None` for any other list. Reads each byte once.
fn scan_plain(list: &[u8]) -> Option<(usize, bool)> {
    if list.len() > MAX_BYTES {
        return None;
    }
    let mut keys = SmallVec::<[&[u8]; 8]>::new();
    let mut rest = list;
    loop {
        let (key, behind) = rest.split_at_checked(rest.iter().position(|&byte| !has(byte, KEY))?)?;
        let (b'=', behind) = behind.split_first().map(|(&byte, behind)| (byte, behind))? else { return None };
        let value = behind.get(..behind.iter().position(|&byte| !has(byte, VALUE)).unwrap_or(behind.len()))?;
        let is_valid = has(*key.first()?, FIRST)
            && key.len() <= MAX_KEY
            && value.len() <= MAX_VALUE
            && value.last().is_some_and(|&byte| byte != b' ');
        if !is_valid || keys.contains(&key) || keys.len() == MAX_MEMBERS_READ {
            return None;
        }
        keys.push(key);
        match behind.get(value.len()..)? {
            [] => return Some((keys.len(), keys.contains(&instana::MEMBER.as_bytes()))),
            [b',', next @ ..] => rest = next,
            _ => return None,
        }
    }
}

/// What a byte may be in a list.
const CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let letter = byte as u8;
        if matches!(letter, b'a'..=b'z' | b'0'..=b'9') {
            classes[byte] |= FIRST;
        }
        if matches!(letter, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' | b'*' | b'/' | b'@') {
            classes[byte] |= KEY;
        }
        if matches!(letter, b' '..=b'~') && !matches!(letter, b',' | b'=') {
            classes[byte] |= VALUE;
        }
        byte += 1;
    }
    classes
};
/// The first character of a key.
const FIRST: u8 = 1;
/// A character of a key.
const KEY: u8 = 2;
/// A character of a value.
const VALUE: u8 = 4;
const MAX_KEY: usize = 256;
const MAX_VALUE: usize = 256;

#[inline]
fn has(byte: u8, class: u8) -> bool {
    CLASSES[usize::from(byte)] & class != 0
}

fn push_member(list: &mut String, (key, value): (&str, &str)) {
    if !list.is_empty() {
        list.push(',');
    }
    list.push_str(key);
    list.push('=');
    list.push_str(value);
}

/// The keys and values of a valid list.
pub(crate) fn members(list: &str) -> impl Iterator<Item = (&str, &str)> {
    list.split(',').filter_map(|member| member.split_once('='))
}

/// The value of that key in a valid list.
pub(crate) fn value_of<'a>(list: &'a str, key: &str) -> Option<&'a str> {
    let comma = |text: &str| text.bytes().position(|byte| byte == b',');
    let mut rest = list;
    loop {
        if let Some(value) = rest.strip_prefix(key).and_then(|value| value.strip_prefix('=')) {
            return value.get(..comma(value).unwrap_or(value.len()));
        }
        rest = rest.get(comma(rest)? + 1..)?;
    }
}

/// Whether a valid list has at most 32 members.
pub(crate) fn is_within_limit(list: &str) -> bool {
    list.len() < MAX_MEMBERS * SHORTEST_MEMBER || members(list).count() <= MAX_MEMBERS
}

fn is_key(key: &[u8]) -> bool {
    let first = key.first().is_some_and(|&byte| has(byte, FIRST));
    first && key.len() <= MAX_KEY && key.iter().all(|&byte| has(byte, KEY))
}

fn is_value(value: &[u8]) -> bool {
    let last = value.last().is_some_and(|&byte| byte != b' ');
    last && value.len() <= MAX_VALUE && value.iter().all(|&byte| has(byte, VALUE))
}
