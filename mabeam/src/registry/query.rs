//! [`Query`]: a condition over agents.

use std::cmp::Ordering;

use crate::registry::profile::Profile;
use crate::registry::value::Value;

/// A condition that an agent meets or does not meet.
///
/// | operator | meets it |
/// |---|---|
/// | `eq`, `neq` | the attribute equals the value, or is there and does not |
/// | `lt`, `lte`, `gt`, `gte` | both are numbers, or both are texts, and in that order |
/// | `contains` | the attribute is a list with that text |
/// | `is_in`, `not_in` | the attribute equals one of the values, or is there and equals none |
/// | `has`, `lacks` | the attribute is there, or is not |
/// | `capability` | the agent has the capability |
///
/// An agent without the attribute meets none of these but `lacks`: a missing load is not a low
/// load. Integers and floats compare as numbers; values of other different kinds are unequal and
/// have no order.
///
/// # Examples
///
/// ```
/// use mabeam::{Profile, Query};
///
/// let idle = Query::capability("resize").and(Query::lt("load", 0.5));
/// assert!(idle.matches(&Profile::new().capability("resize").attribute("load", 0)));
/// assert!(!idle.matches(&Profile::new().capability("resize")));
/// ```
#[derive(Debug, Clone, PartialEq)]
#[must_use = "a query finds nothing until it is asked"]
pub struct Query(pub(crate) Condition);

/// The shape of a query.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Condition {
    All(Vec<Self>),
    Any(Vec<Self>),
    Capability(String),
    Has(String),
    Lacks(String),
    Contains(String, String),
    Compare(String, Operator, Value),
    In(String, Vec<Value>),
    NotIn(String, Vec<Value>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    Eq,
    Neq,
    Lt,
    Lte,
    Gt,
    Gte,
}

impl Query {
    /// Every agent.
    pub const fn all() -> Self {
        Self(Condition::All(Vec::new()))
    }

    /// Agents with the capability `name`.
    pub fn capability(name: impl Into<String>) -> Self {
        Self(Condition::Capability(name.into()))
    }

    /// Agents that have the attribute `name`.
    pub fn has(name: impl Into<String>) -> Self {
        Self(Condition::Has(name.into()))
    }

    /// Agents that do not have the attribute `name`.
    pub fn lacks(name: impl Into<String>) -> Self {
        Self(Condition::Lacks(name.into()))
    }

    /// Agents whose attribute `name` is a list with `text`.
    pub fn contains(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self(Condition::Contains(name.into(), text.into()))
    }

    /// Agents whose attribute `name` equals `value`.
    pub fn eq(name: impl Into<String>, value: impl Into<Value>) -> Self {
        Self(Condition::Compare(name.into(), Operator::Eq, value.into()))
    }

    /// Agents that have the attribute `name` with another value than `value`.
    pub fn neq(name: impl Into<String>, value: impl Into<Value>) -> Self {
        Self(Condition::Compare(name.into(), Operator::Neq, value.into()))
    }

    /// Agents whose attribute `name` is less than `value`.
    pub fn lt(name: impl Into<String>, value: impl Into<Value>) -> Self {
        Self(Condition::Compare(name.into(), Operator::Lt, value.into()))
    }

    /// Agents whose attribute `name` is at most `value`.
    pub fn lte(name: impl Into<String>, value: impl Into<Value>) -> Self {
        Self(Condition::Compare(name.into(), Operator::Lte, value.into()))
    }

    /// Agents whose attribute `name` is greater than `value`.
    pub fn gt(name: impl Into<String>, value: impl Into<Value>) -> Self {
        Self(Condition::Compare(name.into(), Operator::Gt, value.into()))
    }

    /// Agents whose attribute `name` is at least `value`.
    pub fn gte(name: impl Into<String>, value: impl Into<Value>) -> Self {
        Self(Condition::Compare(name.into(), Operator::Gte, value.into()))
    }

    /// Agents whose attribute `name` equals one of `values`.
    pub fn is_in<V: Into<Value>>(
        name: impl Into<String>,
        values: impl IntoIterator<Item = V>,
    ) -> Self {
        Self(Condition::In(name.into(), values.into_iter().map(Into::into).collect()))
    }

    /// Agents that have the attribute `name` with none of `values`.
    pub fn not_in<V: Into<Value>>(
        name: impl Into<String>,
        values: impl IntoIterator<Item = V>,
    ) -> Self {
        Self(Condition::NotIn(name.into(), values.into_iter().map(Into::into).collect()))
    }

    /// Agents that meet both conditions.
    pub fn and(self, other: Self) -> Self {
        Self(match self.0 {
            Condition::All(mut parts) => {
                parts.push(other.0);
                Condition::All(parts)
            }
            one => Condition::All(vec![one, other.0]),
        })
    }

    /// Agents that meet at least one of both conditions.
    pub fn or(self, other: Self) -> Self {
        Self(match self.0 {
            Condition::Any(mut parts) => {
                parts.push(other.0);
                Condition::Any(parts)
            }
            one => Condition::Any(vec![one, other.0]),
        })
    }

    /// Tells whether `profile` meets the condition.
    #[must_use]
    pub fn matches(&self, profile: &Profile) -> bool {
        self.0.matches(profile)
    }
}

impl Condition {
    pub(crate) fn matches(&self, profile: &Profile) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.matches(profile)),
            Self::Any(parts) => parts.iter().any(|part| part.matches(profile)),
            Self::Capability(name) => profile.has_capability(name),
            Self::Has(name) => profile.get(name).is_some(),
            Self::Lacks(name) => profile.get(name).is_none(),
            Self::Contains(name, text) => match profile.get(name) {
                Some(Value::TextList(texts)) => texts.contains(text),
                _ => false,
            },
            Self::Compare(name, operator, value) => {
                profile.get(name).is_some_and(|attribute| operator.holds(attribute, value))
            }
            Self::In(name, values) => profile
                .get(name)
                .is_some_and(|attribute| values.iter().any(|value| attribute.equals(value))),
            Self::NotIn(name, values) => profile
                .get(name)
                .is_some_and(|attribute| !values.iter().any(|value| attribute.equals(value))),
        }
    }
}

impl Operator {
    fn holds(self, attribute: &Value, value: &Value) -> bool {
        match self {
            Self::Eq => attribute.equals(value),
            Self::Neq => !attribute.equals(value),
            Self::Lt | Self::Lte | Self::Gt | Self::Gte => {
                attribute.order(value).is_some_and(|order| self.accepts(order))
            }
        }
    }

    const fn accepts(self, order: Ordering) -> bool {
        match self {
            Self::Eq => order.is_eq(),
            Self::Neq => order.is_ne(),
            Self::Lt => order.is_lt(),
            Self::Lte => order.is_le(),
            Self::Gt => order.is_gt(),
            Self::Gte => order.is_ge(),
        }
    }
}
