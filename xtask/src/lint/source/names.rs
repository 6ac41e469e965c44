//! What names mean by the syntax of one file alone: imports, aliases, and the types of variables.
//!
//! Good enough for code that no compiler saw, and for traits; everywhere else clippy is asked.

use std::collections::BTreeMap;

use syn::{Expr, FnArg, GenericArgument, Pat, PathArguments, Type, UseTree};

use super::span::Place;
use super::tokens::{Kind, Token, Tokens};

/// Different paths of one thing, and the one that the rules list.
const CANONICAL: [(&str, &str); 16] = [
    ("core::", "std::"),
    ("alloc::", "std::"),
    ("tokio::task::spawn", "tokio::spawn"),
    ("futures::channel::", "futures_channel::"),
    ("futures::executor::", "futures_executor::"),
    ("futures::future::FutureExt", "futures_util::FutureExt"),
    ("futures::", "futures_util::"),
    ("crossbeam::channel::", "crossbeam_channel::"),
    ("rayon::", "rayon_core::"),
    ("smol::Timer::", "async_io::Timer::"),
    ("smol::block_on", "async_io::block_on"),
    ("smol::channel::", "async_channel::"),
    ("smol::future::", "futures_lite::future::"),
    ("smol::unblock", "blocking::unblock"),
    ("async_std::channel::", "async_channel::"),
    ("metrics::recorder::", "metrics::"),
];

/// What stands around the type that matters.
const WRAPPERS: [&str; 6] =
    ["std::sync::Arc", "std::rc::Rc", "std::boxed::Box", "std::option::Option", "Box", "Option"];

/// Functions whose result has another type than their path says.
const CONSTRUCTORS: [(&str, &str); 7] = [
    ("futures_channel::mpsc::channel", "futures_channel::mpsc::Sender"),
    ("futures_channel::mpsc::unbounded", "futures_channel::mpsc::UnboundedSender"),
    ("tokio::sync::mpsc::channel", "tokio::sync::mpsc::Sender"),
    ("tokio::sync::mpsc::unbounded_channel", "tokio::sync::mpsc::UnboundedSender"),
    ("tokio::sync::oneshot::channel", "tokio::sync::oneshot::Sender"),
    ("std::sync::mpsc::channel", "std::sync::mpsc::Sender"),
    ("std::sync::mpsc::sync_channel", "std::sync::mpsc::SyncSender"),
];

/// The names of one file.
#[derive(Debug, Default)]
pub(crate) struct Names {
    imports: BTreeMap<String, String>,
    globs: Vec<String>,
    /// Fields of all structs of the file, and the variables of the function that is being read.
    fields: BTreeMap<String, String>,
    variables: BTreeMap<String, String>,
}

impl Names {
    pub(crate) fn import(&mut self, tree: &UseTree) {
        self.import_below("", tree);
    }

