//! Results that are thrown away, whatever the way.

use std::collections::{BTreeMap, BTreeSet};

use syn::spanned::Spanned;
use syn::{Expr, Pat, Stmt};

use super::names::Words;
use super::span::{Place, Range, start_of};

/// How the result of a call was thrown away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// A statement.
    Statement,
    /// `let _ = ..;`
    Unbound,
    /// `drop(..)`
    Dropped,
    /// `mem::forget`, `Box::leak`, `ManuallyDrop`.
    Forgotten,
    /// Bound to a name that nobody mentions again.
    NeverUsed,
}

/// What was done to the result before it was thrown away.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Through {
    pub(crate) awaited: bool,
    /// `?`, `unwrap`, `expect`: an error does something.
    pub(crate) handled: bool,
}

/// One result that was thrown away.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Discard {
    pub(crate) fate: Fate,
    pub(crate) through: Through,
}

/// A result that got a name, and where the name holds.
#[derive(Debug)]
pub(crate) struct Binding {
    pub(crate) call: Place,
    pub(crate) name: String,
    pub(crate) scope: Range,
}

/// The discards of one file, by the place at which clippy reports the call.
#[derive(Debug, Default)]
pub(crate) struct Discards {
    pub(crate) at: BTreeMap<Place, Discard>,
    /// The calls that are the value of a macro: what becomes of it, its user decides.
    pub(crate) tails: BTreeSet<Place>,
    pub(crate) bindings: Vec<Binding>,
}

/// Where clippy reports a call: at the path of the function, or at the name of the method.
pub(crate) fn place_of(call: &Expr) -> Option<Place> {
    match call {
        Expr::Call(call) => Some(start_of(&call.func)),
        Expr::MethodCall(call) => Some(Range::of(call.method.span()).start),
        Expr::Macro(mac) => Some(Range::of(mac.mac.path.span()).start),
        Expr::Paren(inner) => place_of(&inner.expr),
        Expr::Await(inner) => place_of(&inner.base),
        Expr::Try(inner) => place_of(&inner.expr),
        _ => None,
    }
}

/// The last name of a called path: `forget` of `std::mem::forget`.
fn name_of(function: &Expr) -> String {
    let Expr::Path(path) = function else { return String::new() };
    path.path.segments.last().map(|last| last.ident.to_string()).unwrap_or_default()
}

impl Discards {
    /// Reads the statements of one block, which ends at `end`.
    pub(crate) fn block(&mut self, statements: &[Stmt], end: Place, words: &Words) {
        for statement in statements {
            let through = Through::default();
            match statement {
                Stmt::Expr(value, Some(_)) => self.discard(value, Fate::Statement, through),
                Stmt::Expr(value @ (Expr::If(_) | Expr::Match(_)), None) => {
                    self.empty_branches(value);
                }
                Stmt::Macro(statement) if statement.semi_token.is_some() => {
                    let at = Range::of(statement.mac.path.span()).start;
                    self.at.insert(at, Discard { fate: Fate::Statement, through });
                }
                Stmt::Local(local) => {
                    if let Some(init) = &local.init {
                        let start = Range::of(local.semi_token.span).end;
                        let scope = Range { start, end };
                        self.binding(&local.pat, &init.expr, scope, words);
                    }
                }
                Stmt::Expr(..) | Stmt::Macro(_) | Stmt::Item(_) => {}
            }
        }
    }

    fn binding(&mut self, pat: &Pat, value: &Expr, scope: Range, words: &Words) {
        let through = Through::default();
        let name = match pat {
            Pat::Wild(_) => return self.discard(value, Fate::Unbound, through),
            Pat::Type(typed) => return self.binding(&typed.pat, value, scope, words),
            Pat::Ident(name) => &name.ident,
            // `let (tx, rx) = channel();`
            Pat::Tuple(tuple) => match tuple.elems.last() {
                Some(Pat::Ident(name)) if tuple.elems.len() == 2 => &name.ident,
                _ => return,
            },
            _ => return,
        };
        let name = name.to_string();
        let uses = words.uses(&name, scope.start, scope.end);
        if !matches!(pat, Pat::Tuple(_)) {
            match uses.as_slice() {
                [] => self.discard(value, Fate::NeverUsed, through),
                [(_, "drop")] => self.discard(value, Fate::Dropped, through),
                [(_, "forget") | ("ManuallyDrop", "new")] => {
                    self.discard(value, Fate::Forgotten, through);
                }
                _ => {}
            }
        }
        if let Some(call) = place_of(value) {
            self.bindings.push(Binding { call, name, scope });
        }
    }

