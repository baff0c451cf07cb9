//! Carriers with untrusted bytes, and their formats.

use std::collections::HashSet;

use opentracing_core::propagation::{
    AmqpHeaders, Composite, ExtractError, Field, HttpHeaders, InjectError, KafkaHeaders, Medium, Propagator, TextMap,
    TextMapReader, TextMapWriter,
};
use opentracing_core::{SpanContext, Tracer};

/// Names and values in order. Names come several times and in any letter case, values are no text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wire(pub(crate) Vec<(String, Vec<u8>)>);

impl Wire {
    /// What the formats have as their own on that medium, in the order of names.
    pub(crate) fn fields(&self, formats: &Formats, medium: Medium) -> Vec<(String, String)> {
        let mut fields: Vec<_> = self.0.iter().filter(|(name, _)| formats.own(medium, name)).map(line).collect();
        fields.sort_unstable();
        fields
    }

    /// What stands under other names.
    pub(crate) fn others(&self, formats: &Formats, medium: Medium) -> Vec<&(String, Vec<u8>)> {
        self.0.iter().filter(|(name, _)| !formats.own(medium, name)).collect()
    }
}

fn line((name, value): &(String, Vec<u8>)) -> (String, String) {
    (name.to_ascii_lowercase(), String::from_utf8_lossy(value).into_owned())
}

impl TextMapReader for Wire {
    fn values(&self, field: &Field, visit: &mut dyn FnMut(&[u8])) {
        self.0.iter().filter(|(name, _)| name.eq_ignore_ascii_case(field.name())).for_each(|(_, value)| visit(value));
    }

    fn for_each<'a>(&'a self, visit: &mut dyn FnMut(&'a str, &'a [u8])) {
        self.0.iter().for_each(|(name, value)| visit(name, value));
    }
}

impl TextMapWriter for Wire {
    fn set_key(&mut self, key: &str, value: &str) {
        self.remove_key(key);
        self.0.push((key.to_owned(), value.as_bytes().to_vec()));
    }

    fn remove_key(&mut self, key: &str) {
        self.0.retain(|(name, _)| !name.eq_ignore_ascii_case(key));
    }

    fn remove_prefix(&mut self, prefix: &str) {
        self.0.retain(|(name, _)| !begins_with(name, prefix));
    }
}

fn begins_with(name: &str, prefix: &str) -> bool {
    name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

/// A list of formats behind a tracer, and the headers that it has as its own.
#[derive(Clone, Debug)]
pub(crate) struct Formats {
    tracer: Tracer,
    /// The name of the one format, or `None` if there are several, or if it is set up otherwise than by default.
    pub(crate) single: Option<String>,
    /// The names of the list.
    pub(crate) names: Vec<String>,
    /// On each of [`MEDIA`].
    fields: [Vec<String>; 4],
    all_fields: Vec<String>,
    prefixes: Vec<String>,
}

impl Formats {
    /// The list of these names.
    pub(crate) fn named(names: &str) -> Self {
        let list: Vec<String> = names.split(',').map(str::to_owned).collect();
        let single = list.first().filter(|_| list.len() == 1).cloned();
        Self::of(names.parse().expect("known formats"), single, list)
    }

    /// One format of a list that is set up otherwise than by default.
    pub(crate) fn set_up(name: &str, composite: Composite) -> Self {
        Self::of(composite, None, vec![name.to_owned()])
    }

    fn of(composite: Composite, single: Option<String>, names: Vec<String>) -> Self {
        // A context that says nothing removes all that is the formats': that shows what is.
        let seen = MEDIA.map(|medium| {
            let mut seen = Seen::default();
            let _ = inject(&composite, medium, &SpanContext::empty(), &mut seen);
            seen
        });
        let mut all_fields: Vec<String> = seen.iter().flat_map(|seen| seen.fields.clone()).collect();
        let mut known = HashSet::new();
        all_fields.retain(|field| known.insert(field.clone()));
        let mut prefixes = seen[0].prefixes.clone();
        prefixes.dedup();
        let (tracer, _drain) = Tracer::builder("wire").composite(composite).build();
        Formats { tracer, single, names, fields: seen.map(|seen| seen.fields), all_fields, prefixes }
    }

    /// Names of headers, then beginnings of names.
    pub(crate) fn field_names(&self) -> (&[String], &[String]) {
        (&self.all_fields, &self.prefixes)
    }

    /// Whether the header is one of the formats'.
    fn own(&self, medium: Medium, name: &str) -> bool {
        let fields = MEDIA.iter().zip(&self.fields).find(|(other, _)| **other == medium);
        fields.is_some_and(|(_, fields)| fields.iter().any(|field| field.eq_ignore_ascii_case(name)))
            || self.prefixes.iter().any(|prefix| begins_with(name, prefix))
    }

    /// How many fields could not be read so far.
    pub(crate) fn malformed(&self) -> u64 {
        self.tracer.stats().fields_malformed
    }

    /// Reads as a service does.
    pub(crate) fn extract(
        &self,
        medium: Medium,
        carrier: &dyn TextMapReader,
    ) -> Result<Option<SpanContext>, ExtractError> {
        match medium {
            Medium::Text => self.tracer.extract(TextMap, carrier),
            Medium::Kafka => self.tracer.extract(KafkaHeaders, carrier),
            Medium::Amqp => self.tracer.extract(AmqpHeaders, carrier),
            _ => self.tracer.extract(HttpHeaders, carrier),
        }
    }

    /// Writes as a service does.
    pub(crate) fn inject(
        &self,
        medium: Medium,
        context: &SpanContext,
        carrier: &mut dyn TextMapWriter,
    ) -> Result<(), InjectError> {
        match medium {
            Medium::Text => self.tracer.inject(context, TextMap, carrier),
            Medium::Kafka => self.tracer.inject(context, KafkaHeaders, carrier),
            Medium::Amqp => self.tracer.inject(context, AmqpHeaders, carrier),
            _ => self.tracer.inject(context, HttpHeaders, carrier),
        }
    }
}

/// All that a composite reads and writes.
pub(crate) const MEDIA: [Medium; 4] = [Medium::Http, Medium::Text, Medium::Kafka, Medium::Amqp];

fn inject(composite: &Composite, medium: Medium, context: &SpanContext, to: &mut Seen) -> Result<(), InjectError> {
    match medium {
        Medium::Text => Propagator::<TextMap>::inject(composite, context, to),
        Medium::Kafka => Propagator::<KafkaHeaders>::inject(composite, context, to),
        Medium::Amqp => Propagator::<AmqpHeaders>::inject(composite, context, to),
        _ => Propagator::<HttpHeaders>::inject(composite, context, to),
    }
}

/// Takes down what is removed.
#[derive(Default)]
struct Seen {
    fields: Vec<String>,
    prefixes: Vec<String>,
}

impl TextMapWriter for Seen {
    fn set_key(&mut self, key: &str, _value: &str) {
        self.fields.push(key.to_owned());
    }

    fn remove_key(&mut self, key: &str) {
        self.fields.push(key.to_owned());
    }

    fn remove_prefix(&mut self, prefix: &str) {
        self.prefixes.push(prefix.to_owned());
    }
}
