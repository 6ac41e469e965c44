//! What an attribute says about the node it stands on.

use proc_macro2::{TokenStream, TokenTree};
use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, Lit, Meta, Path, Token};

/// The lints whose attributes count as suppressions: those that serve a rule of ours.
const WATCHED: [&str; 7] = [
    "disallowed_methods",
    "disallowed_macros",
    "disallowed_types",
    "await_holding_lock",
    "await_holding_refcell_ref",
    "let_underscore_must_use",
    "unused_result_ok",
];

/// The last segments of attributes that make a function a test.
const TEST_ATTRIBUTES: [&str; 7] =
    ["test", "rstest", "test_case", "quickcheck", "proptest", "wasm_bindgen_test", "test_log"];

/// The meaning of one attribute, as far as the lint cares.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// `cfg` that only a test build satisfies.
    TestOnly,
    /// `cfg` that depends on more than the build being a test.
    Conditional(Truth),
    /// `cfg(clippy)` in any form.
    HidesFromClippy,
    /// A test function.
    Test {
        paused: bool,
    },
    /// `allow` or `expect` of a watched lint.
    Suppression {
        reason: Option<String>,
    },
    /// `allow` or `expect` of a watched lint inside `cfg_attr`.
    ConditionalSuppression,
    Nothing,
}

/// Reads one attribute.
pub(crate) fn meaning(attribute: &Attribute) -> Meaning {
    let path = attribute.path();
    let name = last_segment(path);
    match &attribute.meta {
        Meta::List(list) if name == "cfg" => cfg(&list.tokens),
        Meta::List(list) if name == "cfg_attr" => cfg_attr(&list.tokens),
        Meta::List(list) if name == "allow" || name == "expect" => suppression(&list.tokens),
        Meta::List(list) if TEST_ATTRIBUTES.contains(&name.as_str()) => {
            Meaning::Test { paused: starts_paused(&list.tokens) }
        }
        _ if TEST_ATTRIBUTES.contains(&name.as_str()) => Meaning::Test { paused: false },
        _ => Meaning::Nothing,
    }
}

fn last_segment(path: &Path) -> String {
    path.segments.last().map(|segment| segment.ident.to_string()).unwrap_or_default()
}

fn metas(tokens: &TokenStream) -> Vec<Meta> {
    let parser = Punctuated::<Meta, Token![,]>::parse_terminated;
    syn::parse::Parser::parse2(parser, tokens.clone())
        .map(|metas| metas.into_iter().collect())
        .unwrap_or_default()
}

fn cfg(tokens: &TokenStream) -> Meaning {
    if mentions(tokens, "clippy") {
        return Meaning::HidesFromClippy;
    }
    match metas(tokens).as_slice() {
        [predicate] if implies_test(predicate) => Meaning::TestOnly,
        [predicate] if is_about_test_alone(predicate) => Meaning::Nothing,
        predicates => Meaning::Conditional(predicates.first().map_or(Truth::Off, truth)),
    }
}

fn cfg_attr(tokens: &TokenStream) -> Meaning {
    let parts = metas(tokens);
    if parts.first().is_some_and(|predicate| meta_mentions(predicate, "clippy")) {
        return Meaning::HidesFromClippy;
    }
    if WATCHED.iter().any(|lint| mentions(tokens, lint)) {
        Meaning::ConditionalSuppression
    } else {
        Meaning::Nothing
    }
}

/// Whether the predicate holds in test builds only.
fn implies_test(predicate: &Meta) -> bool {
    match predicate {
        Meta::Path(path) => path.is_ident("test"),
        Meta::List(list) if list.path.is_ident("all") => {
            metas(&list.tokens).iter().any(implies_test)
        }
        Meta::List(list) if list.path.is_ident("any") => {
            let parts = metas(&list.tokens);
            !parts.is_empty() && parts.iter().all(implies_test)
        }
        Meta::List(_) | Meta::NameValue(_) => false,
    }
}

