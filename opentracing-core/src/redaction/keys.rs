//! Redacts tags and log fields by their keys.

use std::borrow::Cow;

use crate::model::tags;
use crate::redaction::edit::REDACTED;
use crate::redaction::scan::{Place, Scan, redact_text, redact_url};
use crate::redaction::secrets::Secrets;

/// How a value is redacted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Treatment {
    /// Text in which there may be a secret.
    Text,
    /// A URL.
    Url,
    /// A secret, as a whole.
    Secret,
}

/// The rules that the draining thread applies. Caches the results for keys that are string literals.
pub(crate) struct Redactor {
    secrets: Secrets,
    known: Box<[Option<(&'static str, Treatment)>]>,
}

impl Redactor {
    pub(crate) fn new(secrets: Secrets) -> Self {
        Redactor { secrets, known: vec![None; KNOWN].into() }
    }

    /// The treatment of a literal key: two loads if it is cached.
    #[inline]
    pub(crate) fn known_treatment(&mut self, key: &'static str) -> Treatment {
        // Literals lie close to each other and differ in their lower bits.
        let at = (key.as_ptr() as usize ^ key.len() << 3) % KNOWN;
        match self.known[at] {
            Some((known, treatment)) if std::ptr::eq(known, key) => treatment,
            _ => self.learn(at, key),
        }
    }

    /// Looks in the neighbouring place, so that two keys with the same place do not displace each other with every span.
    #[cold]
    fn learn(&mut self, at: usize, key: &'static str) -> Treatment {
        let place = if self.known[at].is_some() { at ^ 1 } else { at };
        match self.known[place] {
            Some((known, treatment)) if std::ptr::eq(known, key) => treatment,
            _ => {
                let treatment = self.treatment(key);
                self.known[place] = Some((key, treatment));
                treatment
            }
        }
    }

    /// The treatment of any key.
    pub(crate) fn treatment(&self, key: &str) -> Treatment {
        if self.secrets.matches_key(key) {
            Treatment::Secret
        } else if URLS.contains(&key) {
            Treatment::Url
        } else {
            Treatment::Text
        }
    }

    /// Redacts the text, which may have been truncated by the limit of values.
    #[inline]
    pub(crate) fn redact<'a>(&self, treatment: Treatment, text: &'a str, is_cut: bool) -> Cow<'a, str> {
        match treatment {
            Treatment::Text => redact_text(&self.secrets, text, is_cut),
            Treatment::Url => redact_url(&self.secrets, text, is_cut),
            Treatment::Secret if Scan::new(&self.secrets, text, 0).is_placeholder(text) => Cow::Borrowed(text),
            Treatment::Secret => Cow::Borrowed(REDACTED),
        }
    }

    /// Whether a number under a secret key is a secret: a PIN is one, the code of a response is not.
    pub(crate) fn is_secret_number(&self, key: &str) -> bool {
        self.secrets.matches_in(key, Place::Text)
    }
}

/// Tags of which the text is a URL, or the query of one.
const URLS: [&str; 4] = [tags::HTTP_URL.name(), "url.full", "url.query", "http.target"];

/// A power of two, well above the number of keys that a service has.
const KNOWN: usize = 256;
