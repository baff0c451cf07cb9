//! The default list of names that mark secrets.

use std::cell::RefCell;

/// Whether the default list has that name.
pub(super) fn is_secret(name: &str) -> bool {
    ANSWERS
        .try_with(|answers| answers.try_borrow_mut().ok()?.get(name.as_bytes()))
        .ok()
        .flatten()
        .unwrap_or_else(|| find(name.as_bytes()))
}

fn find(name: &[u8]) -> bool {
    has_part(name) || has_word(name) || is_whole(name)
}

thread_local! {
    static ANSWERS: RefCell<Answers> = const { RefCell::new(Answers(Vec::new())) };
}

/// A cache of the results for recent names of a thread. A service has few parameter names, and looks each up with every request.
struct Answers(Vec<Answer>);

#[derive(Clone, Copy)]
struct Answer {
    name: [u8; LONGEST],
    len: u8,
    is_secret: bool,
}

impl Answers {
    /// Returns `None` for a name that is too long for the cache.
    fn get(&mut self, name: &[u8]) -> Option<bool> {
        if name.len() > LONGEST {
            return None;
        }
        if self.0.is_empty() {
            self.0 = vec![Answer { name: [0; LONGEST], len: 0, is_secret: false }; PLACES];
        }
        let place = name.iter().fold(name.len(), |sum, &byte| sum.wrapping_mul(31) ^ usize::from(byte)) % PLACES;
        let answer = &mut self.0[place];
        if answer.name.get(..usize::from(answer.len)) != Some(name) {
            answer.name[..name.len()].copy_from_slice(name);
            (answer.len, answer.is_secret) = (name.len() as u8, find(name));
        }
        Some(answer.is_secret)
    }
}

const LONGEST: usize = 30;
const PLACES: usize = 256;

/// A part of the list in any place.
fn has_part(name: &[u8]) -> bool {
    let pairs = name.windows(2).enumerate();
    // The first two letters exclude nearly all places.
    let mut starts = pairs.filter(|(_, pair)| {
        matches!(
            [pair[0] | 0x20, pair[1] | 0x20],
            [b'k', b'e']
                | [b'p', b'a']
                | [b's', b'e']
                | [b's', b'i']
                | [b't', b'o']
                | [b'c', b'r']
                | [b'o', b'a']
                | [b'a', b'u']
        )
    });
    starts.any(|(at, _)| {
        let part = PARTS.iter().find(|part| starts_with(&name[at..], part));
        part.is_some_and(|part| !is_harmless(name, at..at + part.len()))
    })
}

fn has_word(name: &[u8]) -> bool {
    words(name).any(|word| {
        let text = without_digits(&name[word.clone()]);
        match text.len() {
            2..=8 => {
                let is_last = word.end == name.len() && contains(&LAST_WORDS, text);
                is_last || contains(&WORDS, text) && !is_described(name, word.end)
            }
            _ => false,
        }
    })
}

fn is_whole(name: &[u8]) -> bool {
    let last = name.iter().rposition(|&byte| byte == b'.').map_or(name, |at| &name[at + 1..]);
    // The longest of them has sixteen letters, and may have punctuation between them.
    let (mut lower, mut len) = ([0; 20], 0);
    for byte in last.iter().filter(|byte| byte.is_ascii_alphanumeric()) {
        let Some(place) = lower.get_mut(len) else { return false };
        (*place, len) = (byte.to_ascii_lowercase(), len + 1);
    }
    let lower = &lower[..len];
    len >= 3
        && (WHOLE.iter().any(|whole| whole.as_bytes() == lower)
            || last.len() == name.len() && CODES.iter().any(|code| code.as_bytes() == lower))
}

/// Whether it is one of those names that mean a secret in a query, a form or the key of a tag, but something else in most texts:
/// "key: not found", "code=404".
pub(super) fn is_common_word(name: &str) -> bool {
    COMMON.iter().any(|word| is_same(name.as_bytes(), word.as_bytes()))
}

/// Whether the key of a tag means the key of a map, which is not secret: `key`, `key 2`.
pub(super) fn is_key_of_map(name: &str) -> bool {
    name.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("key"))
        && !name[3..].contains(|c: char| c.is_alphabetic())
}

/// Whether the value may be an ordinary word, as with a password. A token never is one.
pub(super) fn is_password(name: &str) -> bool {
    let name = name.as_bytes();
    ["pass", "secret", "pwd"].iter().any(|part| (0..name.len()).any(|at| starts_with(&name[at..], part)))
        || words(name).any(|word| contains(&["pw"], without_digits(&name[word])))
}

