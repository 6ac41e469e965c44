//! Validation of specifications.

use super::super::spec::CoreSpec;
use super::{
    AutoShutdown, ChildKind, Core, Duration, Flags, Mode, Restart, Shutdown, SpecError, Strategy,
    TestCore, children,
};

fn refusal(mode: Mode, text: &str) -> Option<String> {
    let flags = Flags { mode, ..Flags::default() };
    let created: Result<TestCore, SpecError> = Core::new(flags, children(text));
    created.err().map(|error| error.to_string())
}

// S4, X2: what is refused at creation, and what is not.
#[test]
fn senseless_specifications_are_refused() {
    let with = |auto_shutdown| Mode::Static { strategy: Strategy::OneForOne, auto_shutdown };
    let never = with(AutoShutdown::Never);
    let duplicate = Some("two children have the id `a`".to_owned());
    assert_eq!(refusal(never, "a, b, a"), duplicate);
    let useless = Some("child `a` is significant but auto_shutdown is never".to_owned());
    assert_eq!(refusal(never, "a transient significant"), useless);
    for auto in [AutoShutdown::AnySignificant, AutoShutdown::AllSignificant] {
        let permanent = Some("child `b` is significant but permanent".to_owned());
        assert_eq!(refusal(with(auto), "a, b significant"), permanent);
        assert_eq!(refusal(with(auto), "a transient significant, b temporary significant"), None);
    }
}

#[test]
fn a_period_of_zero_is_refused() {
    let flags = Flags { period: Duration::ZERO, ..Flags::default() };
    let created: Result<TestCore, SpecError> = Core::new(flags, Vec::<CoreSpec<()>>::new());
    assert_eq!(created.err(), Some(SpecError::ZeroPeriod));
}

// Defaults of a child by kind.
#[test]
fn supervisors_are_waited_for_without_limit() {
    assert_eq!(Shutdown::default_for(ChildKind::Supervisor), Shutdown::Infinity);
    let worker = Shutdown::default_for(ChildKind::Worker);
    assert_eq!(worker, Shutdown::Timeout(Duration::from_millis(5000)));
    assert_eq!(Restart::default(), Restart::Permanent);
}
