//! Which days there are.

use super::Date;

#[test]
fn days_are_counted_as_the_calendar_does() {
    for (days, shown) in
        [(0, "1970-01-01"), (59, "1970-03-01"), (11_016, "2000-02-29"), (20_782, "2026-11-25")]
    {
        assert_eq!(Date::after_epoch(days).to_string(), shown);
    }
}

#[test]
fn only_days_that_exist_are_read() {
    for text in ["2026-12-31", "2024-02-29"] {
        assert_eq!(Date::parse(text).map(|date| date.to_string()).as_deref(), Some(text));
    }
    for text in ["2026-02-29", "2026-13-01", "2026-1-01", "26-01-01", "2026-01-00", "soon", ""] {
        assert_eq!(Date::parse(text), None, "{text}");
    }
    assert!(Date::parse("2026-09-30") < Date::parse("2026-10-01"));
}
