//! Which names stand for secrets.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::str::FromStr;

use regex_lite::Regex;

/// Says by its name whether a query parameter, header or tag holds a secret, and takes secrets out of URLs.
///
/// Reads the syntax of the variable `INSTANA_SECRETS`: `<matcher>:<name>,<name>`, for example
/// `contains-ignore-case:key,pass,secret`. Names are trimmed and empty ones skipped; a comma cannot be part of one. Letter case is
/// ignored within ASCII.
///
/// The default finds `key`, `pass` and `secret` in any place and letter case, as the Instana tracers do, and so `token`, `credential`,
/// `session`, `signature`, `oauth`, `authoriz` and `authent`. Short words that are part of harmless ones (`author`, `design`)
/// count where they stand between punctuation: `auth`, `jwt`, `pwd`, `sid`, `sig`. What is given by [`Secrets::new`] or read
/// from text replaces all of these.
///
/// ```
/// use opentracing_core::Secrets;
///
/// let secrets = Secrets::default();
/// assert_eq!(secrets.redact_url("https://me:pw@shop.example/pay?card_token=41&page=2#top"),
///            "https://shop.example/pay?card_token=<redacted>&page=2");
///
/// let secrets: Secrets = "equals:card".parse()?;
/// assert!(secrets.matches("card") && !secrets.matches("cards"));
/// # Ok::<(), opentracing_core::InvalidSecrets>(())
/// ```
#[derive(Clone)]
pub struct Secrets(Rule);

/// How the names of a [`Secrets`] are compared.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum SecretsMatcher {
    /// The whole name, letter by letter: `equals`.
    Equals,
    /// The whole name in any letter case: `equals-ignore-case`.
    EqualsIgnoreCase,
    /// A part of the name: `contains`.
    Contains,
    /// A part of the name in any letter case: `contains-ignore-case`.
    ContainsIgnoreCase,
    /// A regular expression that fits the whole name: `regex`. The syntax is that of the crate `regex-lite`; matching takes linear time.
    Regex,
    /// Nothing is a secret: `none`. Names that are given nevertheless are ignored.
    None,
}

/// A text or a list of names makes no [`Secrets`].
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum InvalidSecrets {
    /// This is not the name of a matcher.
    UnknownMatcher(String),
    /// The matcher needs names and there are none.
    NoNames(SecretsMatcher),
    /// A regular expression cannot be read.
    InvalidRegex {
        /// The expression.
        pattern: String,
        /// What is wrong with it.
        reason: String,
    },
}

#[derive(Clone)]
enum Rule {
    Default,
    Words(SecretsMatcher, Box<[Box<str>]>),
    Regex(Box<[Regex]>),
    Nothing,
}

impl Secrets {
    /// Takes these names for secret, and no others.
    ///
    /// # Errors
    ///
    /// If there are no names, unless the matcher is [`None`](SecretsMatcher::None), or a regular expression is wrong.
    pub fn new<I>(matcher: SecretsMatcher, names: I) -> Result<Self, InvalidSecrets>
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        if matcher == SecretsMatcher::None {
            return Ok(Self::none());
        }
        let mut names: Vec<Box<str>> = names.into_iter().map(|name| name.as_ref().trim().into()).collect();
        names.retain(|name| !name.is_empty());
        if names.is_empty() {
            return Err(InvalidSecrets::NoNames(matcher));
        }
        Ok(Secrets(match matcher {
            SecretsMatcher::Regex => {
                Rule::Regex(names.iter().map(|name| whole_string(name)).collect::<Result<_, _>>()?)
            }
            _ => Rule::Words(matcher, names.into()),
        }))
    }

    /// Takes nothing for secret. URLs still lose their user names, passwords and fragments.
    pub const fn none() -> Self {
        Secrets(Rule::Nothing)
    }

    /// Whether something of that name is a secret. Allocates nothing.
    pub fn matches(&self, name: &str) -> bool {
        match &self.0 {
            Rule::Default => {
                PARTS.iter().any(|part| contains_ignore_case(name, part))
                    || name
                        .split(|c: char| !c.is_ascii_alphanumeric())
                        .any(|word| WORDS.iter().any(|w| w.eq_ignore_ascii_case(word)))
            }
            Rule::Words(matcher, words) => words.iter().any(|word| match matcher {
                SecretsMatcher::Equals => **word == *name,
                SecretsMatcher::EqualsIgnoreCase => word.eq_ignore_ascii_case(name),
                SecretsMatcher::Contains => name.contains(&**word),
                _ => contains_ignore_case(name, word),
            }),
            Rule::Regex(patterns) => patterns.iter().any(|pattern| pattern.is_match(name)),
            Rule::Nothing => false,
        }
    }

    /// Takes secrets out of a URL: user name and password and the fragment go, and the values of query parameters whose names
    /// match become `<redacted>`.
    ///
    /// Names are compared percent-decoded. The text may be a whole URL, a path with a query, or a query alone, and it may have
    /// been cut at any place: an authority that can be no host is taken for the beginning of a password. A URL that is nested in
    /// a path or query loses its user name and password as well; what it hides behind percent-encoding is not seen. Allocates
    /// only if a part within the text goes. Meant for the reporter's thread.
    pub fn redact_url<'a>(&self, text: &'a str) -> Cow<'a, str> {
        crate::redaction::redact::redact_url(self, text)
    }

    /// Takes secrets out of the URLs within a text, for messages of errors that name what they failed on. A URL is what holds `://`
    /// between blanks, quotes, commas, angle brackets and parentheses; the rest of the text stays as it is.
    pub fn redact_text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        crate::redaction::redact::redact_text(self, text)
    }
}