/// Whether the name is that of a PIN, which has at least four digits.
pub(super) fn is_pin(name: &str) -> bool {
    words(name.as_bytes()).any(|word| contains(&["pin"], &name.as_bytes()[word]))
}

/// Whether a word before `key` or `code` makes it a secret: "API key", "verification code".
pub(super) fn makes_secret(word: &str) -> bool {
    contains(&MAKING_SECRET, word.as_bytes())
}

/// Whether a word before a name means that the value is part of a programming language: "unexpected token".
pub(super) fn is_of_parsers(word: &str) -> bool {
    contains(&OF_PARSERS, word.as_bytes())
}

fn is_harmless(name: &[u8], hit: std::ops::Range<usize>) -> bool {
    HARMLESS.iter().any(|&(word, offset)| {
        hit.start
            .checked_sub(offset)
            .is_some_and(|start| starts_with(&name[start..], word) && offset + hit.len() <= word.len())
    }) || is_qualified_key(name, &hit)
        || is_plural(name, &hit)
        || is_described(name, hit.end)
}

/// `primary_key`, `routingKey`, `public-key`.
fn is_qualified_key(name: &[u8], hit: &std::ops::Range<usize>) -> bool {
    if hit.len() != 3 {
        return false;
    }
    let before = &name[..hit.start];
    let before =
        before.strip_suffix(b"_").or(before.strip_suffix(b"-")).or(before.strip_suffix(b".")).unwrap_or(before);
    KEYS_OF_DATA.iter().any(|word| {
        before.len() >= word.len() && before[before.len() - word.len()..].eq_ignore_ascii_case(word.as_bytes())
    })
}

/// `max_tokens`, `active_sessions`, but not `access_tokens`.
fn is_plural(name: &[u8], hit: &std::ops::Range<usize>) -> bool {
    let word = &name[hit.clone()];
    (starts_with(word, "token") || starts_with(word, "session") || starts_with(word, "signature"))
        && name.get(hit.end).is_some_and(|byte| byte.eq_ignore_ascii_case(&b's'))
        && !name.get(hit.end + 1).is_some_and(|byte| byte.is_ascii_lowercase())
        && !words(name).any(|word| contains(&["access", "refresh", "api", "auth", "bearer", "id"], &name[word]))
}

/// Whether the name ends with a word that makes it a description of the secret: `token_type`,
/// `sessionTimeout`, `AuthenticationError`.
fn is_described(name: &[u8], hit_end: usize) -> bool {
    let last = words(name).last();
    last.is_some_and(|last| last.start >= hit_end && contains(&DESCRIBING, without_digits(&name[last])))
}

/// The words of a name: between punctuation, and from a small letter to a capital.
fn words(name: &[u8]) -> impl Iterator<Item = std::ops::Range<usize>> + '_ {
    let mut at = 0;
    std::iter::from_fn(move || {
        while at < name.len() && !name[at].is_ascii_alphanumeric() {
            at += 1;
        }
        let start = at;
        while at < name.len() && name[at].is_ascii_alphanumeric() {
            let ends = at > start
                && name[at].is_ascii_uppercase()
                && (!name[at - 1].is_ascii_uppercase() || name.get(at + 1).is_some_and(u8::is_ascii_lowercase));
            if ends {
                break;
            }
            at += 1;
        }
        (at > start).then_some(start..at)
    })
}

fn without_digits(word: &[u8]) -> &[u8] {
    let end = word.iter().rposition(|byte| !byte.is_ascii_digit()).map_or(word.len(), |at| at + 1);
    &word[..end]
}

fn contains(words: &[&str], word: &[u8]) -> bool {
    words.iter().any(|known| known.len() == word.len() && word.eq_ignore_ascii_case(known.as_bytes()))
}

fn starts_with(text: &[u8], word: &str) -> bool {
    text.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word.as_bytes()))
}

/// Compares without punctuation and letter case.
fn is_same(name: &[u8], whole: &[u8]) -> bool {
    name.iter().filter(|byte| byte.is_ascii_alphanumeric()).map(u8::to_ascii_lowercase).eq(whole.iter().copied())
}

/// In any place of a name.
const PARTS: [&str; 11] =
    ["key", "pass", "secret", "token", "credential", "session", "signature", "oauth", "authoriz", "authent", "sessid"];

/// As a word of a name.
const WORDS: [&str; 26] = [
    "auth", "jwt", "pwd", "pswd", "psw", "sid", "sig", "pw", "pin", "mpin", "puk", "otp", "otc", "totp", "hotp", "mfa",
    "tfa", "bearer", "verifier", "cred", "creds", "csrf", "xsrf", "cvv", "cvc", "hmac",
];

