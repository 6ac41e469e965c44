//! The index against a plain scan, over generated agents and queries.
//!
//! The model gives queries a second meaning that shares no code with the first. Its numbers are
//! whole eighths, which are integers or floats in the real thing.

use std::collections::BTreeMap;
use std::sync::Arc;

use foundation::ProcessRef;
use proptest::prelude::*;

use super::{id, processes};
use crate::registry::agent::{Agent, AgentId};
use crate::registry::index::Index;
use crate::registry::profile::Profile;
use crate::registry::query::Query;
use crate::registry::value::Value;

/// A process for rows of which only the profile matters; it ended with the runtime that made it.
fn somebody() -> ProcessRef {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(async { processes(1).await.1.remove(0) })
}

/// What a generated agent has: two capabilities or not, and up to three attributes.
#[derive(Debug, Clone)]
struct Model {
    capabilities: [bool; 2],
    attributes: BTreeMap<usize, ModelValue>,
}

#[derive(Debug, Clone, PartialEq)]
enum ModelValue {
    Eighths(i64),
    Text(String),
    Flag(bool),
    List(Vec<String>),
}

#[derive(Debug, Clone)]
enum ModelQuery {
    Capability(usize),
    Has(usize, bool),
    Contains(usize, String),
    /// The operator as its sign: which of less, equal and greater it accepts.
    Order(usize, [bool; 3], ModelValue),
    Equal(usize, bool, Vec<ModelValue>),
    Both(Box<Self>, Box<Self>),
    Either(Box<Self>, Box<Self>),
}

const NAMES: [&str; 3] = ["x", "y", "z"];

impl ModelValue {
    fn real(&self) -> Value {
        match self {
            Self::Eighths(n) if n % 8 == 0 && n % 16 != 0 => Value::Integer(n / 8),
            #[expect(clippy::cast_precision_loss, reason = "the numbers are small")]
            Self::Eighths(n) => Value::Float(*n as f64 / 8.0),
            Self::Text(text) => Value::Text(text.clone()),
            Self::Flag(flag) => Value::Bool(*flag),
            Self::List(texts) => Value::TextList(texts.clone()),
        }
    }
}

impl Model {
    fn real(&self) -> Profile {
        let mut profile = Profile::new();
        for (name, _) in ["p", "q"].iter().zip(self.capabilities).filter(|(_, has)| *has) {
            profile = profile.capability(*name);
        }
        for (name, value) in &self.attributes {
            profile = profile.attribute(NAMES[*name], value.real());
        }
        profile
    }

    fn meets(&self, query: &ModelQuery) -> bool {
        use std::cmp::Ordering::{Equal, Greater, Less};
        match query {
            ModelQuery::Capability(which) => self.capabilities[*which],
            ModelQuery::Has(name, wanted) => self.attributes.contains_key(name) == *wanted,
            ModelQuery::Contains(name, text) => match self.attributes.get(name) {
                Some(ModelValue::List(texts)) => texts.iter().any(|other| other == text),
                _ => false,
            },
            ModelQuery::Order(name, [less, equal, greater], value) => {
                let order = match (self.attributes.get(name), value) {
                    (Some(ModelValue::Eighths(a)), ModelValue::Eighths(b)) => a.cmp(b),
                    (Some(ModelValue::Text(a)), ModelValue::Text(b)) => a.cmp(b),
                    _ => return false,
                };
                (*less && order == Less)
                    || (*equal && order == Equal)
                    || (*greater && order == Greater)
            }
            ModelQuery::Equal(name, wanted, values) => match self.attributes.get(name) {
                Some(attribute) => values.contains(attribute) == *wanted,
                None => false,
            },
            ModelQuery::Both(one, two) => self.meets(one) && self.meets(two),
            ModelQuery::Either(one, two) => self.meets(one) || self.meets(two),
        }
    }
}