impl Default for Secrets {
    fn default() -> Self {
        Secrets(Rule::Default)
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_tuple("Secrets");
        match &self.0 {
            Rule::Default => out.field(&"default"),
            Rule::Words(matcher, words) => out.field(matcher).field(words),
            Rule::Regex(patterns) => out.field(&SecretsMatcher::Regex).field(patterns),
            Rule::Nothing => out.field(&SecretsMatcher::None),
        };
        out.finish()
    }
}

/// Reads `<matcher>:<name>,<name>`, or `none` alone.
impl FromStr for Secrets {
    type Err = InvalidSecrets;

    fn from_str(text: &str) -> Result<Self, InvalidSecrets> {
        let (matcher, names) = text.split_once(':').unwrap_or((text, ""));
        Secrets::new(matcher.parse()?, names.split(','))
    }
}

/// Reads the matcher's name as Instana writes it, in lower case.
impl FromStr for SecretsMatcher {
    type Err = InvalidSecrets;

    fn from_str(text: &str) -> Result<Self, InvalidSecrets> {
        let text = text.trim();
        let found = MATCHERS.iter().find(|(name, _)| *name == text);
        found.map(|&(_, matcher)| matcher).ok_or_else(|| InvalidSecrets::UnknownMatcher(text.to_owned()))
    }
}

impl fmt::Display for SecretsMatcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MATCHERS.iter().find(|(_, matcher)| matcher == self).map_or("", |(name, _)| name))
    }
}

impl fmt::Display for InvalidSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            InvalidSecrets::UnknownMatcher(text) => write!(f, "{text:?} is no matcher of secrets"),
            InvalidSecrets::NoNames(matcher) => write!(f, "the matcher {matcher} needs names"),
            InvalidSecrets::InvalidRegex { pattern, reason } => {
                write!(f, "{pattern:?} is no regular expression: {reason}")
            }
        }
    }
}

impl Error for InvalidSecrets {}

fn whole_string(pattern: &str) -> Result<Regex, InvalidSecrets> {
    // Alone first: `a)|(b` would be right only inside of the group. The line end closes a comment that `(?x)` may have begun.
    let compiled = Regex::new(pattern)
        .and_then(|_| Regex::new(&format!("^(?:{pattern})$")).or_else(|_| Regex::new(&format!("^(?:{pattern}\n)$"))));
    compiled.map_err(|error| InvalidSecrets::InvalidRegex { pattern: pattern.to_owned(), reason: error.to_string() })
}

fn contains_ignore_case(text: &str, part: &str) -> bool {
    text.as_bytes().windows(part.len()).any(|window| window.eq_ignore_ascii_case(part.as_bytes()))
}

const PARTS: [&str; 10] =
    ["key", "pass", "secret", "token", "credential", "session", "signature", "oauth", "authoriz", "authent"];

const WORDS: [&str; 5] = ["auth", "jwt", "pwd", "sid", "sig"];

const MATCHERS: [(&str, SecretsMatcher); 6] = [
    ("equals", SecretsMatcher::Equals),
    ("equals-ignore-case", SecretsMatcher::EqualsIgnoreCase),
    ("contains", SecretsMatcher::Contains),
    ("contains-ignore-case", SecretsMatcher::ContainsIgnoreCase),
    ("regex", SecretsMatcher::Regex),
    ("none", SecretsMatcher::None),
];
