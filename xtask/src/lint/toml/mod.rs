//! The part of TOML that the lint configuration needs.
//!
//! Comments, `[table]` and `[table.sub]` headers, bare and quoted keys, basic strings (without
//! escapes), integers, and arrays of those over any number of lines. Anything else is an error with a
//! line number, never skipped. A whole TOML library would be the largest dependency of this tool.

use std::error::Error;
use std::fmt;

/// A value of the subset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    Text(String),
    Integer(i64),
    List(Vec<Value>),
}

impl Value {
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Value::Text(text) => Some(text),
            Value::Integer(_) | Value::List(_) => None,
        }
    }

    pub(crate) fn list(&self) -> Option<&[Value]> {
        match self {
            Value::List(values) => Some(values),
            Value::Text(_) | Value::Integer(_) => None,
        }
    }

    /// The strings of a list of nothing but strings.
    pub(crate) fn texts(&self) -> Option<Vec<String>> {
        self.list()?.iter().map(|value| value.text().map(str::to_owned)).collect()
    }
}

/// One `key = value`, with the table it stands in ("" for the top).
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) line: usize,
    pub(crate) table: String,
    pub(crate) key: String,
    pub(crate) value: Value,
}

/// A place in the text that is outside the subset.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ParseError {
    pub(crate) line: usize,
    pub(crate) expected: &'static str,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: expected {}", self.line, self.expected)
    }
}

impl Error for ParseError {}

/// Reads all entries in order. A key that occurs twice in a table is an error.
pub(crate) fn parse(text: &str) -> Result<Vec<Entry>, ParseError> {
    let mut reader = Reader { rest: text, line: 1 };
    let mut entries: Vec<Entry> = Vec::new();
    let mut table = String::new();
    loop {
        reader.skip_blank();
        if reader.rest.is_empty() {
            return Ok(entries);
        }
        let line = reader.line;
        if reader.eat('[') {
            table = reader.table_name()?;
        } else {
            let key = reader.key()?;
            reader.expect('=', "`=`")?;
            let value = reader.value()?;
            if entries.iter().any(|entry| entry.table == table && entry.key == key) {
                return Err(ParseError { line, expected: "each key only once" });
            }
            entries.push(Entry { line, table: table.clone(), key, value });
        }
        reader.end_of_line()?;
    }
}

struct Reader<'a> {
    rest: &'a str,
    line: usize,
}

impl Reader<'_> {
    fn error(&self, expected: &'static str) -> ParseError {
        ParseError { line: self.line, expected }
    }

    fn advance(&mut self, bytes: usize) {
        let (read, rest) = self.rest.split_at(bytes);
        self.line += read.matches('\n').count();
        self.rest = rest;
    }

    /// Skips spaces and tabs.
    fn skip_spaces(&mut self) {
        let rest = self.rest.trim_start_matches([' ', '\t']);
        self.advance(self.rest.len() - rest.len());
    }

    /// Skips white space of any kind, and comments.
    fn skip_blank(&mut self) {
        loop {
            let rest = self.rest.trim_start();
            self.advance(self.rest.len() - rest.len());
            if !self.rest.starts_with('#') {
                return;
            }
            self.advance(self.rest.find('\n').unwrap_or(self.rest.len()));
        }
    }

    fn eat(&mut self, wanted: char) -> bool {
        let found = self.rest.starts_with(wanted);
        if found {
            self.advance(wanted.len_utf8());
        }
        found
    }

    fn expect(&mut self, wanted: char, name: &'static str) -> Result<(), ParseError> {
        self.skip_spaces();
        if self.eat(wanted) { Ok(()) } else { Err(self.error(name)) }
    }

    fn end_of_line(&mut self) -> Result<(), ParseError> {
        self.skip_spaces();
        let at_end = self.rest.is_empty() || self.rest.starts_with(['\n', '\r', '#']);
        if at_end { Ok(()) } else { Err(self.error("the end of the line")) }
    }

    fn table_name(&mut self) -> Result<String, ParseError> {
        let mut name = self.key()?;
        loop {
            self.skip_spaces();
            if self.eat(']') {
                return Ok(name);
            }
            self.expect('.', "`.` or `]`")?;
            name.push('.');
            name.push_str(&self.key()?);
        }
    }

    fn key(&mut self) -> Result<String, ParseError> {
        self.skip_spaces();
        if self.rest.starts_with('"') {
            return self.string();
        }
        let bare = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        let length = self.rest.find(|c| !bare(c)).unwrap_or(self.rest.len());
        if length == 0 {
            return Err(self.error("a key"));
        }
        let key = self.rest[..length].to_owned();
        self.advance(length);
        Ok(key)
    }

    fn string(&mut self) -> Result<String, ParseError> {
        self.expect('"', "a string")?;
        let end = self.rest.find(['"', '\\', '\n']);
        match end {
            Some(end) if self.rest[end..].starts_with('"') => {
                let text = self.rest[..end].to_owned();
                self.advance(end + 1);
                Ok(text)
            }
            _ => Err(self.error("the end of a string without escapes on the same line")),
        }
    }

    fn value(&mut self) -> Result<Value, ParseError> {
        self.skip_spaces();
        if self.rest.starts_with('"') {
            return self.string().map(Value::Text);
        }
        if self.eat('[') {
            return self.list();
        }
        let length =
            self.rest.find(|c: char| !c.is_ascii_digit() && c != '-').unwrap_or(self.rest.len());
        let number = self.rest[..length].parse().ok();
        let number = number.ok_or(self.error("a string, an integer or an array"))?;
        self.advance(length);
        Ok(Value::Integer(number))
    }

    fn list(&mut self) -> Result<Value, ParseError> {
        let mut values = Vec::new();
        loop {
            self.skip_blank();
            if self.eat(']') {
                return Ok(Value::List(values));
            }
            values.push(self.value()?);
            self.skip_blank();
            if !self.eat(',') && !self.rest.starts_with(']') {
                return Err(self.error("`,` or `]`"));
            }
        }
    }
}

#[cfg(test)]
mod tests;
