//! The restart window by itself.

use crate::supervisor::intensity::{RestartWindow, Verdict};
use std::time::Duration;

const MS: fn(u64) -> Duration = Duration::from_millis;

/// Which of the attempts at these milliseconds are allowed, until the first that is not.
fn allowed(intensity: u32, period: u64, attempts: &[u64]) -> Vec<bool> {
    let mut window = RestartWindow::new(intensity, MS(period));
    attempts.iter().map(|at| window.attempt(MS(*at)) == Verdict::Allowed).collect()
}

// I1: inclusive edge; I2: zero allows nothing.
#[test]
fn the_window_slides_with_an_inclusive_edge() {
    assert_eq!(allowed(0, 100, &[0]), [false]);
    assert_eq!(allowed(1, 100, &[0, 100]), [true, false]);
    assert_eq!(allowed(1, 100, &[0, 101]), [true, true]);
    assert_eq!(allowed(2, 100, &[50, 100, 151, 201]), [true, true, true, true]);
    assert_eq!(allowed(2, 100, &[50, 100, 150]), [true, true, false]);
    assert_eq!(allowed(3, 100, &[7, 7, 7, 7]), [true, true, true, false]);
}

#[test]
fn a_clock_that_jumps_back_opens_no_window() {
    assert_eq!(allowed(1, 100, &[500, 1]), [true, false]);
}

// I1 as a property: at most `intensity` allowed attempts in any closed window of one period.
#[test]
fn no_closed_window_holds_more_restarts_than_the_intensity() {
    for intensity in 1..4_u32 {
        for seed in 1..200_u64 {
            let mut state = seed;
            let mut window = RestartWindow::new(intensity, MS(10));
            let (mut now, mut stamps) = (0, Vec::new());
            loop {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                now += (state >> 33) % 8;
                let recent = stamps.iter().filter(|stamp| now - **stamp <= 10).count();
                let is_room = recent < usize::try_from(intensity).expect("small");
                let verdict = window.attempt(MS(now));
                assert_eq!(verdict == Verdict::Allowed, is_room, "seed {seed} at {now}");
                if verdict == Verdict::Exceeded || stamps.len() > 50 {
                    break;
                }
                stamps.push(now);
            }
        }
    }
}
