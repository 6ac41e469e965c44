//! Suppressions: `// lint: allow(rule) -- reason until 2026-12-31`, and what each one covers.

use super::declarations::{self, Declaration};
use super::nodes::{Node, Scan};
use super::span::{Place, Range};
use super::tokens::{Kind, Tokens};
use crate::lint::date::Date;
use crate::lint::rules;

/// A reason shorter than this explains nothing.
pub(crate) const REASON_LENGTH_MIN: usize = 10;

/// One suppression and the code it covers.
#[derive(Debug)]
pub(crate) struct Directive {
    pub(crate) rules: Vec<&'static str>,
    pub(crate) at: Place,
    pub(crate) covers: Range,
    pub(crate) form: Form,
    pub(crate) reason: String,
    /// The last day on which it counts.
    pub(crate) until: Option<Date>,
}

impl Directive {
    pub(super) fn new(claim: Claim, at: Place, covers: Range, form: Form) -> Directive {
        let Claim { rules, reason, until } = claim;
        Directive { rules, at, covers, form, reason, until }
    }

    /// Whether its last day is over.
    pub(crate) fn has_expired(&self, today: Date) -> bool {
        self.until.is_some_and(|until| until < today)
    }
}

/// What a suppression says.
#[derive(Debug)]
pub(crate) struct Claim {
    pub(crate) rules: Vec<&'static str>,
    pub(crate) reason: String,
    pub(crate) until: Option<Date>,
}

/// How a suppression is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// `// lint: allow(..) -- ..`
    Comment,
    /// `#[expect(clippy::disallowed_methods, reason = "rule: ..")]`
    Attribute,
}

/// A suppression that is not acceptable, and why.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Complaint {
    pub(crate) at: Place,
    pub(crate) message: String,
    /// It says everything it must, about a rule that is not there.
    pub(crate) stale: bool,
}

/// What is wrong with a comment.
enum Fault {
    /// It lacks something.
    Bare(&'static str),
    /// It names no rule.
    Unknown(String),
}

impl From<&'static str> for Fault {
    fn from(lack: &'static str) -> Fault {
        Fault::Bare(lack)
    }
}

impl Fault {
    fn at(self, at: Place) -> Complaint {
        match self {
            Fault::Bare(lack) => Complaint { at, message: lack.to_owned(), stale: false },
            Fault::Unknown(name) => {
                Complaint { at, message: format!("there is no rule `{name}`"), stale: true }
            }
        }
    }
}

/// What the reason of an attribute says: `raw_send: why` or `raw_send, raw_reply: why until DATE`.
/// `None` when it does not begin with rule names or says too little behind them.
pub(crate) fn claim_of_reason(reason: &str) -> Option<Claim> {
    let (names, why) = reason.split_once(':')?;
    let rules = names.split(',').map(|name| rules::named(name.trim()).map(|rule| rule.id));
    let rules = rules.collect::<Option<Vec<_>>>()?;
    let (reason, until) = reason_and_end(why).ok()?;
    Some(Claim { rules, reason, until })
}

/// Splits `why until 2026-12-31`. Only a word that begins with a digit is taken for a day.
fn reason_and_end(text: &str) -> Result<(String, Option<Date>), &'static str> {
    let text = text.trim();
    let (reason, until) = match text.rsplit_once(" until ") {
        Some((reason, day)) if day.trim_start().starts_with(|c: char| c.is_ascii_digit()) => {
            let date = Date::parse(day.trim()).ok_or("the day behind `until` is none")?;
            (reason.trim_end(), Some(date))
        }
        _ => (text, None),
    };
    if reason.chars().count() < REASON_LENGTH_MIN {
        return Err("the reason of the suppression is too short to explain anything");
    }
    Ok((reason.to_owned(), until))
}

/// Whether there is anything that could be a directive comment.
pub(crate) fn may_have(text: &str) -> bool {
    text.contains("lint:")
}

