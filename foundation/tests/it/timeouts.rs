//! Which timeout holds.

use std::time::Duration;

use foundation::{Timeouts, TimeoutsError};

const fn s(n: u64) -> Duration {
    Duration::from_secs(n)
}

#[test]
fn explicit_comes_before_kind_before_server_before_default() {
    for bits in 0..8_u8 {
        let has = |bit: u8| bits & bit != 0;
        let mut timeouts = Timeouts::new(s(1)).expect("it is valid");
        if has(1) {
            timeouts = timeouts.server("db", s(2)).expect("it is valid");
        }
        if has(2) {
            timeouts = timeouts.kind("read", s(3)).expect("it is valid");
        }
        let explicit = has(4).then_some(s(4));
        let wanted = match (has(4), has(2), has(1)) {
            (true, _, _) => s(4),
            (false, true, _) => s(3),
            (false, false, true) => s(2),
            (false, false, false) => s(1),
        };
        assert_eq!(timeouts.resolve(explicit, "read", "db"), wanted, "{bits:b}");
        let others = timeouts.resolve(None, "write", "web");
        assert_eq!(others, s(1), "the names matter");
    }
}

#[test]
fn the_default_is_five_seconds_and_nothing_is_endless() {
    let timeouts = Timeouts::default();
    assert_eq!(timeouts.resolve(None, "read", "db"), s(5));
    assert_eq!(timeouts.resolve(Some(Duration::MAX), "read", "db"), s(24 * 60 * 60));
    assert_eq!(timeouts.resolve(Some(Duration::ZERO), "read", "db"), Duration::ZERO);
}

#[test]
fn what_is_no_timeout_is_refused() {
    let day = s(24 * 60 * 60);
    assert_eq!(Timeouts::new(Duration::ZERO), Err(TimeoutsError::Zero));
    assert_eq!(Timeouts::new(Duration::MAX), Err(TimeoutsError::TooLong));
    assert_eq!(Timeouts::default().kind("read", Duration::ZERO), Err(TimeoutsError::Zero));
    assert_eq!(Timeouts::default().server("db", day + s(1)), Err(TimeoutsError::TooLong));
    assert!(Timeouts::default().server("db", day).is_ok());
}

#[test]
fn the_table_is_bounded_and_an_entry_can_be_replaced() {
    let mut timeouts = Timeouts::default();
    for kind in 0..1_024 {
        timeouts = timeouts.kind(&kind.to_string(), s(1)).expect("there is room");
    }
    let full = timeouts.clone().kind("another", s(1));
    assert_eq!(full, Err(TimeoutsError::TooMany));
    let changed = timeouts.kind("7", s(2)).expect("it is there");
    assert_eq!(changed.resolve(None, "7", "db"), s(2));
}