/// As the last word of a name: headers that become tags.
const LAST_WORDS: [&str; 2] = ["cookie", "cookies"];

/// The whole name.
const CODES: [&str; 2] = ["code", "ticket"];

/// The whole name, or the part after its last dot.
const WHOLE: [&str; 40] = [
    "loginticket",
    "serviceticket",
    "authticket",
    "grantticket",
    "proxyticket",
    "samlticket",
    "pgt",
    "pgtid",
    "pgtiou",
    "invitecode",
    "activationcode",
    "resetcode",
    "accesscode",
    "assertion",
    "clientassertion",
    "codeverifier",
    "devicecode",
    "usercode",
    "authcode",
    "mfacode",
    "verificationcode",
    "onetimecode",
    "confirmationcode",
    "validationcode",
    "recoverycode",
    "backupcode",
    "securitycode",
    "logincode",
    "magiccode",
    "magiclink",
    "pairingcode",
    "smscode",
    "emailcode",
    "2facode",
    "samlresponse",
    "samlrequest",
    "samlart",
    "wresult",
    "sas",
    "dpop",
];

const COMMON: [&str; 6] = ["key", "keys", "code", "ticket", "assertion", "sas"];

/// Ordinary words that contain an entry of the list, and its position in them.
const HARMLESS: [(&str, usize); 34] = [
    ("keyword", 0),
    ("keyboard", 0),
    ("keynote", 0),
    ("keyframe", 0),
    ("keyspace", 0),
    ("keystroke", 0),
    ("keypress", 0),
    ("keycloak", 0),
    ("hotkey", 3),
    ("turkey", 3),
    ("hockey", 3),
    ("jockey", 3),
    ("donkey", 3),
    ("whiskey", 4),
    ("passenger", 0),
    ("passage", 0),
    ("passing", 0),
    ("passive", 0),
    ("passed", 0),
    ("passes", 0),
    ("passthrough", 0),
    ("bypass", 2),
    ("compass", 3),
    ("surpass", 3),
    ("overpass", 4),
    ("trespass", 4),
    ("secretary", 0),
    ("secretariat", 0),
    ("tokeniz", 0),
    ("tokenis", 0),
    ("authenticated", 0),
    ("authenticator", 0),
    ("authorized", 0),
    ("authorised", 0),
];

/// Keys in the sense of data, which are not secret.
const KEYS_OF_DATA: [&str; 21] = [
    "public",
    "primary",
    "foreign",
    "partition",
    "routing",
    "sort",
    "cache",
    "unique",
    "message",
    "shard",
    "row",
    "object",
    "group",
    "index",
    "natural",
    "surrogate",
    "candidate",
    "composite",
    "idempotency",
    "translation",
    "unicode",
];

const DESCRIBING: [&str; 73] = [
    "age",
    "alg",
    "algorithm",
    "algorithms",
    "bits",
    "bytes",
    "cache",
    "class",
    "client",
    "count",
    "counts",
    "dir",
    "duration",
    "enabled",
    "endpoint",
    "error",
    "errors",
    "exception",
    "expected",
    "expired",
    "expires",
    "expiration",
    "expiry",
    "failed",
    "failure",
    "file",
    "format",
    "found",
    "host",
    "index",
    "invalid",
    "kind",
    "len",
    "length",
    "limit",
    "long",
    "manager",
    "mechanism",
    "method",
    "methods",
    "mismatch",
    "missing",
    "mode",
    "ms",
    "name",
    "names",
    "path",
    "policy",
    "port",
    "position",
    "provider",
    "required",
    "rejected",
    "rs",
    "scheme",
    "seconds",
    "secs",
    "server",
    "service",
    "short",
    "size",
    "status",
    "store",
    "strategy",
    "timeout",
    "total",
    "ttl",
    "type",
    "types",
    "url",
    "uri",
    "version",
    "weak",
];

const MAKING_SECRET: [&str; 20] = [
    "api",
    "access",
    "account",
    "secret",
    "private",
    "shared",
    "encryption",
    "signing",
    "license",
    "licence",
    "master",
    "verification",
    "confirmation",
    "authorization",
    "auth",
    "device",
    "security",
    "login",
    "one-time",
    "ssh",
];

const OF_PARSERS: [&str; 14] = [
    "unexpected",
    "illegal",
    "unknown",
    "unrecognized",
    "unrecognised",
    "expected",
    "next",
    "previous",
    "current",
    "duplicate",
    "missing",
    "no",
    "extra",
    "unused",
];
