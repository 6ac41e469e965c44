//! What the syntax says about places that clippy reports: in what kind of body, in a loop, under a
//! deadline, in a sink, and what becomes of a result there.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Span, TokenStream};
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Expr, Stmt};

use super::discards::{Discards, Fate, Through, place_of};
use super::lines::Lines;
use super::macros::{self, Part};
use super::names::{Names, Words};
use super::span::{Place, Range, between, start_of};
use super::tokens::Tokens;

/// Who runs a piece of code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Body {
    /// A task: the thread must go on.
    Async,
    /// Whoever calls it.
    Plain,
    /// A thread that may wait.
    Offload,
}

/// A property of a part of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stretch {
    Loop,
    /// What a loop does over and over, and not for each of some things.
    Again,
    /// Ends by itself after a time.
    Timed,
    /// `#[tokio::main]` and its like: the attribute starts a runtime around it.
    Entry,
}

/// One static.
#[derive(Debug)]
pub(crate) struct Static {
    pub(crate) at: Place,
    pub(crate) mutable: bool,
    pub(crate) kind: Range,
}

/// One `impl Trait for Type`.
#[derive(Debug)]
pub(crate) struct Impl {
    /// What the trait may be called in full.
    pub(crate) traits: Vec<String>,
    pub(crate) name: String,
    pub(crate) range: Range,
    /// At the name of the trait.
    pub(crate) at: Place,
}

/// The package that an `impl` stands in.
#[derive(Debug, Default)]
pub(crate) struct Own {
    /// As code spells it.
    pub(crate) name: String,
    pub(crate) traits: BTreeSet<String>,
}

impl Impl {
    /// Whether it implements one of these traits, given by full paths.
    pub(crate) fn is_of(&self, traits: &[String], own: &Own) -> bool {
        traits.iter().any(|path| self.traits.contains(path) || self.is_own(path, own))
    }

    /// A name of this package means its own trait of that name, or else one that it re-exports.
    fn is_own(&self, path: &str, own: &Own) -> bool {
        let last = path.rsplit("::").next().unwrap_or(path);
        let Some(name) = self.traits.iter().find(|name| name.rsplit("::").next() == Some(last))
        else {
            return false;
        };
        let inside = ["crate::", "self::", "super::"].iter().any(|part| name.starts_with(part));
        if own.traits.contains(last) {
            let bare = !name.contains("::");
            return (inside || bare) && path.split("::").next() == Some(own.name.as_str());
        }
        inside
    }
}

/// An inline module.
#[derive(Debug)]
pub(crate) struct Module {
    pub(crate) at: Place,
    pub(crate) range: Range,
}

/// Everything about one file.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    pub(crate) discards: Discards,
    pub(crate) lines: Lines,
    pub(crate) bodies: Vec<(Body, Range)>,
    pub(crate) parts: Vec<(Stretch, Range)>,
    pub(crate) statics: Vec<Static>,
    /// Aliases of types: the name and the range of its meaning.
    pub(crate) aliases: Vec<(String, Range)>,
    /// Types around nothing: `Mutex<()>`.
    pub(crate) hollow: BTreeSet<Place>,
    pub(crate) impls: Vec<Impl>,
    pub(crate) types: Vec<(String, Place)>,
    pub(crate) traits: BTreeSet<String>,
    pub(crate) modules: Vec<Module>,
    /// Paths and methods by the syntax alone, where a hit would be reported.
    pub(crate) named: Vec<(Place, String)>,
    pub(crate) calls: BTreeMap<Place, String>,
    pub(crate) awaited_calls: BTreeSet<Place>,
    pub(crate) awaited_names: Vec<(Place, String)>,
    pub(crate) words: Words,
}

impl Facts {
    /// Reads one file.
    pub(crate) fn of(file: &syn::File, tokens: &Tokens) -> Facts {
        let mut facts =
            Facts { lines: Lines::of(tokens), words: Words::of(tokens), ..Facts::default() };
        let mut names = Names::default();
        Imports(&mut names).visit_file(file);
        FactWalk { facts: &mut facts, names: &mut names }.visit_file(file);
        facts
    }

    /// The innermost body around a place; `None` outside of all.
    pub(crate) fn body(&self, place: Place) -> Option<Body> {
        let around = self.bodies.iter().filter(|(_, range)| range.contains(place));
        around.max_by_key(|(_, range)| range.start).map(|(body, _)| *body)
    }

