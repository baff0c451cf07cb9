//! The public type, and the names that mark secrets.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::str::FromStr;

use regex_lite::Regex;

use crate::model::tags;
use crate::redaction::names;
use crate::redaction::scan::Place;

/// Finds secrets in all text that leaves the process, and replaces them with `<redacted>`.
///
/// The draining thread applies one set of rules to tags, logs, error messages and URLs, no matter which adapter or service recorded them. This
/// has no cost for threads that serve requests.
///
/// # Rules
///
/// | place | what is replaced |
/// |---|---|
/// | key of a tag or log field | the value, if the key is on the list of names |
/// | `scheme://me:pw@host`, `//me:pw@host`, `me:pw@host:443` | user name and password, with every character that RFC 3986 allows |
/// | `#fragment` of a URL | the fragment, which is removed |
/// | `?name=value`, `&name=value`, `;name=value` of a URL, of a path or of a form | the value, if the name is on the list |
/// | percent-encoded parts of these, up to four levels | the encoded part as a whole, if there is a secret in it |
/// | `name=value`, `name: value`, `name => value`, `--name value`, `<name>value</name>` | the value, if the name is on the list |
/// | `"name":"value"` of JSON, also escaped and cut off | the value, an object or a list as a whole |
/// | `host=… password=…`, `Server=…;Pwd={…}`, JDBC, `me:pw@tcp(…)`, `PASSWORD '…'` | the password |
/// | `Authorization`, `Proxy-Authorization` | everything after the scheme |
/// | `Bearer …`, `Basic …`, `Digest …`, `Negotiate …`, `ApiKey …`, … without a header's name | the credentials |
/// | `Cookie`, `Set-Cookie` | everything |
/// | `eyJ….….…` | JSON Web Tokens, signed and encrypted |
/// | `AKIA…`, `ASIA…`, `AIza…`, `ya29.…`, `ghp_…`, `github_pat_…`, `glpat-…`, `xoxb-…`, `sk_live_…`, `SG.…`, … | the key |
/// | `-----BEGIN … PRIVATE KEY-----` | what follows, up to `-----END` |
///
/// Harmless values stay: empty text, `null`, `true`, `***`, placeholders such as `$1`, `{token}` and `${DB_PASSWORD}`, and plain words in
/// sentences such as "invalid token: expired". Values of integer types stay unless their key is that of a PIN or the like. Booleans and
/// floating-point numbers always stay. The page `docs/secrets.md` of the repository lists what no rule can find.
///
/// # Names
///
/// The default list has
///
/// - in any place and letter case: `key`, `pass` and `secret`, as the Instana tracers do, and `token`, `credential`, `session`,
///   `sessid`, `signature`, `oauth`, `authoriz`, `authent`;
/// - as a word between punctuation or capitals: `auth`, `bearer`, `cred`, `creds`, `csrf`, `cvc`, `cvv`, `hmac`, `hotp`, `jwt`, `mfa`,
///   `mpin`, `otc`, `otp`, `pin`, `psw`, `pswd`, `puk`, `pw`, `pwd`, `sid`, `sig`, `tfa`, `totp`, `verifier`, `xsrf`, and `cookie` as the
///   last word;
/// - as the whole name: `code`, `ticket`, `assertion`, `device_code`, `user_code`, `recovery_code`, `SAMLRequest`, `SAMLResponse`,
///   `SAMLart`, `wresult`, `DPoP` and other names of one-time codes and tickets.
///
/// Ordinary words and names that only describe a secret are not in the list: `keyword`, `passenger`, `secretary`, `max_tokens`,
/// `primary_key`, `token_type`, `session_timeout`, `AuthenticationError`. In sentences, where they have other meanings, `key`,
/// `code`, `ticket` and `assertion` alone do not mark a secret.
///
/// Another list replaces the default one. It has the syntax of the variable `INSTANA_SECRETS`: `<matcher>:<name>,<name>`, for example
/// `contains-ignore-case:key,pass,secret`. Names are trimmed, empty names are ignored, and a name cannot contain a comma. Letter case is ignored
/// for ASCII only. Secrets of a known form, such as tokens and cloud keys, are found with every list except `none`.
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

