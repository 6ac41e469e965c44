//! The length of a wait between attempts.

use std::time::Duration;

use foundation::{Backoff, Jitter};

const RANDOMS: [u64; 5] = [0, 1, u64::MAX / 3, u64::MAX / 2 + 1, u64::MAX];

fn with(jitter: Jitter) -> Backoff {
    Backoff { base: Duration::from_nanos(10), factor: 3, cap: Duration::from_nanos(500), jitter }
}

#[test]
fn waits_grow_by_the_factor_up_to_the_cap() {
    let waits = [0, 1, 2, 3, 4, u32::MAX].map(|attempt| with(Jitter::None).delay(attempt, 7));
    assert_eq!(waits, [10, 30, 90, 270, 500, 500].map(Duration::from_nanos));
}

#[test]
fn jitter_stays_within_its_share_and_reaches_both_ends() {
    for attempt in 0..6 {
        let whole = with(Jitter::None).delay(attempt, 0);
        for random in RANDOMS {
            assert!(with(Jitter::Full).delay(attempt, random) <= whole);
            let equal = with(Jitter::Equal).delay(attempt, random);
            assert!(equal >= whole / 2 && equal <= whole, "{equal:?} of {whole:?}");
        }
        assert_eq!(with(Jitter::Full).delay(attempt, 0), Duration::ZERO);
        assert_eq!(with(Jitter::Full).delay(attempt, u64::MAX), whole);
        assert_eq!(with(Jitter::Equal).delay(attempt, u64::MAX), whole);
    }
}

#[test]
fn no_setting_overflows() {
    for factor in [0, 1, 2, u32::MAX] {
        for base in [Duration::ZERO, Duration::from_secs(1), Duration::MAX] {
            for random in RANDOMS {
                let cap = Duration::from_secs(u64::MAX);
                let backoff = Backoff { base, factor, cap, jitter: Jitter::Equal };
                assert!(backoff.delay(u32::MAX, random) <= cap);
                let capped = Backoff { cap: Duration::from_millis(1), ..backoff };
                assert!(capped.delay(u32::MAX, random) <= Duration::from_millis(1));
            }
        }
    }
}
