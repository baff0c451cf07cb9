//! Closures that choose.

use std::fmt;
use std::sync::Arc;

/// Closures that say to which requests, or responses, a setting applies. It applies if one of them returns true.
///
/// ```
/// use opentracing_core::http_rules::Predicates;
///
/// let mut skip = Predicates::default();
/// skip.add(|path: &str| path == "/health");
/// skip.add(|path: &str| path.starts_with("/internal/"));
/// assert!(skip.any("/health") && !skip.any("/"));
/// ```
pub struct Predicates<T: ?Sized>(Vec<Predicate<T>>);

type Predicate<T> = Arc<dyn Fn(&T) -> bool + Send + Sync>;

impl<T: ?Sized> Predicates<T> {
    /// Adds a closure.
    pub fn add(&mut self, predicate: impl Fn(&T) -> bool + Send + Sync + 'static) {
        self.0.push(Arc::new(predicate));
    }

    /// Whether one of the closures returns true. Those behind it do not run.
    pub fn any(&self, value: &T) -> bool {
        self.0.iter().any(|predicate| predicate(value))
    }
}

impl<T: ?Sized> Clone for Predicates<T> {
    fn clone(&self) -> Self {
        Predicates(self.0.clone())
    }
}

/// No closures: applies to nothing.
impl<T: ?Sized> Default for Predicates<T> {
    fn default() -> Self {
        Predicates(Vec::new())
    }
}

impl<T: ?Sized> fmt::Debug for Predicates<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Predicates").field(&self.0.len()).finish()
    }
}