/// Whether the predicate asks for nothing but `test`: the lint compiles both answers.
fn is_about_test_alone(predicate: &Meta) -> bool {
    match predicate {
        Meta::Path(path) => path.is_ident("test"),
        Meta::List(list) => metas(&list.tokens).iter().all(is_about_test_alone),
        Meta::NameValue(_) => false,
    }
}

/// What is known of a `cfg` on the system that the lint runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Truth {
    /// Compiled in any case.
    On,
    /// Compiled when every feature is on.
    OnWithFeatures,
    /// Compiled when no feature is on.
    OnWithoutFeatures,
    /// Not compiled here, or with a flag that nobody knows of.
    Off,
}

impl Truth {
    fn not(self) -> Truth {
        match self {
            Truth::On => Truth::Off,
            Truth::OnWithFeatures => Truth::OnWithoutFeatures,
            Truth::OnWithoutFeatures => Truth::OnWithFeatures,
            Truth::Off => Truth::On,
        }
    }

    fn and(self, other: Truth) -> Truth {
        match (self, other) {
            (Truth::On, other) | (other, Truth::On) => other,
            (one, other) if one == other => one,
            _ => Truth::Off,
        }
    }
}

fn truth(predicate: &Meta) -> Truth {
    use std::env::consts::{ARCH, FAMILY, OS};
    match predicate {
        // Both answers are compiled.
        _ if is_about_test_alone(predicate) => Truth::On,
        Meta::Path(path) => {
            let name = last_segment(path);
            let on = name == FAMILY || name == "debug_assertions";
            if on { Truth::On } else { Truth::Off }
        }
        Meta::List(list) => {
            let mut parts = metas(&list.tokens).into_iter().map(|part| truth(&part));
            match last_segment(&list.path).as_str() {
                "all" => parts.fold(Truth::On, Truth::and),
                "any" => parts.fold(Truth::Off, |one, other| one.not().and(other.not()).not()),
                _ => parts.next().map_or(Truth::Off, Truth::not),
            }
        }
        Meta::NameValue(pair) => {
            let Expr::Lit(syn::ExprLit { lit: Lit::Str(text), .. }) = &pair.value else {
                return Truth::Off;
            };
            let on = match last_segment(&pair.path).as_str() {
                "feature" => return Truth::OnWithFeatures,
                "target_os" => text.value() == OS,
                "target_arch" => text.value() == ARCH,
                "target_family" => text.value() == FAMILY,
                // What else there is to say about a system is not worth a guess.
                "target_pointer_width" | "target_endian" | "target_env" | "panic" => true,
                _ => false,
            };
            if on { Truth::On } else { Truth::Off }
        }
    }
}

fn suppression(tokens: &TokenStream) -> Meaning {
    let mut watched = false;
    let mut reason = None;
    for meta in metas(tokens) {
        match meta {
            Meta::Path(path) => watched |= WATCHED.contains(&last_segment(&path).as_str()),
            Meta::NameValue(pair) if pair.path.is_ident("reason") => {
                if let Expr::Lit(literal) = pair.value
                    && let Lit::Str(text) = literal.lit
                {
                    reason = Some(text.value());
                }
            }
            Meta::NameValue(_) | Meta::List(_) => {}
        }
    }
    if watched { Meaning::Suppression { reason } } else { Meaning::Nothing }
}

fn starts_paused(tokens: &TokenStream) -> bool {
    metas(tokens).iter().any(|meta| match meta {
        Meta::NameValue(pair) if pair.path.is_ident("start_paused") => {
            matches!(&pair.value, Expr::Lit(literal)
                if matches!(&literal.lit, Lit::Bool(value) if value.value))
        }
        _ => false,
    })
}

fn meta_mentions(meta: &Meta, word: &str) -> bool {
    match meta {
        Meta::Path(path) => path.is_ident(word),
        Meta::List(list) => mentions(&list.tokens, word),
        Meta::NameValue(_) => false,
    }
}

fn mentions(tokens: &TokenStream, word: &str) -> bool {
    tokens.clone().into_iter().any(|token| match token {
        TokenTree::Ident(ident) => ident == word,
        TokenTree::Group(group) => mentions(&group.stream(), word),
        TokenTree::Punct(_) | TokenTree::Literal(_) => false,
    })
}
