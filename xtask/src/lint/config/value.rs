//! Reading TOML values that know where they stand, so that every mistake is reported with its line.

use std::borrow::Cow;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A value and its place in the file.
pub(super) type Value<'i> = Spanned<DeValue<'i>>;

/// What is wrong, and the byte at which it stands.
#[derive(Debug)]
pub(super) struct Mistake {
    pub(super) at: usize,
    pub(super) what: String,
}

/// A value, or the mistake in it.
pub(super) type Read<T> = Result<T, Mistake>;

pub(super) fn mistake<T>(at: usize, what: impl Into<String>) -> Read<T> {
    Err(Mistake { at, what: what.into() })
}

/// One `key = value`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry<'a, 'i> {
    pub(super) key: &'a str,
    pub(super) at: usize,
    pub(super) value: &'a Value<'i>,
}

impl<'a, 'i> Entry<'a, 'i> {
    fn expected<T>(&self, what: &str) -> Read<T> {
        mistake(self.value.span().start, format!("`{}` is {what}", self.key))
    }

    pub(super) fn unknown<T>(&self, table: &str) -> Read<T> {
        mistake(self.at, format!("unknown key `{}` in `[{table}]`", self.key))
    }

    pub(super) fn text(&self) -> Read<&'a str> {
        match self.value.get_ref() {
            DeValue::String(text) => Ok(text),
            _ => self.expected("a string"),
        }
    }

    pub(super) fn number(&self) -> Read<usize> {
        let number = self.value.get_ref().as_integer().filter(|number| number.radix() == 10);
        match number.and_then(|number| number.as_str().parse().ok()) {
            Some(number) => Ok(number),
            None => self.expected("a whole number"),
        }
    }

    pub(super) fn names(&self) -> Read<Vec<String>> {
        match texts(self.value) {
            Some(texts) => Ok(texts),
            None => self.expected("an array of strings"),
        }
    }

    pub(super) fn lists(&self) -> Read<Vec<Vec<String>>> {
        let lists = self.value.get_ref().as_array().map(|list| list.iter().map(texts).collect());
        match lists {
            Some(Some(lists)) => Ok(lists),
            Some(None) | None => self.expected("an array of arrays of strings"),
        }
    }

    pub(super) fn table(&self) -> Read<&'a DeTable<'i>> {
        match self.value.get_ref() {
            DeValue::Table(table) => Ok(table),
            _ => self.expected("a table"),
        }
    }

    /// Each table of `[[key]]`, with the place where it begins.
    pub(super) fn tables(&self) -> Read<Vec<(usize, &'a DeTable<'i>)>> {
        let tables = self.value.get_ref().as_array().map(|list| {
            let table = |value: &'a Value<'i>| match value.get_ref() {
                DeValue::Table(table) => Some((value.span().start, table)),
                _ => None,
            };
            list.iter().map(table).collect()
        });
        match tables {
            Some(Some(tables)) => Ok(tables),
            Some(None) | None => self.expected(&format!("written `[[{}]]`", self.key)),
        }
    }
}

/// The entries of a table in the order of the file.
pub(super) fn entries<'a, 'i>(table: &'a DeTable<'i>) -> Vec<Entry<'a, 'i>> {
    let entry = |(key, value): (&'a Spanned<Cow<'i, str>>, &'a Value<'i>)| Entry {
        key: key.get_ref(),
        at: key.span().start,
        value,
    };
    let mut entries: Vec<Entry<'a, 'i>> = table.iter().map(entry).collect();
    entries.sort_by_key(|entry| entry.at);
    entries
}

fn texts(value: &Value<'_>) -> Option<Vec<String>> {
    let list = value.get_ref().as_array()?;
    list.iter().map(|value| value.get_ref().as_str().map(str::to_owned)).collect()
}
