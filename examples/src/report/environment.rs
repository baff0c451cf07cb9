//! The environment variables with the addresses of backends.

use std::fmt;

/// A lookup of environment variables. An empty variable counts as unset.
pub struct Environment<'a>(&'a dyn Fn(&str) -> Option<String>);

impl<'a> Environment<'a> {
    /// Looks variables up with the closure.
    pub fn new(lookup: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Environment(lookup)
    }

    /// The variables of the process.
    pub fn of_process() -> Environment<'static> {
        Environment(&|name| std::env::var(name).ok())
    }

    pub(super) fn get(&self, name: &str) -> Option<String> {
        (self.0)(name).filter(|value| !value.trim().is_empty())
    }

    /// The first of these variables that is set.
    pub(super) fn first(&self, names: &[&'static str]) -> Option<(&'static str, String)> {
        names.iter().find_map(|name| Some((*name, self.get(name)?)))
    }
}

impl fmt::Debug for Environment<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Environment")
    }
}