    pub(crate) fn is_in(&self, part: Stretch, place: Place) -> bool {
        self.parts.iter().any(|(kind, range)| *kind == part && range.contains(place))
    }

    /// The places where the result of a call is awaited.
    pub(crate) fn awaits_of(&self, call: Place) -> Vec<Place> {
        let mut awaits: Vec<Place> = self.awaited_calls.get(&call).copied().into_iter().collect();
        for binding in self.discards.bindings.iter().filter(|binding| binding.call == call) {
            let same = self
                .awaited_names
                .iter()
                .filter(|(at, name)| *name == binding.name && binding.scope.contains(*at));
            awaits.extend(same.map(|(at, _)| *at));
        }
        awaits
    }
}

/// Imports, aliases and fields first: an item may stand before what it uses.
struct Imports<'n>(&'n mut Names);

impl<'ast> Visit<'ast> for Imports<'_> {
    fn visit_item_use(&mut self, node: &'ast syn::ItemUse) {
        self.0.import(&node.tree);
    }

    fn visit_item_type(&mut self, node: &'ast syn::ItemType) {
        self.0.alias(&node.ident, &node.ty);
    }

    fn visit_field(&mut self, node: &'ast syn::Field) {
        self.0.field(node);
    }
}

struct FactWalk<'f> {
    facts: &'f mut Facts,
    names: &'f mut Names,
}

impl FactWalk<'_> {
    fn body(&mut self, body: Body, node: &dyn Spanned) {
        self.facts.bodies.push((body, Range::of(node.span())));
    }

    fn function(&mut self, signature: &syn::Signature, attributes: &[syn::Attribute], end: Span) {
        let start = attributes.first().map_or_else(|| signature.span(), |first| first.span());
        let whole = between(start, end);
        let body = if signature.asyncness.is_some() { Body::Async } else { Body::Plain };
        self.facts.bodies.push((body, whole));
        let is_entry = |attribute: &syn::Attribute| {
            let path = attribute.path();
            path.segments.len() > 1
                && path
                    .segments
                    .last()
                    .is_some_and(|last| last.ident == "main" || last.ident == "test")
        };
        if attributes.iter().any(is_entry) {
            self.facts.parts.push((Stretch::Entry, whole));
        }
        self.names.parameters(signature.inputs.iter());
    }

    fn again(&mut self, start: Span, body: &syn::Block) {
        let range = between(start, body.brace_token.span.close());
        self.facts.parts.extend([(Stretch::Loop, range), (Stretch::Again, range)]);
    }

    /// Closures that another thread runs.
    fn offloads<'a>(&mut self, name: &str, arguments: impl Iterator<Item = &'a Expr>) {
        for argument in arguments.filter(|_| is_offload(name)) {
            if let Expr::Closure(closure) = argument
                && closure.asyncness.is_none()
                && !matches!(*closure.body, Expr::Async(_))
            {
                self.body(Body::Offload, argument);
            }
        }
    }

    /// Whether a closure goes to another thread, once it has a name.
    fn is_offloaded(&self, name: &str, from: Place) -> bool {
        let function = self.facts.bodies.iter().map(|(_, range)| range);
        let around = function.filter(|range| range.contains(from)).map(|range| range.end).min();
        let uses = around.map(|end| self.facts.words.uses(name, from, end)).unwrap_or_default();
        uses.iter().any(|(_, function)| is_offload(function))
    }

    fn called(&mut self, name: String, at: Place, call: &dyn Spanned) {
        if matches!(name.as_str(), "timeout" | "timeout_at") {
            self.facts.parts.push((Stretch::Timed, Range::of(call.span())));
        }
        self.facts.calls.insert(at, name);
    }

    fn read(&mut self, parts: &[Part]) {
        for part in parts {
            match part {
                Part::Statements(statements) => {
                    if let Some(last) = statements.last() {
                        let end = Range::of(last.span()).end;
                        self.facts.discards.block(statements, end, &self.facts.words);
                    }
                    for statement in statements {
                        self.visit_stmt(statement);
                    }
                }
                Part::Expression(value) => self.visit_expr(value),
            }
        }
    }
}

