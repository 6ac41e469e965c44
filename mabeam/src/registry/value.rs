//! [`Value`]: what an attribute may be, and how two of them compare.
//!
//! Integers and floats compare as the numbers they stand for, exactly: no integer is rounded to a
//! float on the way. Text compares by bytes. Nothing else has an order.

use std::cmp::Ordering;

/// The value of one attribute of an agent.
///
/// Two values are equal if they are of one kind and the same; an integer and a float are equal if
/// they are the same number. A NaN equals nothing, and no agent can have one.
///
/// # Examples
///
/// ```
/// use mabeam::Value;
///
/// assert_eq!(Value::from(0.5), Value::Float(0.5));
/// assert_eq!(Value::from(["eu", "us"]), Value::TextList(vec!["eu".into(), "us".into()]));
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// Text.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// A finite number.
    Float(f64),
    /// A flag.
    Bool(bool),
    /// Several texts, in an order that matters only when lists are compared.
    TextList(Vec<String>),
}

impl Value {
    /// Tells whether both are the same value.
    pub(crate) fn equals(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::TextList(one), Self::TextList(two)) => one == two,
            _ => self.scalar().is_some_and(|one| other.scalar().as_ref() == Some(&one)),
        }
    }

    /// Orders two numbers or two texts; `None` for every other pair.
    pub(crate) fn order(&self, other: &Self) -> Option<Ordering> {
        match (self.scalar()?, other.scalar()?) {
            (Scalar::Number(one), Scalar::Number(two)) => Some(one.cmp(&two)),
            (Scalar::Text(one), Scalar::Text(two)) => Some(one.cmp(two)),
            _ => None,
        }
    }

    /// Returns the value as a key of an index; `None` for a list and for a NaN.
    pub(crate) fn scalar(&self) -> Option<Scalar<&str>> {
        match self {
            Self::Text(text) => Some(Scalar::Text(text)),
            Self::Integer(number) => Some(Scalar::Number(Number::Integer(*number))),
            Self::Float(number) => Number::of(*number).map(Scalar::Number),
            Self::Bool(flag) => Some(Scalar::Bool(*flag)),
            Self::TextList(_) => None,
        }
    }
}

/// A value that has a place in an order. Values of different kinds are apart.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Scalar<S> {
    Bool(bool),
    Number(Number),
    Text(S),
}

impl Scalar<&str> {
    pub(crate) fn to_owned<S: for<'a> From<&'a str>>(&self) -> Scalar<S> {
        match self {
            Self::Bool(flag) => Scalar::Bool(*flag),
            Self::Number(number) => Scalar::Number(*number),
            Self::Text(text) => Scalar::Text(S::from(text)),
        }
    }
}

/// A number; `Fraction` only holds what no `Integer` can say, and never a NaN.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Number {
    Integer(i64),
    Fraction(f64),
}

/// The smallest float above every `i64`; its negative is the smallest `i64`.
const TWO_POW_63: f64 = 9_223_372_036_854_775_808.0;

impl Number {
    pub(crate) fn of(number: f64) -> Option<Self> {
        if number.is_nan() {
            return None;
        }
        let whole = number.trunc() == number && (-TWO_POW_63..TWO_POW_63).contains(&number);
        Some(if whole { Self::Integer(to_i64(number)) } else { Self::Fraction(number) })
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the callers pass numbers within i64")]
const fn to_i64(number: f64) -> i64 {
    number as i64
}

impl Eq for Number {}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        match (*self, *other) {
            (Self::Integer(one), Self::Integer(two)) => one.cmp(&two),
            (Self::Fraction(one), Self::Fraction(two)) => one.total_cmp(&two),
            (Self::Integer(one), Self::Fraction(two)) => integer_to_fraction(one, two),
            (Self::Fraction(one), Self::Integer(two)) => integer_to_fraction(two, one).reverse(),
        }
    }
}

/// Compares with a fraction that no `Integer` can say: one below 2^52, which leaves integers that
/// near exact as floats, or one outside `i64`, where only 2^63 can equal an integer, rounded up.
#[expect(clippy::cast_precision_loss, reason = "the rounding cannot cross a fraction, see above")]
fn integer_to_fraction(integer: i64, fraction: f64) -> Ordering {
    if integer as f64 <= fraction { Ordering::Less } else { Ordering::Greater }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl From<i32> for Value {
    fn from(number: i32) -> Self {
        Self::Integer(number.into())
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Self {
        Self::Integer(number.into())
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Float(number)
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Bool(flag)
    }
}

impl From<Vec<String>> for Value {
    fn from(texts: Vec<String>) -> Self {
        Self::TextList(texts)
    }
}

impl<const N: usize> From<[&str; N]> for Value {
    fn from(texts: [&str; N]) -> Self {
        Self::TextList(texts.map(str::to_owned).to_vec())
    }
}
