//! Takes secrets out of text before it leaves the process: one set of rules for URLs, messages, tags and logs.
//!
//! `secrets` holds the public type and the names that a service configures, `names` the default list. `scan` walks over a text once and
//! asks the other files where it meets one of their characters: `pairs` and `forms` for a name with a value, `url` for a URL, `logins`
//! for a user name with a password, `headers` for credentials of HTTP, `shapes` for secrets that need no name, `encoded` for
//! percent-encoding. `value` says where a value ends and which values are harmless. `keys` applies all of it to tags and logs.

mod edit;
mod encoded;
mod forms;
mod headers;
pub(crate) mod keys;
mod logins;
mod names;
mod pairs;
mod scan;
pub(crate) mod secrets;
mod shapes;
mod url;
mod value;

pub(crate) use self::edit::REDACTED;
pub(crate) use self::scan::{redact_text, redact_url};
