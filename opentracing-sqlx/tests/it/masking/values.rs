//! Values, names and comments in every lexical form, each with a canary.

use crate::masking::generator::{Generator, Intent};
use crate::masking::oracle::Database;

impl Generator {
    /// A literal of any form.
    pub(crate) fn value(&mut self) -> String {
        match (self.database, self.random.below(12)) {
            (_, 0) => self.number(),
            (Database::Postgres, form) => self.postgres_value(form),
            (Database::MariaDb, form) => self.mariadb_value(form),
            (Database::Sqlite, 1) => format!("x'{}'", self.hex()),
            (Database::Sqlite, 2..=5) => self.string('"', false),
            (Database::Sqlite, _) => self.string('\'', self.escapes),
        }
    }

    fn postgres_value(&mut self, form: usize) -> String {
        match form {
            1 => {
                let first = self.string('\'', true);
                let space = self.line_break();
                let last = self.string('\'', true);
                format!("{}{first}{space}{last}", self.random.pick(&["E", "e"]))
            }
            2 => format!("{}{}", self.random.pick(&["E", "e"]), self.string('\'', true)),
            // Without standard_conforming_strings, PostgreSQL refuses U&.
            3 if self.escapes => format!("N{}", self.plain_string()),
            3 => format!("{}{}", self.random.pick(&["U&", "u&", "N", "n"]), self.plain_string()),
            4 => format!("{}'{}'", self.random.pick(&["X", "x"]), self.hex()),
            5 => format!("{}'{}'", self.random.pick(&["B", "b"]), self.bits()),
            6 => self.dollar_quoted(),
            7 => {
                let first = self.string('\'', self.escapes);
                let space = self.line_break();
                format!("{first}{space}{}", self.string('\'', self.escapes))
            }
            8 => format!("text {}", self.string('\'', self.escapes)),
            9 => format!("{}::text", self.string('\'', self.escapes)),
            _ => self.string('\'', self.escapes),
        }
    }

    fn mariadb_value(&mut self, form: usize) -> String {
        match form {
            1 => format!("{}'{}'", self.random.pick(&["X", "x"]), self.hex()),
            2 => format!("0x{}", self.hex()),
            3 => format!("{}'{}'", self.random.pick(&["B", "b"]), self.bits()),
            4 => format!(
                "{}{}",
                self.random.pick(&["N", "n", "_utf8mb4", "_latin1 ", "_binary"]),
                self.string('\'', self.escapes)
            ),
            5 => {
                let first = self.string('\'', self.escapes);
                let space = self.space();
                format!("{first}{space}{}", self.string('\'', self.escapes))
            }
            // With ANSI_QUOTES, this is a name.
            6..=8 if self.escapes => self.string('"', true),
            _ => self.string('\'', self.escapes),
        }
    }

    fn number(&mut self) -> String {
        let digits = self.canary(Intent::Value, |n| format!("8{n:011}"));
        match self.random.below(5) {
            0 => format!("{digits}.5"),
            1 => format!(".{digits}"),
            2 => format!("{digits}e{}", self.random.pick(&["2", "+1", "-3"])),
            3 => format!("-{digits}"),
            _ => digits,
        }
    }

    fn hex(&mut self) -> String {
        self.canary(Intent::Value, |n| format!("fa{n:010x}"))
    }

    fn bits(&mut self) -> String {
        self.canary(Intent::Value, |n| format!("1011{n:036b}"))
    }

    /// A string without escapes and line breaks.
    fn plain_string(&mut self) -> String {
        format!("'{}'", self.word(Intent::Value))
    }

