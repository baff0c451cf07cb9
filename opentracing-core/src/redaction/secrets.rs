//! Which names stand for secrets.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::str::FromStr;

use regex_lite::Regex;

use crate::model::tags;
use crate::redaction::names;
use crate::redaction::scan::Place;

/// Finds secrets in all text that leaves the process, and replaces them by `<redacted>`.
///
/// The thread that drains finished spans applies one set of rules to tags, logs, messages of errors and URLs, no matter which adapter
/// or service recorded them. Threads that serve requests never pay for it.
///
/// # Rules
///
/// | place | what is replaced |
/// |---|---|
/// | key of a tag or of a log's field | the value, if the key is on the list of names |
/// | `scheme://me:pw@host`, `//me:pw@host`, `me:pw@host:443` | user name and password, with every character that RFC 3986 allows |
/// | `#fragment` of a URL | the fragment goes |
/// | `?name=value`, `&name=value`, `;name=value` of a URL, of a path or of a form | the value, if the name is on the list |
/// | percent-encoded parts of these, up to four levels | the encoded part as a whole, if there is a secret in it |
/// | `name=value`, `name: value`, `name => value`, `--name value`, `<name>value</name>` | the value, if the name is on the list |
/// | `"name":"value"` of JSON, also escaped and cut off | the value, an object or a list as a whole |
/// | `host=… password=…`, `Server=…;Pwd={…}`, JDBC, `me:pw@tcp(…)`, `PASSWORD '…'` | the password |
/// | `Authorization`, `Proxy-Authorization` | everything behind the scheme |
/// | `Bearer …`, `Basic …`, `Digest …`, `Negotiate …`, `ApiKey …`, … without a header's name | the credentials |
/// | `Cookie`, `Set-Cookie` | everything |
/// | `eyJ….….…` | JSON Web Tokens, signed and encrypted |
/// | `AKIA…`, `ASIA…`, `AIza…`, `ya29.…`, `ghp_…`, `github_pat_…`, `glpat-…`, `xoxb-…`, `sk_live_…`, `SG.…`, … | the key |
/// | `-----BEGIN … PRIVATE KEY-----` | what follows, up to `-----END` |
///
/// Values that are no secrets stay: nothing, `null`, `true`, `***`, placeholders such as `$1`, `{token}` and `${DB_PASSWORD}`, and in
/// prose a plain word: "invalid token: expired". Numbers that are set as such stay unless a PIN or the like is their key; truth values
/// and floating-point numbers always stay. The page `docs/secrets.md` of the repository says what no rule can find.
///
/// # Names
///
/// The default list has
///
/// - in any place and letter case: `key`, `pass` and `secret`, as the Instana tracers do, and `token`, `credential`, `session`,
///   `sessid`, `signature`, `oauth`, `authoriz`, `authent`;
/// - as a word between punctuation or capitals: `auth`, `bearer`, `creds`, `csrf`, `cvc`, `cvv`, `hmac`, `jwt`, `otp`, `pin`, `pw`,
///   `pwd`, `sid`, `sig`, `totp`, `verifier`, `xsrf`, and `cookie` as the last word;
/// - as a whole: `code`, `ticket`, `assertion`, `device_code`, `user_code`, `SAMLRequest`, `SAMLResponse`, `SAMLart`, `wresult` and
///   other names of codes that are used once.
///
/// It leaves out ordinary words and names that only describe a secret: `keyword`, `passenger`, `secretary`, `max_tokens`,
/// `primary_key`, `token_type`, `session_timeout`, `AuthenticationError`. In prose, where they mean something else, `key`, `code`,
/// `ticket` and `assertion` do not count alone.
///
/// Another list replaces the default one. It is read from the syntax of the variable `INSTANA_SECRETS`: `<matcher>:<name>,<name>`, for
/// example `contains-ignore-case:key,pass,secret`. Names are trimmed and empty ones skipped; a comma cannot be part of one. Letter
/// case is ignored within ASCII. What needs no name, such as tokens and keys of clouds, is found with any list but `none`.
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

    /// Takes nothing for secret. URLs still lose their user names, passwords and fragments, also within other text.
    pub const fn none() -> Self {
        Secrets(Rule::Nothing)
    }

    /// Whether something of that name is a secret. Allocates nothing.
    pub fn matches(&self, name: &str) -> bool {
        match &self.0 {
            Rule::Default => names::is_secret(name),
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

    /// Whether something of that name is a secret in that place.
    pub(super) fn matches_in(&self, name: &str, place: Place) -> bool {
        let is_by_default = place == Place::Text && matches!(self.0, Rule::Default);
        !(is_by_default && (names::is_common_word(name) || names::is_key_of_map(name))) && self.matches(name)
    }

    /// Whether the tag or field of a log of that name is a secret. A part of a name does not count for tags of the suite.
    pub(super) fn matches_key(&self, key: &str) -> bool {
        let by_part = matches!(&self.0, Rule::Words(SecretsMatcher::Contains | SecretsMatcher::ContainsIgnoreCase, _));
        let is_harmless = match &self.0 {
            Rule::Default => names::is_key_of_map(key),
            _ => by_part && KEYS_OF_MESSAGES.contains(&key),
        };
        !is_harmless && self.matches(key)
    }

    /// Whether the value is shorter than what the name stands for.
    pub(super) fn is_too_short(&self, name: &str, value: &str) -> bool {
        let is_number = value.len() < MIN_PIN && value.bytes().all(|byte| byte.is_ascii_digit());
        is_number && matches!(self.0, Rule::Default) && names::is_pin(name)
    }

    /// Whether secrets are known by their form as well.
    pub(super) fn finds_shapes(&self) -> bool {
        !matches!(self.0, Rule::Nothing)
    }

    /// Takes secrets out of a URL, which may be a whole one, a path with a query, or a query alone. The rules stand in the table
    /// [above](Secrets#rules).
    ///
    /// The text may have been cut at any place: an authority that cannot be a host counts as the beginning of a password.
    /// Allocates only if something within the text goes. Takes linear time. Meant for the reporter's thread.
    ///
    /// ```
    /// # use opentracing_core::Secrets;
    /// let secrets = Secrets::default();
    /// assert_eq!(
    ///     secrets.redact_url("/login;jsessionid=8F2?next=%2Fcb%3Fcode%3D41"),
    ///     "/login;jsessionid=<redacted>?next=<redacted>",
    /// );
    /// ```
    pub fn redact_url<'a>(&self, text: &'a str) -> Cow<'a, str> {
        crate::redaction::redact_url(self, text, false)
    }

    /// Takes secrets out of any text: the message of an error, a tag, a statement. The rules stand in the table
    /// [above](Secrets#rules).
    ///
    /// Allocates only if something within the text goes. Takes linear time. Meant for the reporter's thread.
    ///
    /// ```
    /// # use opentracing_core::Secrets;
    /// let secrets = Secrets::default();
    /// assert_eq!(
    ///     secrets.redact_text("host=db password='p w' is down"),
    ///     "host=db password='<redacted>' is down",
    /// );
    /// assert_eq!(
    ///     secrets.redact_text("401 for Authorization: Bearer 41x"),
    ///     "401 for Authorization: Bearer <redacted>",
    /// );
    /// assert_eq!(secrets.redact_text("unexpected token: `}`"), "unexpected token: `}`");
    /// ```
    pub fn redact_text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        crate::redaction::redact_text(self, text, false)
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

/// ISO 9564-1, section 6.1.
const MIN_PIN: usize = 4;

/// Tags with `key` in them that hold no secret.
const KEYS_OF_MESSAGES: [&str; 2] =
    [tags::MESSAGING_KAFKA_MESSAGE_KEY.name(), tags::MESSAGING_RABBITMQ_ROUTING_KEY.name()];

const MATCHERS: [(&str, SecretsMatcher); 6] = [
    ("equals", SecretsMatcher::Equals),
    ("equals-ignore-case", SecretsMatcher::EqualsIgnoreCase),
    ("contains", SecretsMatcher::Contains),
    ("contains-ignore-case", SecretsMatcher::ContainsIgnoreCase),
    ("regex", SecretsMatcher::Regex),
    ("none", SecretsMatcher::None),
];
