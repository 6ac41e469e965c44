//! The rules of the program around this one.

use super::{Context, Level, Levels, Rule, Seen};
use crate::ban::Ban;
use crate::failure::Failure;
use crate::lint::judge::Sight;
use crate::lint::source::Body;

/// What is wrong with a rule that is to stand beside others.
pub(super) fn check(ban: &Ban, others: &[&Rule]) -> Result<(), Failure> {
    let Ban { code, id, .. } = ban;
    let wrong = |what: &str| Err(Failure::unanalysed(format!("the rule `{id}` ({code}) {what}")));
    let is_name = |text: &str, first: fn(char) -> bool, rest: fn(char) -> bool| {
        text.starts_with(first) && text.chars().all(rest)
    };
    if !is_name(
        id,
        |c| c.is_ascii_lowercase(),
        |c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_',
    ) {
        return wrong("needs a name in snake_case");
    }
    if !is_name(code, |c| c.is_ascii_uppercase(), |c| c.is_ascii_uppercase() || c.is_ascii_digit())
    {
        return wrong("needs a code of capitals and digits");
    }
    if let Some(other) = others.iter().find(|rule| rule.id == id || rule.code == code) {
        return wrong(&format!("has the name or the code of `{}` ({})", other.id, other.code));
    }
    if ban.paths.is_empty() && ban.macros.is_empty() {
        return wrong("bans no path");
    }
    let is_path = |path: &&String| {
        let word = |word: &str| {
            is_name(word, |c| c.is_alphabetic() || c == '_', |c| c.is_alphanumeric() || c == '_')
        };
        path.contains("::") && path.split("::").all(word)
    };
    match ban.paths.iter().chain(&ban.macros).find(|path| !is_path(path)) {
        Some(path) => wrong(&format!("bans `{path}`, which is no path")),
        None => Ok(()),
    }
}

/// The rule for the rest of the life of this program.
pub(super) fn rule(ban: Ban) -> &'static Rule {
    let Ban { code, id, paths, macros, message, hint, explain, levels, in_async } = ban;
    let text = |text: String| -> &'static str { Box::leak(text.into_boxed_str()) };
    let list = |list: Vec<String>| -> &'static [&'static str] {
        Box::leak(list.into_iter().map(text).collect())
    };
    let level = |context: Context| {
        let own = levels.iter().find(|(known, _)| *known == context);
        own.map_or(Level::Allow, |(_, level)| *level)
    };
    Box::leak(Box::new(Rule {
        code: text(code),
        id: text(id),
        levels: Levels {
            production: level(Context::Production),
            test: level(Context::Test),
            example: level(Context::Example),
            bench: level(Context::Bench),
        },
        message: text(message),
        hint: text(hint),
        explain: text(explain),
        paths: list(paths),
        macros: list(macros),
        sees: if in_async { sees_async } else { Rule::BLANK.sees },
        ..Rule::BLANK
    }))
}

fn sees_async(sight: &Sight<'_>) -> Seen {
    match sight.body() {
        Body::Async => Seen::Finding(sight.rule.message),
        Body::Plain | Body::Offload => Seen::Fine,
    }
}

#[cfg(test)]
mod tests;
