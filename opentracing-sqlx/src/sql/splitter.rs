//! Finds the end of each statement, also of those that contain others.

use crate::sql::keywords::is_one_of;
use crate::sql::lexer::Token;

/// Reads the tokens of a text, and says which semicolons end a statement. The semicolons in the body of a trigger or a routine do not.
#[derive(Default)]
pub(super) struct Splitter {
    /// The number of tokens of the current statement so far.
    tokens: usize,
    kind: Kind,
    /// The number of `BEGIN` and `CASE` that are open.
    depth: u32,
    /// The number of open parentheses.
    parentheses: u32,
    /// What the last token was.
    previous: Previous,
}

#[derive(Clone, Copy, PartialEq, Eq, Default)]
enum Kind {
    #[default]
    Simple,
    /// `CREATE` or `ALTER`, until the kind of object is known.
    Definition,
    /// `BEGIN`, until the next word is known.
    Begin,
    /// It may have a body with statements.
    WithBody,
    /// A rule of PostgreSQL, which has statements in parentheses.
    Rule,
}

#[derive(Clone, Copy, PartialEq, Eq, Default)]
enum Previous {
    #[default]
    Other,
    End,
    Dot,
}

impl Splitter {
    /// Takes the next token. Returns whether it is a semicolon that ends the statement.
    pub(super) fn ends_statement(&mut self, token: Token<'_>) -> bool {
        let previous = std::mem::take(&mut self.previous);
        match token {
            Token::Symbol(b';') if self.depth == 0 && !(self.kind == Kind::Rule && self.parentheses > 0) => {
                *self = Splitter::default();
                return true;
            }
            Token::Symbol(b'.') => self.previous = Previous::Dot,
            Token::Symbol(b'(') => self.parentheses += 1,
            Token::Symbol(b')') => self.parentheses = self.parentheses.saturating_sub(1),
            Token::Word(word) if previous != Previous::Dot => self.word(word, previous),
            _ => {}
        }
        self.tokens += 1;
        false
    }

    fn word(&mut self, word: &str, previous: Previous) {
        match self.kind {
            Kind::Simple if self.tokens == 0 && is_one_of(word, &["create", "alter"]) => self.kind = Kind::Definition,
            Kind::Simple if self.tokens == 0 && is_one_of(word, &["begin"]) => self.kind = Kind::Begin,
            Kind::Begin if self.tokens == 1 && is_one_of(word, &["not"]) => {
                (self.kind, self.depth) = (Kind::WithBody, 1);
            }
            // A package has an `END` of its own, and no `BEGIN`.
            Kind::Definition if is_one_of(word, &["package"]) => (self.kind, self.depth) = (Kind::WithBody, 1),
            Kind::Definition if is_one_of(word, WITH_BODY) => self.kind = Kind::WithBody,
            Kind::Definition if is_one_of(word, &["rule"]) => self.kind = Kind::Rule,
            // These definitions have no body, or one in a string.
            Kind::Definition if is_one_of(word, WITHOUT_BODY) => self.kind = Kind::Simple,
            Kind::WithBody => self.word_of_body(word, previous),
            _ => {}
        }
    }

    fn word_of_body(&mut self, word: &str, previous: Previous) {
        if is_one_of(word, &["end"]) {
            self.depth = self.depth.saturating_sub(1);
            self.previous = Previous::End;
        } else if previous == Previous::End && is_one_of(word, CLOSED_BY_END) {
            // `END IF` and the like close what was not counted.
            self.depth += 1;
        } else if is_one_of(word, &["begin"]) || previous != Previous::End && is_one_of(word, &["case"]) {
            self.depth += 1;
        }
    }
}

const WITH_BODY: &[&str] = &["trigger", "procedure", "function", "event"];
const WITHOUT_BODY: &[&str] = &["table", "view", "index", "user", "role", "database", "schema", "sequence", "type"];
const CLOSED_BY_END: &[&str] = &["if", "loop", "while", "repeat", "for"];