impl<'ast> Visit<'ast> for FactWalk<'_> {
    fn visit_item_fn(&mut self, node: &'ast syn::ItemFn) {
        let end = node.block.brace_token.span.close();
        self.function(&node.sig, &node.attrs, end);
        visit::visit_item_fn(self, node);
    }

    fn visit_impl_item_fn(&mut self, node: &'ast syn::ImplItemFn) {
        let end = node.block.brace_token.span.close();
        self.function(&node.sig, &node.attrs, end);
        visit::visit_impl_item_fn(self, node);
    }

    fn visit_trait_item_fn(&mut self, node: &'ast syn::TraitItemFn) {
        if let Some(block) = &node.default {
            self.function(&node.sig, &node.attrs, block.brace_token.span.close());
        }
        visit::visit_trait_item_fn(self, node);
    }

    fn visit_item_static(&mut self, node: &'ast syn::ItemStatic) {
        self.facts.statics.push(Static {
            at: Range::of(node.static_token.span()).start,
            mutable: matches!(node.mutability, syn::StaticMutability::Mut(_)),
            kind: Range::of(node.ty.span()),
        });
        visit::visit_item_static(self, node);
    }

    fn visit_item_type(&mut self, node: &'ast syn::ItemType) {
        self.facts.aliases.push((node.ident.to_string(), Range::of(node.ty.span())));
        visit::visit_item_type(self, node);
    }

    fn visit_item_mod(&mut self, node: &'ast syn::ItemMod) {
        if let Some((braces, _)) = &node.content {
            let at = Range::of(node.ident.span()).start;
            let range = between(node.mod_token.span, braces.span.close());
            self.facts.modules.push(Module { at, range });
        }
        visit::visit_item_mod(self, node);
    }

    fn visit_item_struct(&mut self, node: &'ast syn::ItemStruct) {
        self.facts.types.push((node.ident.to_string(), Range::of(node.span()).start));
        visit::visit_item_struct(self, node);
    }

    fn visit_item_enum(&mut self, node: &'ast syn::ItemEnum) {
        self.facts.types.push((node.ident.to_string(), Range::of(node.span()).start));
        visit::visit_item_enum(self, node);
    }

    fn visit_item_trait(&mut self, node: &'ast syn::ItemTrait) {
        self.facts.traits.insert(node.ident.to_string());
        visit::visit_item_trait(self, node);
    }

    fn visit_item_impl(&mut self, node: &'ast syn::ItemImpl) {
        if let Some((path, _)) = &node.trait_ {
            let name = match &*node.self_ty {
                syn::Type::Path(path) => {
                    path.path.segments.last().map(|last| last.ident.to_string())
                }
                _ => None,
            };
            self.facts.impls.push(Impl {
                traits: self.names.candidates(path),
                name: name.unwrap_or_default(),
                range: between(node.impl_token.span, node.brace_token.span.close()),
                at: Range::of(path.span()).start,
            });
        }
        visit::visit_item_impl(self, node);
    }

    fn visit_type_path(&mut self, node: &'ast syn::TypePath) {
        if let Some(last) = node.path.segments.last()
            && let syn::PathArguments::AngleBracketed(arguments) = &last.arguments
            && arguments.args.len() == 1
            && let Some(syn::GenericArgument::Type(syn::Type::Tuple(tuple))) =
                arguments.args.first()
            && tuple.elems.is_empty()
        {
            self.facts.hollow.insert(Range::of(node.span()).start);
        }
        visit::visit_type_path(self, node);
    }

    fn visit_block(&mut self, node: &'ast syn::Block) {
        let end = Range::of(node.brace_token.span.close()).end;
        self.facts.discards.block(&node.stmts, end, &self.facts.words);
        visit::visit_block(self, node);
    }

    fn visit_local(&mut self, node: &'ast syn::Local) {
        // `let work = || ..; spawn_blocking(work);`
        if let (syn::Pat::Ident(name), Some(init)) = (&node.pat, &node.init)
            && let Expr::Closure(closure) = &*init.expr
            && closure.asyncness.is_none()
            && self.is_offloaded(&name.ident.to_string(), Range::of(node.span()).end)
        {
            self.body(Body::Offload, &*init.expr);
        }
        visit::visit_local(self, node);
        self.names.local(node);
    }

    fn visit_expr(&mut self, node: &'ast Expr) {
        match node {
            Expr::While(turns) => self.again(turns.while_token.span, &turns.body),
            Expr::Loop(turns) => self.again(turns.loop_token.span, &turns.body),
            Expr::ForLoop(turns) => {
                let end = turns.body.brace_token.span.close();
                self.facts.parts.push((Stretch::Loop, between(turns.for_token.span, end)));
                if counts_turns(turns) {
                    let body = between(turns.body.brace_token.span.open(), end);
                    self.facts.parts.push((Stretch::Again, body));
                }
            }
            Expr::Async(work) => {
                let range = between(work.async_token.span, work.block.brace_token.span.close());
                self.facts.bodies.push((Body::Async, range));
            }
            Expr::Closure(closure) if closure.asyncness.is_some() => self.body(Body::Async, node),
            Expr::Path(path) => {
                self.facts.named.push((start_of(node), self.names.resolve(&path.path)));
            }
            Expr::Await(wait) => {
                let base = match &*wait.base {
                    Expr::Reference(reference) => &*reference.expr,
                    base => base,
                };
                if let Expr::Path(path) = base {
                    let name = path.path.get_ident().map(ToString::to_string).unwrap_or_default();
                    self.facts.awaited_names.push((Range::of(path.span()).start, name));
                } else {
                    self.facts.awaited_calls.extend(place_of(base));
                }
            }
            _ => {}
        }
        visit::visit_expr(self, node);
    }

    fn visit_expr_call(&mut self, node: &'ast syn::ExprCall) {
        let name = match &*node.func {
            Expr::Path(path) => self.names.resolve(&path.path),
            _ => String::new(),
        };
        let name = name.rsplit("::").next().unwrap_or_default().to_owned();
        self.facts.discards.call(node);
        self.offloads(&name, node.args.iter());
        self.called(name, start_of(&node.func), node);
        visit::visit_expr_call(self, node);
    }

    fn visit_expr_method_call(&mut self, node: &'ast syn::ExprMethodCall) {
        let name = node.method.to_string();
        let at = Range::of(node.method.span()).start;
        if let Some(kind) = self.names.type_of_value(&node.receiver) {
            self.facts.named.push((at, format!("{kind}::{name}")));
        }
        let extensions = self.names.of_extensions(&name);
        self.facts.named.extend(extensions.into_iter().map(|path| (at, path)));
        self.offloads(&name, node.args.iter());
        self.called(name, at, node);
        visit::visit_expr_method_call(self, node);
    }

    fn visit_item_macro(&mut self, node: &'ast syn::ItemMacro) {
        if !node.mac.path.is_ident("macro_rules") {
            return visit::visit_item_macro(self, node);
        }
        for parts in macros::of_definition(&node.mac.tokens) {
            self.read(&parts);
            let last = match parts.last() {
                Some(Part::Statements(statements)) => match statements.last() {
                    Some(Stmt::Expr(value, None)) => Some(value),
                    _ => None,
                },
                Some(Part::Expression(value)) => Some(&**value),
                None => None,
            };
            // What the macro itself throws away at its end is not the value of the macro.
            let mut tail = Discards::default();
            if let Some(value) = last {
                tail.discard(value, Fate::Statement, Through::default());
            }
            self.facts.discards.tails.extend(tail.at.into_keys());
        }
    }

    fn visit_macro(&mut self, node: &'ast syn::Macro) {
        let name = node.path.segments.last().map(|last| last.ident.to_string()).unwrap_or_default();
        let at = Range::of(node.path.span()).start;
        self.facts.named.push((at, self.names.resolve(&node.path)));
        if name.starts_with("select") && mentions_timer(&node.tokens) {
            self.facts.parts.push((Stretch::Timed, Range::of(node.span())));
        }
        self.read(&macros::of_call(&name, &node.tokens));
    }
}

/// Whether a function runs its closure on a thread that may wait.
fn is_offload(name: &str) -> bool {
    name.starts_with("spawn") || matches!(name, "block_in_place" | "unblock" | "asyncify")
}

/// Whether an arm of a `select!` ends the wait by itself.
fn mentions_timer(tokens: &TokenStream) -> bool {
    const TIMERS: [&str; 8] = [
        "sleep",
        "sleep_until",
        "timeout",
        "timeout_at",
        "tick",
        "interval",
        "cancelled",
        "deadline",
    ];
    tokens.clone().into_iter().any(|token| match token {
        proc_macro2::TokenTree::Ident(ident) => TIMERS.iter().any(|timer| ident == timer),
        proc_macro2::TokenTree::Group(group) => mentions_timer(&group.stream()),
        _ => false,
    })
}

/// Whether a `for` is about the number of its turns: over a range, or over what has no name.
fn counts_turns(turns: &syn::ExprForLoop) -> bool {
    let mut over = &*turns.expr;
    while let Expr::Paren(inner) = over {
        over = &inner.expr;
    }
    matches!(over, Expr::Range(_)) || matches!(&*turns.pat, syn::Pat::Wild(_))
}
