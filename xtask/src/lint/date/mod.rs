//! Days: when an exception ends, and what day it is.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

/// A day of the calendar, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Date {
    year: u32,
    month: u32,
    day: u32,
}

impl Date {
    /// Reads `2026-12-31`.
    pub(crate) fn parse(text: &str) -> Option<Date> {
        let mut parts = text.split('-').map(|part| {
            let digits = part.chars().all(|c| c.is_ascii_digit());
            (part.len(), digits.then(|| part.parse::<u32>().ok()).flatten())
        });
        let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() || (year.0, month.0, day.0) != (4, 2, 2) {
            return None;
        }
        let date = Date { year: year.1?, month: month.1?, day: day.1? };
        let valid = (1..=12).contains(&date.month)
            && (1..=days_of_month(date.year, date.month)).contains(&date.day);
        valid.then_some(date)
    }

    /// The day on which this program runs.
    #[expect(clippy::disallowed_methods, reason = "an exception ends on a day of the calendar")]
    pub(crate) fn today() -> Date {
        let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |age| age.as_secs());
        Date::after_epoch(seconds / 86_400)
    }

    fn after_epoch(mut days: u64) -> Date {
        let mut date = Date { year: 1970, month: 1, day: 1 };
        loop {
            let length = u64::from(days_of_month(date.year, date.month));
            if days < length {
                date.day += u32::try_from(days).unwrap_or_default();
                return date;
            }
            days -= length;
            date.month += 1;
            if date.month > 12 {
                date = Date { year: date.year + 1, month: 1, day: 1 };
            }
        }
    }
}

fn days_of_month(year: u32, month: u32) -> u32 {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

#[cfg(test)]
mod tests;