/// Finds the directive comments of a file and what they cover.
pub(crate) fn read_comments(text: &str, tokens: &Tokens, nodes: &[Node], scan: &mut Scan) {
    if !may_have(text) {
        return;
    }
    let code = Code::of(tokens);
    for (index, line) in text.lines().enumerate() {
        let number = index + 1;
        let Some((at, comment)) = code.comment(number, line) else { continue };
        let Some(body) = comment.trim_start().strip_prefix("lint:") else { continue };
        let alone = line.trim_start().starts_with("//");
        if let Some(declared) = declarations::parse(body.trim()) {
            match declared.and_then(|()| code.below(number, nodes)) {
                Ok(covers) => scan.declarations.push(Declaration { at, covers }),
                Err(lack) => scan.complaints.push(Fault::Bare(lack).at(at)),
            }
            continue;
        }
        let parsed = parse(body.trim()).and_then(|claim| {
            let covers = if alone { code.below(number, nodes)? } else { Range::line(number) };
            Ok(Directive::new(claim, at, covers, Form::Comment))
        });
        match parsed {
            Ok(directive) => scan.directives.push(directive),
            Err(fault) => scan.complaints.push(fault.at(at)),
        }
    }
}

/// Reads `allow(rule, ..) -- reason`.
fn parse(body: &str) -> Result<Claim, Fault> {
    const FORM: &str = "a lint comment has the form `lint: allow(rule) -- reason`";
    let (names, rest) =
        body.strip_prefix("allow(").and_then(|rest| rest.split_once(')')).ok_or(FORM)?;
    let mut rules = Vec::new();
    for name in names.split(',') {
        let name = name.trim();
        rules.push(rules::named(name).ok_or_else(|| Fault::Unknown(name.to_owned()))?.id);
    }
    let reason = rest.trim().strip_prefix("--").ok_or("the suppression gives no reason")?;
    let (reason, until) = reason_and_end(reason)?;
    Ok(Claim { rules, reason, until })
}

/// The code around the comments of a file.
struct Code<'a> {
    tokens: &'a Tokens,
    literals: Vec<Range>,
}

impl<'c> Code<'c> {
    fn of(tokens: &'c Tokens) -> Code<'c> {
        let literals = tokens.all().iter().filter(|token| matches!(token.kind, Kind::Literal(_)));
        Code { tokens, literals: literals.map(|token| token.range).collect() }
    }

    /// The plain comment on this line: its place, and its text behind the slashes. Slashes inside a
    /// literal do not begin one; documentation is a literal too.
    fn comment<'a>(&self, number: usize, line: &'a str) -> Option<(Place, &'a str)> {
        for (offset, _) in line.match_indices("//") {
            let column = line[..offset].chars().count() + 1;
            let at = Place { line: number, column };
            if !self.literals.iter().any(|literal| literal.contains(at)) {
                return Some((at, &line[offset + 2..]));
            }
        }
        None
    }

    /// What a comment alone on a line covers: the largest statement, arm, field or item that starts
    /// on the next code line; inside a macro, the tokens up to the next separator.
    fn below(&self, number: usize, nodes: &[Node]) -> Result<Range, &'static str> {
        let first = self.tokens.before(Place { line: number + 1, column: 0 });
        let Some(next) = self.tokens.all().get(first) else {
            return Err("there is no code below the suppression");
        };
        let starts_here = |node: &&Node| {
            let behind_attributes =
                node.attributes_end.is_some_and(|end| self.tokens.before(end) == first);
            behind_attributes || node.starts.contains(&next.range.start)
        };
        let node = nodes
            .iter()
            .filter(starts_here)
            .max_by_key(|node| (node.range.end, std::cmp::Reverse(node.range.start)));
        match node {
            Some(node) if node.module => Err("a suppression must not cover a whole module"),
            Some(node) => Ok(Range { start: next.range.start, end: node.range.end }),
            None => Ok(self.to_separator(first)),
        }
    }

    fn to_separator(&self, first: usize) -> Range {
        let rest = &self.tokens.all()[first..];
        let Range { start, mut end } = rest[0].range;
        for token in rest {
            let ends = token.is_punct(';') || token.is_punct(',');
            if token.depth < rest[0].depth || (token.depth == rest[0].depth && ends) {
                break;
            }
            end = token.range.end;
        }
        Range { start, end }
    }
}
