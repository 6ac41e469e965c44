//! A rule of somebody else: paths that must not be used.

use crate::lint::rules::{Context, Level};

/// A rule that bans functions, methods and macros by their paths.
///
/// Clippy resolves each use, so aliases, re-exports, function values, receivers behind any number of
/// references and macros do not hide one. The rule is denied in production code and off elsewhere, until
/// [`level`](Ban::level) says something else.
///
/// # Examples
///
/// ```
/// use foundation_xtask::{Ban, Context, Level};
///
/// let rule = Ban::new("ACME001", "wall_clock")
///     .paths(["std::time::SystemTime::now", "std::time::Instant::now"])
///     .message("reads a clock that tests cannot set")
///     .hint("take the time from `acme::Clock`")
///     .level(Context::Test, Level::Warn);
/// assert_eq!(rule.id(), "wall_clock");
/// ```
#[derive(Debug, Clone)]
pub struct Ban {
    pub(crate) code: String,
    pub(crate) id: String,
    pub(crate) paths: Vec<String>,
    pub(crate) macros: Vec<String>,
    pub(crate) message: String,
    pub(crate) hint: String,
    pub(crate) explain: String,
    pub(crate) levels: [(Context, Level); 4],
    pub(crate) in_async: bool,
}

impl Ban {
    /// A rule without a path yet. The `code` is for machines and never changes; `id` is the name in
    /// reports and allowances, in `snake_case`.
    #[must_use]
    pub fn new(code: impl Into<String>, id: impl Into<String>) -> Ban {
        let off = Level::Allow;
        Ban {
            code: code.into(),
            id: id.into(),
            paths: Vec::new(),
            macros: Vec::new(),
            message: "must not be used here".to_owned(),
            hint: "do without it".to_owned(),
            explain: String::new(),
            levels: [
                (Context::Production, Level::Deny),
                (Context::Test, off),
                (Context::Example, off),
                (Context::Bench, off),
            ],
            in_async: false,
        }
    }

    /// The name of the rule.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Bans functions and methods, given as `crate::module::function` and `crate::Type::method`; a
    /// method of a trait is banned for all its implementations. A crate that is not part of the build
    /// costs nothing. So does a path that its crate does not have: it bans nothing, and nobody says so.
    #[must_use]
    pub fn paths<P: Into<String>>(mut self, paths: impl IntoIterator<Item = P>) -> Ban {
        self.paths.extend(paths.into_iter().map(Into::into));
        self
    }

    /// Bans macros, given as `crate::name`.
    #[must_use]
    pub fn macros<P: Into<String>>(mut self, paths: impl IntoIterator<Item = P>) -> Ban {
        self.macros.extend(paths.into_iter().map(Into::into));
        self
    }

    /// What is wrong; stands behind the path in a finding.
    #[must_use]
    pub fn message(mut self, message: impl Into<String>) -> Ban {
        self.message = message.into();
        self
    }

    /// What to write instead.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Ban {
        self.hint = hint.into();
        self
    }

    /// Why, for `lint --explain`.
    #[must_use]
    pub fn explain(mut self, explain: impl Into<String>) -> Ban {
        self.explain = explain.into();
        self
    }

    /// Its level in one context.
    #[must_use]
    pub fn level(mut self, context: Context, level: Level) -> Ban {
        for (own, known) in &mut self.levels {
            if *own == context {
                *known = level;
            }
        }
        self
    }

    /// Finds uses in `async` functions, blocks and closures only, and not in a closure that another
    /// thread runs.
    #[must_use]
    pub fn in_async(mut self) -> Ban {
        self.in_async = true;
        self
    }
}