impl ModelQuery {
    fn real(&self) -> Query {
        match self {
            Self::Capability(which) => Query::capability(["p", "q"][*which]),
            Self::Has(name, true) => Query::has(NAMES[*name]),
            Self::Has(name, false) => Query::lacks(NAMES[*name]),
            Self::Contains(name, text) => Query::contains(NAMES[*name], text.as_str()),
            Self::Order(name, [true, false, _], value) => Query::lt(NAMES[*name], value.real()),
            Self::Order(name, [true, true, _], value) => Query::lte(NAMES[*name], value.real()),
            Self::Order(name, [false, false, _], value) => Query::gt(NAMES[*name], value.real()),
            Self::Order(name, [false, true, _], value) => Query::gte(NAMES[*name], value.real()),
            Self::Equal(name, wanted, values) => match (&values[..], wanted) {
                ([value], true) => Query::eq(NAMES[*name], value.real()),
                ([value], false) => Query::neq(NAMES[*name], value.real()),
                (values, true) => Query::is_in(NAMES[*name], values.iter().map(ModelValue::real)),
                (values, false) => Query::not_in(NAMES[*name], values.iter().map(ModelValue::real)),
            },
            Self::Both(one, two) => one.real().and(two.real()),
            Self::Either(one, two) => one.real().or(two.real()),
        }
    }
}

fn a_text() -> impl Strategy<Value = String> {
    prop_oneof![Just(String::new()), Just("a".to_owned()), Just("b".to_owned())]
}

fn a_value() -> impl Strategy<Value = ModelValue> {
    prop_oneof![
        4 => (-20_i64..20).prop_map(ModelValue::Eighths),
        2 => a_text().prop_map(ModelValue::Text),
        1 => any::<bool>().prop_map(ModelValue::Flag),
        2 => proptest::collection::vec(a_text(), 0..3).prop_map(ModelValue::List),
    ]
}

fn an_agent() -> impl Strategy<Value = Model> {
    let attributes = proptest::collection::btree_map(0_usize..3, a_value(), 0..4);
    (any::<[bool; 2]>(), attributes)
        .prop_map(|(capabilities, attributes)| Model { capabilities, attributes })
}

fn a_query() -> impl Strategy<Value = ModelQuery> {
    let signs = prop_oneof![
        Just([true, false, false]),
        Just([true, true, false]),
        Just([false, false, true]),
        Just([false, true, true]),
    ];
    let values = proptest::collection::vec(a_value(), 0..4);
    let leaf = prop_oneof![
        1 => (0_usize..2).prop_map(ModelQuery::Capability),
        1 => (0_usize..3, any::<bool>()).prop_map(|(name, wanted)| ModelQuery::Has(name, wanted)),
        1 => (0_usize..3, a_text()).prop_map(|(name, text)| ModelQuery::Contains(name, text)),
        3 => (0_usize..3, signs, a_value())
            .prop_map(|(name, signs, value)| ModelQuery::Order(name, signs, value)),
        3 => (0_usize..3, any::<bool>(), values)
            .prop_map(|(name, wanted, values)| ModelQuery::Equal(name, wanted, values)),
    ];
    leaf.prop_recursive(3, 8, 2, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone())
                .prop_map(|(one, two)| ModelQuery::Both(Box::new(one), Box::new(two))),
            (inner.clone(), inner)
                .prop_map(|(one, two)| ModelQuery::Either(Box::new(one), Box::new(two))),
        ]
    })
}

proptest! {
    #[test]
    fn the_index_finds_what_a_plain_scan_finds(
        changes in proptest::collection::vec((0_usize..12, proptest::option::of(an_agent())), 0..40),
        queries in proptest::collection::vec(a_query(), 1..8),
    ) {
        let somebody = somebody();
        let mut index = Index::new();
        let mut models: BTreeMap<AgentId, Model> = BTreeMap::new();
        for (number, agent) in changes {
            let id = id(&format!("agent {number:02}"));
            let before = (index.clone(), index.entries());
            if let Some(model) = agent {
                index.put(Arc::new(Agent::new(id.clone(), somebody.clone(), model.real())));
                models.insert(id, model);
            } else {
                prop_assert_eq!(index.remove(&id).is_some(), models.remove(&id).is_some());
            }
            prop_assert_eq!(before.0.entries(), before.1, "an older version never changes");
        }
        prop_assert_eq!(index.len(), models.len());
        for query in &queries {
            let wanted: Vec<_> =
                models.iter().filter(|(_, model)| model.meets(query)).map(|(id, _)| id).collect();
            let agents = index.query(&query.real());
            let found: Vec<_> = agents.iter().map(|agent| agent.id()).collect();
            prop_assert_eq!(found, wanted, "{:?}", query);
        }
        for id in models.keys() {
            index.remove(id);
        }
        prop_assert_eq!(index.entries(), 0, "nothing is left in any index");
    }
}
