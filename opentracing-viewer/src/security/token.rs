//! The token that addresses other than loopback need.

use std::error::Error;
use std::fmt;

use http::HeaderMap;
use http::header::{AUTHORIZATION, COOKIE};
use subtle::ConstantTimeEq;

/// A secret that requests must know.
#[derive(Clone)]
pub(crate) struct Token(Box<str>);

/// The cookie with the token.
pub(super) const COOKIE_NAME: &str = "opentracing_viewer";

const MIN_LENGTH: usize = 16;

impl Token {
    /// Takes a token of at least 16 letters, digits, `-` and `_`.
    pub(crate) fn new(token: &str) -> Result<Self, InvalidToken> {
        let is_plain = token.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        if token.len() < MIN_LENGTH || !is_plain { Err(InvalidToken(())) } else { Ok(Token(token.into())) }
    }

    /// Makes a token of 128 random bits.
    pub(crate) fn random() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes)?;
        Ok(Token(format!("{:032x}", u128::from_be_bytes(bytes)).into()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Compares in a time that does not depend on the content.
    pub(super) fn is(&self, other: &str) -> bool {
        self.0.as_bytes().ct_eq(other.as_bytes()).into()
    }

    /// Whether a request has the token, as a cookie or as `Authorization: Bearer`.
    pub(crate) fn is_in(&self, headers: &HeaderMap) -> bool {
        let texts = |name| headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
        let bearers = texts(AUTHORIZATION).filter_map(|value| value.split_once(' '));
        let mut bearers =
            bearers.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map(|(_, token)| token.trim());
        let cookies =
            texts(COOKIE).flat_map(|value| value.split(';')).filter_map(|cookie| cookie.trim().split_once('='));
        let mut cookies = cookies.filter(|(name, _)| *name == COOKIE_NAME).map(|(_, token)| token);
        bearers.any(|token| self.is(token)) || cookies.any(|token| self.is(token))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token")
    }
}

/// The error for a token that is too short, or has characters that URLs and cookies do not carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct InvalidToken(());

impl fmt::Display for InvalidToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a token needs at least {MIN_LENGTH} letters, digits, - or _")
    }
}

impl Error for InvalidToken {}