    fn import_below(&mut self, prefix: &str, tree: &UseTree) {
        let below = |name: &dyn std::fmt::Display| match prefix {
            "" => name.to_string(),
            _ => format!("{prefix}::{name}"),
        };
        match tree {
            UseTree::Path(path) => self.import_below(&below(&path.ident), &path.tree),
            UseTree::Name(name) if name.ident == "self" => {
                let last = prefix.rsplit("::").next().unwrap_or(prefix);
                self.imports.insert(last.to_owned(), prefix.to_owned());
            }
            UseTree::Name(name) => {
                self.imports.insert(name.ident.to_string(), below(&name.ident));
            }
            UseTree::Rename(name) if name.ident == "self" => {
                self.imports.insert(name.rename.to_string(), prefix.to_owned());
            }
            UseTree::Rename(name) => {
                self.imports.insert(name.rename.to_string(), below(&name.ident));
            }
            UseTree::Glob(_) => self.globs.push(prefix.to_owned()),
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.import_below(prefix, tree);
                }
            }
        }
    }

    /// `type Name = Type;`
    pub(crate) fn alias(&mut self, name: &syn::Ident, meaning: &Type) {
        if let Some(path) = self.type_of(meaning) {
            self.imports.insert(name.to_string(), path);
        }
    }

    pub(crate) fn field(&mut self, field: &syn::Field) {
        if let (Some(name), Some(path)) = (&field.ident, self.type_of(&field.ty)) {
            self.fields.insert(name.to_string(), path);
        }
    }

    /// Begins a function: the variables of the one before are gone.
    pub(crate) fn parameters<'a>(&mut self, inputs: impl Iterator<Item = &'a FnArg>) {
        self.variables.clear();
        for input in inputs {
            if let FnArg::Typed(typed) = input {
                self.variable(&typed.pat, Some(&typed.ty), None);
            }
        }
    }

    pub(crate) fn local(&mut self, local: &syn::Local) {
        let value = local.init.as_ref().map(|init| &*init.expr);
        match &local.pat {
            Pat::Type(typed) => self.variable(&typed.pat, Some(&typed.ty), value),
            pat => self.variable(pat, None, value),
        }
    }

    fn variable(&mut self, pat: &Pat, kind: Option<&Type>, value: Option<&Expr>) {
        let name = match pat {
            Pat::Ident(ident) => Some(&ident.ident),
            // `let (tx, rx) = channel();`
            Pat::Tuple(tuple) => match tuple.elems.first() {
                Some(Pat::Ident(ident)) => Some(&ident.ident),
                _ => None,
            },
            _ => None,
        };
        let path = kind
            .and_then(|kind| self.type_of(kind))
            .or_else(|| value.and_then(|value| self.type_of_value(value)));
        if let Some(name) = name {
            match path {
                Some(path) => self.variables.insert(name.to_string(), path),
                None => self.variables.remove(&name.to_string()),
            };
        }
    }

    fn type_of(&self, kind: &Type) -> Option<String> {
        match kind {
            Type::Reference(reference) => self.type_of(&reference.elem),
            Type::Paren(inner) => self.type_of(&inner.elem),
            Type::Path(path) => {
                let full = self.resolve(&path.path);
                if !WRAPPERS.contains(&full.as_str()) {
                    return Some(full);
                }
                let PathArguments::AngleBracketed(arguments) =
                    &path.path.segments.last()?.arguments
                else {
                    return None;
                };
                arguments.args.iter().find_map(|argument| match argument {
                    GenericArgument::Type(inner) => self.type_of(inner),
                    _ => None,
                })
            }
            _ => None,
        }
    }

    /// The type of a variable, a field, or what a constructor makes.
    pub(crate) fn type_of_value(&self, value: &Expr) -> Option<String> {
        match value {
            Expr::Path(path) => self.variables.get(&path.path.get_ident()?.to_string()).cloned(),
            Expr::Field(field) => match &field.member {
                syn::Member::Named(name) => self.fields.get(&name.to_string()).cloned(),
                syn::Member::Unnamed(_) => None,
            },
            Expr::Reference(reference) => self.type_of_value(&reference.expr),
            Expr::Paren(inner) => self.type_of_value(&inner.expr),
            Expr::MethodCall(call) if call.method == "clone" => self.type_of_value(&call.receiver),
            Expr::Call(call) => {
                let Expr::Path(function) = &*call.func else { return None };
                let full = self.resolve(&function.path);
                let made = CONSTRUCTORS.iter().find(|(function, _)| *function == full);
                match made {
                    Some((_, kind)) => Some((*kind).to_owned()),
                    // `Wrapper(value)` is a `Wrapper`.
                    None if is_type(full.rsplit("::").next()?) => Some(full),
                    None => Some(full.rsplit_once("::")?.0.to_owned()),
                }
            }
            _ => None,
        }
    }

    /// The full path that a path means.
    pub(crate) fn resolve(&self, path: &syn::Path) -> String {
        let parts: Vec<String> =
            path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        let mut full = parts.join("::");
        let mut known = path.leading_colon.is_some();
        // An import may name another import.
        for _ in 0..4 {
            let (first, rest) = full.split_at(full.find("::").unwrap_or(full.len()));
            let first = first.strip_prefix("self::").unwrap_or(first);
            match self.imports.get(first) {
                Some(meaning) if !known && *meaning != first => full = format!("{meaning}{rest}"),
                _ => break,
            }
            known = false;
        }
        canonical(full)
    }

    /// What a method is if it comes from an extension trait that the file imports.
    pub(crate) fn of_extensions(&self, method: &str) -> Vec<String> {
        let traits = self.imports.values().filter(|path| path.ends_with("Ext"));
        traits.map(|path| format!("{}::{method}", canonical(path.clone()))).collect()
    }

    /// Every path that it may mean: itself, and below each glob import.
    pub(crate) fn candidates(&self, path: &syn::Path) -> Vec<String> {
        let full = self.resolve(path);
        let below = self.globs.iter().map(|glob| canonical(format!("{glob}::{full}")));
        std::iter::once(full.clone()).chain(below).collect()
    }
}

