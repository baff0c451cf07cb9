//! Variables in values (OpenTelemetry, "Configuration Data Model", environment variable substitution).

use std::borrow::Cow;

/// Looks up a variable of the environment.
pub(crate) type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Replaces `${NAME}`, `${env:NAME}` and `${NAME:-default}` by the value of the variable, and `$$` by `$`. What a variable contains is
/// not looked at again.
pub(super) fn substitute<'t>(text: &'t str, variables: Lookup<'_>) -> Result<Cow<'t, str>, String> {
    if !text.contains('$') {
        return Ok(Cow::Borrowed(text));
    }
    let mut out = String::new();
    for (number, part) in text.split("$$").enumerate() {
        if number > 0 {
            out.push('$');
        }
        replace_references(&mut out, part, variables)?;
    }
    Ok(Cow::Owned(out))
}

fn replace_references(out: &mut String, part: &str, variables: Lookup<'_>) -> Result<(), String> {
    let mut rest = part;
    while let Some((before, after)) = rest.split_once("${") {
        let Some((reference, after)) = after.split_once('}') else { break };
        out.push_str(before);
        match reference {
            "" => out.push_str("${}"),
            reference => out.push_str(&value(reference, variables)?),
        }
        rest = after;
    }
    out.push_str(rest);
    Ok(())
}

fn value(reference: &str, variables: Lookup<'_>) -> Result<String, String> {
    let parsed = parse(reference).or_else(|| parse(reference.strip_prefix("env:")?));
    let (name, default) = parsed.ok_or_else(|| {
        format!("has ${{{reference}}}, which is not a reference such as ${{NAME}}, ${{env:NAME}} or ${{NAME:-default}}")
    })?;
    let value = variables(name).filter(|value| !value.is_empty());
    Ok(value.unwrap_or_else(|| default.to_owned()))
}

/// `NAME` or `NAME:-default`.
fn parse(reference: &str) -> Option<(&str, &str)> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let end = reference.find(|c| !is_part(c)).unwrap_or(reference.len());
    let (name, rest) = reference.split_at(end);
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let default = if rest.is_empty() { Some("") } else { rest.strip_prefix(":-") };
    default.filter(|default| is_name && !default.contains('\n')).map(|default| (name, default))
}
