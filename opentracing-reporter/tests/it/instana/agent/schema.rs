//! Types of JSON members.

use serde_json::{Map, Value};

/// The type of a member.
#[derive(Clone, Copy, Debug)]
pub(super) enum Type {
    Text,
    /// A non-negative integer.
    Number,
    Truth,
    Object,
    /// 16 digits, not all zero.
    Id,
    /// 16 digits. The lower half of a foreign id may be zero.
    TraceId,
    /// 32 digits, not all zero.
    LongId,
    /// An object whose members are texts.
    Texts,
}

pub(super) type Members = &'static [(&'static str, Type)];

/// The object, if all of its members are known and have the right types.
pub(super) fn object<'a>(value: &'a Value, what: &str, members: Members) -> Result<&'a Map<String, Value>, String> {
    let object = value.as_object().ok_or_else(|| format!("{what} is no object"))?;
    for (name, value) in object {
        let Some((_, kind)) = members.iter().find(|(known, _)| known == name) else {
            return Err(format!("{what} knows no {name}"));
        };
        let fits = match kind {
            Type::Text => value.is_string(),
            Type::Number => value.is_u64(),
            Type::Truth => value.is_boolean(),
            Type::Object => value.is_object(),
            Type::Id => is_id(value, 16) && !is_zero(value),
            Type::TraceId => is_id(value, 16),
            Type::LongId => is_id(value, 32) && !is_zero(value),
            Type::Texts => value.as_object().is_some_and(|texts| texts.values().all(Value::is_string)),
        };
        if !fits {
            return Err(format!("{what}.{name} is no {kind:?}"));
        }
    }
    Ok(object)
}

/// The same, if the required members are present too.
pub(super) fn object_with<'a>(
    value: &'a Value,
    what: &str,
    members: Members,
    needed: &[&str],
) -> Result<&'a Map<String, Value>, String> {
    let object = object(value, what, members)?;
    match needed.iter().find(|name| !object.contains_key(**name)) {
        Some(missing) => Err(format!("{what}.{missing} is missing")),
        None => Ok(object),
    }
}

fn is_id(value: &Value, digits: usize) -> bool {
    let is_digit = |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    value.as_str().is_some_and(|id| id.len() == digits && id.bytes().all(is_digit))
}

fn is_zero(value: &Value) -> bool {
    value.as_str().is_some_and(|id| id.bytes().all(|byte| byte == b'0'))
}
