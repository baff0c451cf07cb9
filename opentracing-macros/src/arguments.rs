//! The arguments of the attribute.

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Error, Expr, Ident, LitStr, Path, Result, Token, parenthesized};

/// The arguments of the attribute, with the place of those that may be wrong for the function.
#[derive(Default)]
pub(crate) struct Arguments {
    pub(crate) name: Option<Expr>,
    pub(crate) kind: Option<Ident>,
    pub(crate) tags: Vec<Tag>,
    pub(crate) args: Option<Span>,
    pub(crate) skip: Vec<Ident>,
    pub(crate) err: Option<Span>,
    pub(crate) ret: Option<Span>,
    pub(crate) tracer: Option<Expr>,
    pub(crate) boxed: Option<Span>,
    pub(crate) krate: Option<Path>,
}

/// A tag: its key, the form in which the value is taken, and the value.
pub(crate) struct Tag {
    pub(crate) key: String,
    pub(crate) form: Form,
    pub(crate) value: Expr,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Value,
    Display,
    Debug,
}

const KNOWN: &str =
    "expected one of `name`, `kind`, `tags`, `args`, `skip`, `err`, `ret`, `tracer`, `boxed` and `crate`";

impl Parse for Arguments {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let mut arguments = Arguments::default();
        let mut seen: Vec<String> = Vec::new();
        while !input.is_empty() {
            if input.peek(Token![crate]) {
                input.parse::<Token![crate]>()?;
                input.parse::<Token![=]>()?;
                arguments.krate = Some(input.parse()?);
            } else {
                let name: Ident = input.parse().map_err(|error| Error::new(error.span(), KNOWN))?;
                let text = name.to_string();
                if seen.contains(&text) {
                    return Err(Error::new(name.span(), format!("`{text}` is given twice")));
                }
                arguments.take(&name, &text, input)?;
                seen.push(text);
            }
            if input.is_empty() {
                break;
            }
            input.parse::<Token![,]>()?;
        }
        match (arguments.args, arguments.skip.first()) {
            (None, Some(skipped)) => Err(Error::new(skipped.span(), "`skip` has an effect with `args` only")),
            _ => Ok(arguments),
        }
    }
}

impl Arguments {
    fn take(&mut self, name: &Ident, text: &str, input: ParseStream<'_>) -> Result<()> {
        let span = Some(name.span());
        match text {
            "name" => self.name = Some(value(input)?),
            "tracer" => self.tracer = Some(value(input)?),
            "kind" => {
                input.parse::<Token![=]>()?;
                let kind: Ident = input.parse()?;
                if !["Internal", "Server", "Client", "Producer", "Consumer"].contains(&kind.to_string().as_str()) {
                    let message = "expected `Internal`, `Server`, `Client`, `Producer` or `Consumer`";
                    return Err(Error::new(kind.span(), message));
                }
                self.kind = Some(kind);
            }
            "tags" => {
                let list;
                parenthesized!(list in input);
                self.tags = Punctuated::<Tag, Token![,]>::parse_terminated(&list)?.into_iter().collect();
            }
            "skip" => {
                let list;
                parenthesized!(list in input);
                self.skip = Punctuated::<Ident, Token![,]>::parse_terminated(&list)?.into_iter().collect();
            }
            "args" => self.args = span,
            "err" => self.err = span,
            "ret" => self.ret = span,
            "boxed" => self.boxed = span,
            _ => return Err(Error::new(name.span(), KNOWN)),
        }
        Ok(())
    }

    pub(crate) fn needs_result(&self) -> Option<Span> {
        self.err.or(self.ret)
    }
}

fn value(input: ParseStream<'_>) -> Result<Expr> {
    input.parse::<Token![=]>()?;
    input.parse()
}

impl Parse for Tag {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let key = if input.peek(LitStr) && input.peek2(Token![=]) {
            Some(input.parse::<LitStr>()?.value())
        } else if input.peek(Ident) && input.peek2(Token![=]) && !input.peek2(Token![==]) {
            Some(input.parse::<Ident>()?.to_string())
        } else {
            None
        };
        if key.is_some() {
            input.parse::<Token![=]>()?;
        }
        let form = if input.peek(Token![%]) {
            input.parse::<Token![%]>()?;
            Form::Display
        } else if input.peek(Token![?]) {
            input.parse::<Token![?]>()?;
            Form::Debug
        } else {
            Form::Value
        };
        let value: Expr = input.parse()?;
        let key = match key {
            Some(key) => key,
            None => own_name(&value)?,
        };
        Ok(Tag { key, form, value })
    }
}

/// The text of a variable or a field, such as `order.id`, without a leading `self`.
fn own_name(value: &Expr) -> Result<String> {
    let mut parts = Vec::new();
    let mut rest = value;
    loop {
        match rest {
            Expr::Field(field) => {
                parts.push(plain(field.member.to_token_stream()));
                rest = &field.base;
            }
            Expr::Path(path) if path.path.get_ident().is_some() => {
                let name = plain(path.path.to_token_stream());
                if name != "self" || parts.is_empty() {
                    parts.push(name);
                }
                parts.reverse();
                return Ok(parts.join("."));
            }
            _ => {
                let message =
                    "this tag needs a key, as in `key = value`: only variables and their fields name themselves";
                return Err(Error::new_spanned(value, message));
            }
        }
    }
}

/// The text without the prefix of raw identifiers.
fn plain(tokens: TokenStream) -> String {
    let text = tokens.to_string();
    text.strip_prefix("r#").map(str::to_owned).unwrap_or(text)
}
