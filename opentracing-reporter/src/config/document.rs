//! The YAML document, with variables replaced and scalars resolved by the core schema.

use std::borrow::Cow;

use saphyr::{MarkedYaml, Scalar, YamlData, YamlLoader};
use saphyr_parser::{Event, Parser, ScanError, SpannedEventReceiver};

use super::invalid::Problem;
use super::substitution::{Lookup, substitute};

/// Deeper than the format ever is.
const MAX_DEPTH: usize = 64;

/// A value, and the line where it or its key begins.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) line: usize,
    pub(super) data: Data,
}

#[derive(Debug)]
pub(super) enum Data {
    Null,
    Flag(bool),
    /// The number, and the text that a variable or the file has for it.
    Whole(i64, String),
    Number(f64, String),
    Text(String),
    List(Vec<Node>),
    /// In order, without duplicate keys.
    Map(Vec<(String, Node)>),
}

/// Parses a file that has one document. An empty one is null.
pub(super) fn parse(text: &str, variables: Lookup<'_>) -> Result<Node, Problem> {
    let scan_problem =
        |error: &ScanError| Problem::at(error.marker().line(), format_args!("is not YAML: {}", error.info()));
    let mut loader = YamlLoader::<MarkedYaml<'_>>::default();
    // A variable may be a number, so scalars are resolved after the substitution.
    loader.early_parse(false);
    // Not by `Parser::load`, which recurses before anything can limit the depth.
    let (mut parser, mut depth) = (Parser::new_from_str(text), 0_usize);
    while let Some(event) = parser.next_event() {
        let (event, span) = event.map_err(|error| scan_problem(&error))?;
        match event {
            Event::SequenceStart(..) | Event::MappingStart(..) => depth += 1,
            Event::SequenceEnd | Event::MappingEnd => depth -= 1,
            _ => {}
        }
        if depth > MAX_DEPTH {
            return Err(Problem::at(span.start.line(), format_args!("is nested more than {MAX_DEPTH} levels deep")));
        }
        loader.on_event(event, span);
    }
    if let Some(error) = loader.error() {
        return Err(scan_problem(error));
    }
    let documents = loader.into_documents();
    match &*documents {
        [] => Ok(Node { line: 1, data: Data::Null }),
        [document] => node(document, variables),
        [_, second, ..] => Err(Problem::at(second.span.start.line(), "has a second document, but only one is allowed")),
    }
}

fn node(yaml: &MarkedYaml<'_>, variables: Lookup<'_>) -> Result<Node, Problem> {
    let line = yaml.span.start.line();
    let data = match &yaml.data {
        YamlData::Representation(raw, style, tag) => {
            let text = substitute(raw, variables).map_err(|problem| Problem::at(line, problem))?;
            let scalar = Scalar::parse_from_cow_and_metadata(Cow::Borrowed(&*text), *style, tag.as_ref());
            match scalar.ok_or_else(|| Problem::at(line, format_args!("has {raw:?}, which does not fit its tag")))? {
                Scalar::Null => Data::Null,
                Scalar::Boolean(flag) => Data::Flag(flag),
                Scalar::Integer(number) => Data::Whole(number, text.into_owned()),
                Scalar::FloatingPoint(number) => Data::Number(number.into_inner(), text.into_owned()),
                Scalar::String(text) => Data::Text(text.into_owned()),
            }
        }
        YamlData::Sequence(items) => {
            Data::List(items.iter().map(|item| node(item, variables)).collect::<Result<_, _>>()?)
        }
        YamlData::Mapping(entries) => {
            let entries = entries.iter().map(|(key, value)| {
                let line = key.span.start.line();
                let YamlData::Representation(key, ..) = &key.data else {
                    return Err(Problem::at(line, "has a key that is not a text"));
                };
                let value = node(value, variables)?;
                Ok((key.clone().into_owned(), Node { line, ..value }))
            });
            Data::Map(entries.collect::<Result<_, _>>()?)
        }
        YamlData::Tagged(_, inner) => return node(inner, variables),
        YamlData::Value(_) | YamlData::Alias(_) => return Err(Problem::at(line, "has an alias without an anchor")),
        // An empty document, or an alias inside its own anchor.
        YamlData::BadValue => Data::Null,
    };
    Ok(Node { line, data })
}