fn is_type(name: &str) -> bool {
    name.starts_with(char::is_uppercase)
}

fn canonical(full: String) -> String {
    for (from, to) in CANONICAL {
        if full == from || (from.ends_with("::") && full.starts_with(from)) {
            return full.replacen(from, to, 1);
        }
    }
    full
}

/// The names that a file writes, in order, also inside macros and format strings.
#[derive(Debug, Default)]
pub(crate) struct Words(Vec<Word>);

#[derive(Debug)]
struct Word {
    at: Place,
    text: String,
    /// Behind a dot or a double colon: a field, a method, an item.
    below: bool,
    /// All there is of an argument.
    alone: bool,
}

impl Words {
    pub(crate) fn of(tokens: &Tokens) -> Words {
        let mut words = Words::default();
        // The two punctuation marks before the current token.
        let mut before = (' ', ' ');
        let mut rest = tokens.all().iter().peekable();
        while let Some(token) = rest.next() {
            let at = token.range.start;
            let mark = match &token.kind {
                Kind::Ident(text) => {
                    let below = before.1 == '.' && before.0 != '.' || before == (':', ':');
                    let ends =
                        |next: &&Token| next.is_punct(',') || matches!(next.kind, Kind::Close(_));
                    let alone = before == (' ', ' ') && rest.peek().is_none_or(ends);
                    words.0.push(Word { at, text: text.clone(), below, alone });
                    ' '
                }
                Kind::Literal(Some(text)) => {
                    for text in captured(text) {
                        words.0.push(Word { at, text, below: false, alone: false });
                    }
                    ' '
                }
                Kind::Literal(None) | Kind::Open(_) | Kind::Close(_) => ' ',
                Kind::Punct(mark) => *mark,
            };
            before = if mark == ' ' { (' ', ' ') } else { (before.1, mark) };
        }
        words
    }

    /// The uses of a variable between two places: for each that is a whole argument the two names
    /// before it, which are those of the function.
    pub(crate) fn uses(&self, name: &str, from: Place, to: Place) -> Vec<(&str, &str)> {
        let first = self.0.partition_point(|word| word.at < from);
        let back = |index: usize, back: usize| {
            let word = index.checked_sub(back).and_then(|index| self.0.get(index));
            word.map_or("", |word| word.text.as_str())
        };
        let rest = self.0.iter().enumerate().skip(first).take_while(|(_, word)| word.at < to);
        rest.filter(|(_, word)| word.text == name && !word.below)
            .map(
                |(index, word)| {
                    if word.alone { (back(index, 2), back(index, 1)) } else { ("", "") }
                },
            )
            .collect()
    }
}

/// The variables that a format string captures.
fn captured(literal: &str) -> Vec<String> {
    let parts = literal.split('{').skip(1);
    let name = |part: &str| {
        part.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>()
    };
    parts.map(name).filter(|name| !name.is_empty()).collect()
}