/// How a name is compared with the list.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum SecretsMatcher {
    /// The whole name, case-sensitive: `equals`.
    Equals,
    /// The whole name in any letter case: `equals-ignore-case`.
    EqualsIgnoreCase,
    /// A part of the name, case-sensitive: `contains`.
    Contains,
    /// A part of the name in any letter case: `contains-ignore-case`.
    ContainsIgnoreCase,
    /// A regular expression that matches the whole name: `regex`. The syntax is that of the crate `regex-lite`; matching takes linear time.
    Regex,
    /// No name is secret: `none`. Names in the list are ignored.
    None,
}

/// A text or a list of names is not a valid [`Secrets`].
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum InvalidSecrets {
    /// There is no matcher with this name.
    UnknownMatcher(String),
    /// The matcher requires names, but there are none.
    NoNames(SecretsMatcher),
    /// A regular expression is invalid.
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
    /// Creates a list in which only these names are secret.
    ///
    /// # Errors
    ///
    /// If there are no names and the matcher is not [`None`](SecretsMatcher::None), or if a regular expression is invalid.
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

    /// Creates a list in which no name is secret. User names, passwords and fragments of URLs are still removed, also within other text.
    pub const fn none() -> Self {
        Secrets(Rule::Nothing)
    }

    /// Whether a value of that name is a secret. Does not allocate.
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

    /// Whether a value of that name is a secret in that place.
    pub(super) fn matches_in(&self, name: &str, place: Place) -> bool {
        let is_by_default = place == Place::Text && matches!(self.0, Rule::Default);
        !(is_by_default && (names::is_common_word(name) || names::is_key_of_map(name))) && self.matches(name)
    }

    /// Whether the tag or log field of that name is a secret. Some tags of this suite contain `key`; they do not match by a part of
    /// their name.
    pub(super) fn matches_key(&self, key: &str) -> bool {
        let by_part = matches!(&self.0, Rule::Words(SecretsMatcher::Contains | SecretsMatcher::ContainsIgnoreCase, _));
        let is_harmless = match &self.0 {
            Rule::Default => names::is_key_of_map(key),
            _ => by_part && KEYS_OF_MESSAGES.contains(&key),
        };
        !is_harmless && self.matches(key)
    }

    /// Whether the value is too short to be a secret of that name.
    pub(super) fn is_too_short(&self, name: &str, value: &str) -> bool {
        let is_number = value.len() < MIN_PIN && value.bytes().all(|byte| byte.is_ascii_digit());
        is_number && matches!(self.0, Rule::Default) && names::is_pin(name)
    }

    /// Whether secrets are also found by their form.
    pub(super) fn finds_shapes(&self) -> bool {
        !matches!(self.0, Rule::Nothing)
    }

    /// Redacts a URL, which may be a whole one, a path with a query, or only a query, by the rules in the table [above](Secrets#rules).
    ///
    /// The text may be truncated at any place: an authority that cannot be a host counts as the beginning of a password. Allocates only if
    /// something is replaced within the text. Takes linear time. Intended for the draining thread.
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

    /// Redacts any text, such as an error message, a tag or a statement, by the rules in the table [above](Secrets#rules).
    ///
    /// Allocates only if something is replaced within the text. Takes linear time. Intended for the draining thread.
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

/// Parses `<matcher>:<name>,<name>`, or `none`.
impl FromStr for Secrets {
    type Err = InvalidSecrets;

    fn from_str(text: &str) -> Result<Self, InvalidSecrets> {
        let (matcher, names) = text.split_once(':').unwrap_or((text, ""));
        Secrets::new(matcher.parse()?, names.split(','))
    }
}

/// Parses the name of a matcher as Instana writes it, in lower case.
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
    // Compiled alone first, since `a)|(b` is valid only inside of the group. The line end closes a comment that `(?x)` may have begun.
    let compiled = Regex::new(pattern)
        .and_then(|_| Regex::new(&format!("^(?:{pattern})$")).or_else(|_| Regex::new(&format!("^(?:{pattern}\n)$"))));
    compiled.map_err(|error| InvalidSecrets::InvalidRegex { pattern: pattern.to_owned(), reason: error.to_string() })
}

fn contains_ignore_case(text: &str, part: &str) -> bool {
    text.as_bytes().windows(part.len()).any(|window| window.eq_ignore_ascii_case(part.as_bytes()))
}

/// ISO 9564-1, section 6.1.
const MIN_PIN: usize = 4;

/// Tags with `key` in their names whose values are not secret.
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
