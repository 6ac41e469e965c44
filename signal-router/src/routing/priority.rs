//! [`Priority`]: who goes first among equally specific patterns.

use std::fmt;

use crate::error::PriorityError;

/// A number from -100 to 100; higher goes first, 0 is the default.
///
/// A priority orders routes whose patterns are equally specific. It never lifts a route over one
/// whose pattern is more specific: `**` at +100 comes after an exact pattern at -100.
///
/// # Examples
///
/// ```
/// use signal_router::Priority;
///
/// assert!(Priority::new(50)? > Priority::default());
/// assert!(Priority::new(101).is_err());
/// # Ok::<(), signal_router::PriorityError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Priority(i8);

impl Priority {
    /// The highest priority, 100.
    pub const MAX: Self = Self(100);
    /// The lowest priority, -100.
    pub const MIN: Self = Self(-100);

    /// Takes `value` as a priority.
    ///
    /// # Errors
    ///
    /// [`PriorityError`] outside -100 to 100.
    pub fn new(value: i32) -> Result<Self, PriorityError> {
        match i8::try_from(value) {
            Ok(small @ -100..=100) => Ok(Self(small)),
            _ => Err(PriorityError { value }),
        }
    }

    /// Returns the number.
    #[must_use]
    pub const fn value(self) -> i32 {
        self.0 as i32
    }
}

impl fmt::Display for Priority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
