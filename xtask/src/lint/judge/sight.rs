//! What a rule may ask about the place of a hit.

use std::path::{Path, PathBuf};

use crate::lint::clippy::Hit;
use crate::lint::rules::{Context, Rule, Types};
use crate::lint::source::{Body, Discard, Own, Place, RegionKind, Source, Sources, Stretch};

/// One hit, seen with the eyes of one rule.
#[derive(Debug)]
pub(crate) struct Sight<'a> {
    pub(crate) rule: &'static Rule,
    pub(crate) hit: &'a Hit,
    pub(crate) context: Context,
    pub(crate) types: &'a Types,
    pub(crate) sources: &'a Sources,
    /// The package of the code.
    pub(crate) own: &'a Own,
}

impl Sight<'_> {
    /// The places of the hit, innermost first.
    fn frames(&self) -> impl Iterator<Item = (&Source, &Path, Place)> {
        self.hit
            .frames
            .iter()
            .filter_map(|(file, place)| Some((self.sources.get(file)?, file.as_path(), *place)))
    }

    pub(crate) fn is_in(&self, kind: RegionKind) -> bool {
        self.frames().any(|(source, _, place)| source.scan.is_in(kind, place))
    }

    fn is_in_stretch(&self, stretch: Stretch) -> bool {
        self.frames().any(|(source, _, place)| source.scan.facts.is_in(stretch, place))
    }

    pub(crate) fn is_in_loop(&self) -> bool {
        self.is_in_stretch(Stretch::Loop)
    }

    /// Whether a loop does it over and over, and not for each of some things.
    pub(crate) fn is_repeated(&self) -> bool {
        self.is_in_stretch(Stretch::Again)
    }

    /// Whether something ends the wait after a time.
    pub(crate) fn is_timed(&self) -> bool {
        self.is_in_stretch(Stretch::Timed)
    }

    /// Who runs the code: for code from a macro the macro's own body, if it makes one, and else the
    /// one that uses it.
    pub(crate) fn body(&self) -> Body {
        let mut bodies =
            self.frames().filter_map(|(source, _, place)| source.scan.facts.body(place));
        bodies.next().unwrap_or(Body::Plain)
    }

    /// The `block_on` of `#[tokio::main]` stands on code that is no call.
    pub(crate) fn is_entry_of_runtime(&self) -> bool {
        self.hit.banned.ends_with("::block_on")
            && self.frames().any(|(source, _, place)| {
                let facts = &source.scan.facts;
                facts.is_in(Stretch::Entry, place) && !facts.calls.contains_key(&place)
            })
    }

    /// Whether the syntax says that the method is called on one of these types. Good enough where the
    /// compiler knows the trait of the method and not what implements it.
    pub(crate) fn is_method_of(&self, types: &[&str]) -> bool {
        self.frames().any(|(source, _, place)| {
            let mut named = source.scan.facts.named.iter().filter(|(at, _)| *at == place);
            named.any(|(_, path)| path.rsplit_once("::").is_some_and(|(of, _)| types.contains(&of)))
        })
    }

    /// How the result of the call is thrown away, if it is.
    pub(crate) fn discard(&self) -> Option<Discard> {
        for (source, _, place) in self.frames() {
            let discards = &source.scan.facts.discards;
            if let Some(discard) = discards.at.get(&place) {
                return Some(*discard);
            }
            // The value of a macro is what its user makes of it.
            if source.scan.facts.calls.contains_key(&place) && !discards.tails.contains(&place) {
                return None;
            }
        }
        None
    }

    /// Whether the hit is a part of the type of a static, by itself or through an alias.
    pub(crate) fn is_type_of_static(&self) -> bool {
        self.frames().any(|(source, _, place)| {
            let facts = &source.scan.facts;
            !facts.hollow.contains(&place)
                && facts.statics.iter().any(|one| one.kind.contains(place))
        })
    }

    /// The alias whose meaning the hit is a part of.
    pub(crate) fn alias(&self) -> Option<(PathBuf, String)> {
        self.frames().find_map(|(source, file, place)| {
            let facts = &source.scan.facts;
            if facts.hollow.contains(&place) {
                return None;
            }
            let alias = facts.aliases.iter().find(|(_, meaning)| meaning.contains(place))?;
            Some((file.to_owned(), alias.0.clone()))
        })
    }

    /// Whether the hit lies in the implementation of a telemetry sink.
    pub(crate) fn is_in_sink(&self) -> bool {
        self.frames().any(|(source, _, place)| {
            source.scan.facts.impls.iter().any(|block| {
                block.range.contains(place) && block.is_of(&self.types.sinks, self.own)
            })
        })
    }

    /// Whether the result of the call is awaited where nothing ends the wait.
    pub(crate) fn result_is_awaited_untimed(&self) -> bool {
        self.frames().any(|(source, _, place)| {
            let facts = &source.scan.facts;
            facts.awaits_of(place).into_iter().any(|at| !facts.is_in(Stretch::Timed, at))
        })
    }
}