    /// A string whose text looks like other parts of a statement.
    fn string(&mut self, quote: char, escapes: bool) -> String {
        let mut text = String::from(quote);
        for _ in 0..=self.random.below(3) {
            let word = self.word(Intent::Value);
            text.push_str(&word);
            let tricky = *self.random.pick(&[
                " ", "--", "/*", "*/", ";", "$$", "$a$", "\n", "é", "?", ":x", "@y", "#", "`", "[", "]", "(", ")", ",",
                "E", "0", "{quote}", "{other}", "{escape}", "\\\\",
            ]);
            match tricky {
                "{quote}" => text.extend([quote, quote]),
                "{other}" => text.push(if quote == '"' { '\'' } else { '"' }),
                "{escape}" if escapes => text.extend(['\\', *self.random.pick(&[quote, 'n', '\\', '"', '%'])]),
                "{escape}" => text.push('\\'),
                other => text.push_str(other),
            }
        }
        text.push(quote);
        text
    }

    fn dollar_quoted(&mut self) -> String {
        let tag = *self.random.pick(&["", "a", "body", "é", "_1"]);
        let word = self.word(Intent::Value);
        let tricky = *self.random.pick(&["'", "\"", "--", "/*", "\n", "$", "$b$", "\\", ";"]);
        let last = self.word(Intent::Value);
        format!("${tag}${word}{tricky}{last}${tag}$")
    }

    /// A name in any form that must be a name where it stands.
    pub(crate) fn name(&mut self) -> String {
        let word = self.word(Intent::Name);
        match (self.database, self.random.below(4)) {
            (_, 0 | 1) => word,
            (Database::Postgres, 2) => format!("\"{word}\""),
            (Database::Postgres, _) if self.escapes => word,
            (Database::Postgres, _) => format!("U&\"{word}\"\"'\""),
            (Database::MariaDb, 2) if !self.escapes => format!("\"{word}'\\\""),
            (Database::MariaDb, 2) => format!("`{word}`"),
            (Database::MariaDb, _) => format!("`{word}``'\"`"),
            (Database::Sqlite, 2) => format!("\"{word}\""),
            (Database::Sqlite, _) => self.random.pick(&[format!("[{word}']"), format!("`{word}'`")]).clone(),
        }
    }

    pub(crate) fn word(&mut self, intent: Intent) -> String {
        let prefix = match intent {
            Intent::Value => "zq",
            Intent::Name => "zi",
            Intent::Comment => "zc",
        };
        self.canary(intent, |n| format!("{prefix}{n}z"))
    }

    /// White space, maybe with a comment.
    pub(crate) fn space(&mut self) -> String {
        match self.random.below(16) {
            0 => "\n".to_owned(),
            1 => "\t ".to_owned(),
            2 => self.line_comment(),
            3 => self.block_comment(),
            _ => " ".to_owned(),
        }
    }

    /// White space over which a string of PostgreSQL goes on.
    fn line_break(&mut self) -> String {
        match self.random.below(5) {
            0 => self.line_comment(),
            1 => "\r\n ".to_owned(),
            2 => "\r".to_owned(),
            3 => "\n\t\n".to_owned(),
            _ => " \n".to_owned(),
        }
    }

    fn line_comment(&mut self) -> String {
        let word = self.word(Intent::Comment);
        let start = match self.database {
            Database::MariaDb => *self.random.pick(&["-- ", "#", "--\t"]),
            _ => *self.random.pick(&["--", "-- "]),
        };
        let end = if self.database == Database::Postgres { *self.random.pick(&["\n", "\r", "\r\n"]) } else { "\n" };
        format!(" {start}{}{word}{end}", self.random.pick(&["", "'", "\"", "/*", "$$"]))
    }

    fn block_comment(&mut self) -> String {
        let word = self.word(Intent::Comment);
        match self.database {
            Database::Postgres if self.random.one_in(2) => {
                let inner = self.word(Intent::Comment);
                format!("/* {word} /* ' */ {inner} */")
            }
            // Skipped by every version.
            Database::MariaDb if self.random.one_in(3) => format!("/*!999999 {word} */"),
            _ => format!("/*{}{word} */", self.random.pick(&["", "+", "'", "\"", "--", ";"])),
        }
    }
}
