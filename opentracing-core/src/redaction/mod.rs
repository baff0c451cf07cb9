//! Redacts secrets in text before it leaves the process, with one set of rules for URLs, messages, tags and logs.
//!
//! `secrets` holds the public type and the names that a service configures, `names` the default list. `scan` reads a text once and
//! calls the other files at their characters: `pairs` and `forms` for a name with a value, `url` for a URL, `logins`
//! for a user name with a password, `headers` for credentials of HTTP, `shapes` for secrets that need no name, `encoded` for
//! percent-encoding. `plain` recognizes URLs that need none of this. `value` finds the end of a value, and knows harmless values. `keys`
//! applies the rules to tags and logs.

mod edit;
mod encoded;
mod forms;
mod headers;
pub(crate) mod keys;
mod logins;
mod names;
mod pairs;
mod plain;
mod scan;
pub(crate) mod secrets;
mod shapes;
mod url;
mod value;

pub(crate) use self::edit::REDACTED;
pub(crate) use self::scan::{redact_text, redact_url};