    /// `drop(x)` and its relatives, wherever they stand.
    pub(crate) fn call(&mut self, call: &syn::ExprCall) {
        let Some(argument) = call.args.first().filter(|_| call.args.len() == 1) else { return };
        let fate = match name_of(&call.func).as_str() {
            "drop" => Fate::Dropped,
            "forget" | "leak" => Fate::Forgotten,
            "new" if is_manually_drop(&call.func) => Fate::Forgotten,
            _ => return,
        };
        // What is leaked is boxed first.
        match argument {
            Expr::Call(boxed) if name_of(&boxed.func) == "new" && boxed.args.len() == 1 => {
                self.discard(&boxed.args[0], fate, Through::default());
            }
            argument => self.discard(argument, fate, Through::default()),
        }
    }

    /// Walks to the calls whose result is the result of `value`.
    pub(crate) fn discard(&mut self, value: &Expr, fate: Fate, mut through: Through) {
        match value {
            Expr::Paren(inner) => self.discard(&inner.expr, fate, through),
            Expr::Group(inner) => self.discard(&inner.expr, fate, through),
            Expr::Try(inner) => {
                through.handled = true;
                self.discard(&inner.expr, fate, through);
            }
            Expr::Await(inner) => {
                through.awaited = true;
                self.discard(&inner.base, fate, through);
            }
            Expr::MethodCall(call) => {
                self.mark(value, fate, through);
                let passes = match call.method.to_string().as_str() {
                    "unwrap" | "expect" => {
                        through.handled = true;
                        true
                    }
                    "ok" | "is_ok" | "is_err" | "unwrap_or" | "unwrap_or_default" => true,
                    _ => false,
                };
                if passes {
                    self.discard(&call.receiver, fate, through);
                }
            }
            Expr::Call(_) | Expr::Macro(_) => self.mark(value, fate, through),
            Expr::Block(block) => self.tail(&block.block, fate, through),
            Expr::Unsafe(block) => self.tail(&block.block, fate, through),
            Expr::If(branch) => {
                self.empty_branches(value);
                self.tail(&branch.then_branch, fate, through);
                if let Some((_, other)) = &branch.else_branch {
                    self.discard(other, fate, through);
                }
            }
            Expr::Match(choice) => {
                self.empty_branches(value);
                for arm in &choice.arms {
                    self.discard(&arm.body, fate, through);
                }
            }
            _ => {}
        }
    }

    fn tail(&mut self, block: &syn::Block, fate: Fate, through: Through) {
        if let Some(Stmt::Expr(value, None)) = block.stmts.last() {
            self.discard(value, fate, through);
        }
    }

    fn mark(&mut self, value: &Expr, fate: Fate, through: Through) {
        if let Some(at) = place_of(value) {
            self.at.entry(at).or_insert(Discard { fate, through });
        }
    }

    /// A result that is looked at, and then nothing happens in any case.
    fn empty_branches(&mut self, value: &Expr) {
        let through = Through::default();
        match value {
            Expr::If(branch)
                if branch.then_branch.stmts.is_empty() && branch.else_branch.is_none() =>
            {
                match &*branch.cond {
                    Expr::Let(pattern) => self.discard(&pattern.expr, Fate::Statement, through),
                    condition => self.discard(condition, Fate::Statement, through),
                }
            }
            Expr::Match(choice) if choice.arms.iter().all(|arm| is_nothing(&arm.body)) => {
                self.discard(&choice.expr, Fate::Statement, through);
            }
            _ => {}
        }
    }
}

fn is_nothing(body: &Expr) -> bool {
    match body {
        Expr::Block(block) => block.block.stmts.is_empty(),
        Expr::Tuple(tuple) => tuple.elems.is_empty(),
        _ => false,
    }
}

fn is_manually_drop(function: &Expr) -> bool {
    let Expr::Path(path) = function else { return false };
    path.path.segments.iter().rev().nth(1).is_some_and(|part| part.ident == "ManuallyDrop")
}
