//! Every deliberate difference between OTP's supervisor and foundation's that a script could see.
//!
//! Nothing else is excluded from the comparison. `docs/SEMANTICS.md` says why each of them is there;
//! a test keeps the two lists together.

use std::fmt;

/// Where a difference is taken out of the comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Where {
    /// `normalise` brings the lines that it concerns into one form.
    Log,
    /// The program of one side leaves a line out.
    Side,
    /// No script does this.
    Generator,
}

/// One deliberate difference.
#[derive(Debug)]
pub(super) struct Difference {
    pub(super) name: &'static str,
    pub(super) place: Where,
}

/// All of them.
pub(super) const ALL: [Difference; 13] = [
    Difference { name: "killed-supervisor-takes-its-subtree", place: Where::Log },
    Difference { name: "dynamic-children-have-no-order", place: Where::Log },
    Difference { name: "dynamic-count-of-specs", place: Where::Log },
    Difference { name: "dynamic-shutdown-errors-one-by-one", place: Where::Log },
    Difference { name: "otp-miscounts-a-terminated-dynamic-restart", place: Where::Log },
    Difference { name: "terminate-without-trap", place: Where::Side },
    Difference { name: "no-terminate-after-a-panic", place: Where::Side },
    Difference { name: "link-to-nobody-raises", place: Where::Side },
    Difference { name: "killed-supervisor-leaves-names", place: Where::Generator },
    Difference { name: "dynamic-child-brings-its-own-spec", place: Where::Generator },
    Difference { name: "otp-keeps-an-ignored-dynamic-restart", place: Where::Generator },
    Difference { name: "supervisor-has-no-init", place: Where::Generator },
    Difference { name: "window-in-fractions-of-a-second", place: Where::Generator },
];

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = match self.place {
            Where::Log => "in the logs",
            Where::Side => "by one side",
            Where::Generator => "by the generator",
        };
        write!(f, "{} ({place})", self.name)
    }
}
