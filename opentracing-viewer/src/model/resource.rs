//! The process that spans come from.

use crate::model::{Text, Value};

/// The process that spans come from: its service, and the tags that all its spans share. Many spans share one resource.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Resource {
    /// The name of the service; `unknown_service` if the sender does not tell one.
    pub service: Text,
    /// The version of the service: the tag `service.version`.
    pub version: Option<Text>,
    /// All tags of the process, including `service.version`, without `service.name`.
    pub tags: Vec<(Text, Value)>,
}

impl Resource {
    /// Creates a resource. An empty name of the service becomes `unknown_service`. The version is read from the tags; `service.name` is
    /// removed from them.
    pub fn new(service: impl Into<Text>, mut tags: Vec<(Text, Value)>) -> Self {
        let service = service.into();
        tags.retain(|(key, _)| key != "service.name");
        let version = tags.iter().find(|(key, _)| key == "service.version").map(|(_, version)| match version {
            Value::Str(text) => text.clone(),
            other => other.to_string().into(),
        });
        Resource { service: if service.is_empty() { UNKNOWN_SERVICE.into() } else { service }, version, tags }
    }

    /// The value of a tag; `None` if the process does not have it.
    pub fn tag(&self, key: &str) -> Option<&Value> {
        self.tags.iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }
}

/// The name of a service that has none (OpenTelemetry semantic conventions, "Service").
const UNKNOWN_SERVICE: &str = "unknown_service";
