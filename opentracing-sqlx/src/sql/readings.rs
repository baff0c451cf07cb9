//! Reads a text so that no setting of the database turns what is shown into a value.

use std::ops::Range;

use crate::sql::Dialect;
use crate::sql::lexer::{Lexeme, Lexer, Rules, Token};

pub(super) struct Lexed<'a> {
    pub(super) lexemes: Vec<Lexeme<'a>>,
    /// Whether there was a comment that is no hint for the database.
    pub(super) has_comment: bool,
    /// The byte position after the last token that is not a semicolon.
    pub(super) end: usize,
}

/// Splits a text into tokens. `is_cut` says that the text is the start of a longer one.
///
/// Whether a backslash escapes a quote depends on settings of MySQL and PostgreSQL, which the client does not know. Where the readings
/// differ, only what is no value in any of them stays. A reading with an open string at its end is left out: the database would have
/// rejected the statement.
pub(super) fn lex(text: &str, dialect: Dialect, is_cut: bool) -> Lexed<'_> {
    let rules = Rules::default_of(dialect);
    let mut lexer = Lexer::new(text, rules);
    let mut lexemes = Vec::with_capacity(text.len() / 4);
    lexemes.extend(&mut lexer);
    if lexer.is_ambiguous {
        for other in other_rules(rules) {
            let (shown, is_unterminated) = shown(text, other);
            if !is_unterminated || lexer.is_unterminated || is_cut {
                lexemes = hide(lexemes, &shown);
            }
        }
    }
    let is_semicolon = |lexeme: &&Lexeme<'_>| lexeme.token != Token::Symbol(b';');
    let end = lexemes.iter().rev().find(is_semicolon).map_or(0, |lexeme| lexeme.end);
    Lexed { lexemes, has_comment: lexer.has_comment, end }
}

/// `NO_BACKSLASH_ESCAPES` of MySQL, with and without `ANSI_QUOTES`, and `standard_conforming_strings = off` of PostgreSQL.
fn other_rules(rules: Rules) -> impl Iterator<Item = Rules> {
    let opposite = Rules { escapes: !rules.escapes, escapes_in_double_quotes: false, ..rules };
    let ansi = Rules { escapes_in_double_quotes: false, ..rules };
    [Some(opposite), Some(ansi).filter(|_| rules.dialect == Dialect::MySql)].into_iter().flatten()
}

/// The parts of a text that are no literals and no comments, and whether the text ends in an open string.
fn shown(text: &str, rules: Rules) -> (Vec<Range<usize>>, bool) {
    let mut lexer = Lexer::new(text, rules);
    let mut shown: Vec<Range<usize>> = Vec::new();
    for lexeme in &mut lexer {
        match shown.last_mut() {
            _ if lexeme.token == Token::Literal => {}
            Some(last) if last.end == lexeme.start => last.end = lexeme.end,
            _ => shown.push(lexeme.start..lexeme.end),
        }
    }
    (shown, lexer.is_unterminated)
}

/// Replaces the tokens outside of these parts by literals, one for each run.
fn hide<'a>(lexemes: Vec<Lexeme<'a>>, shown: &[Range<usize>]) -> Vec<Lexeme<'a>> {
    let mut parts = shown.iter().peekable();
    let mut hidden: Vec<Lexeme<'a>> = Vec::with_capacity(lexemes.len());
    let mut is_hiding = false;
    for lexeme in lexemes {
        while parts.next_if(|part| part.end <= lexeme.start).is_some() {}
        let is_shown = parts.peek().is_some_and(|part| part.start <= lexeme.start && lexeme.end <= part.end);
        match hidden.last_mut() {
            Some(last) if !is_shown && is_hiding => last.end = lexeme.end,
            _ if is_shown => hidden.push(lexeme),
            _ => hidden.push(Lexeme { token: Token::Literal, ..lexeme }),
        }
        is_hiding = !is_shown;
    }
    hidden
}
