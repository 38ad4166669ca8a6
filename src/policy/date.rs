//! Days, for waivers that end.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

/// A day of the calendar, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date {
    year: i64,
    month: u8,
    day: u8,
}

impl Date {
    /// A day that exists, written `YYYY-MM-DD`.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let shape = bytes.len() == 10
            && bytes
                .iter()
                .enumerate()
                .all(|(at, byte)| if at == 4 || at == 7 { *byte == b'-' } else { byte.is_ascii_digit() });
        if !shape {
            return None;
        }
        let mut parts = text.split('-');
        let year = parts.next()?.parse().ok()?;
        let month = parts.next()?.parse().ok()?;
        let day = parts.next()?.parse().ok()?;
        let date = Self { year, month, day };
        let fits = (1..=12).contains(&month) && day >= 1 && day <= days_in(year, month);
        fits.then_some(date)
    }

    /// The day it is; the last day there is where the clock cannot be read, so that nothing is
    /// allowed for longer than was written.
    pub fn today() -> Self {
        let last = Self { year: 9999, month: 12, day: 31 };
        let Ok(since) = SystemTime::now().duration_since(UNIX_EPOCH) else { return last };
        i64::try_from(since.as_secs() / 86_400).map_or(last, Self::from_days)
    }

    /// The day of a moment, in seconds since 1970-01-01.
    pub fn at(seconds: u64) -> Self {
        Self::from_days(i64::try_from(seconds / 86_400).unwrap_or(0))
    }

    /// The day that comes so many days after today; the last day there is where the clock cannot be read.
    pub fn in_days(days: u16) -> Self {
        let Ok(since) = SystemTime::now().duration_since(UNIX_EPOCH) else { return Self::today() };
        let today = i64::try_from(since.as_secs() / 86_400);
        today.map_or(Self::today(), |today| Self::from_days(today + i64::from(days)))
    }

    /// Days since 1970-01-01 as a date of the Gregorian calendar.
    pub fn from_days(days: i64) -> Self {
        // Counted in eras of 400 years that start on 1 March, so that a leap day is the last of its year.
        let shifted = days + 719_468;
        let era = shifted.div_euclid(146_097);
        let of_era = shifted.rem_euclid(146_097);
        let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * of_year + 2) / 153;
        let day = of_year - (153 * shifted_month + 2) / 5 + 1;
        let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        Self { year, month: u8::try_from(month).unwrap_or(1), day: u8::try_from(day).unwrap_or(1) }
    }
}

impl Date {
    /// Days since 1970-01-01.
    pub fn days(self) -> i64 {
        let (month, day) = (i64::from(self.month), i64::from(self.day));
        let year = self.year - i64::from(month <= 2);
        let era = year.div_euclid(400);
        let of_year = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
        let year_of_era = year.rem_euclid(400);
        let of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + of_year;
        era * 146_097 + of_era - 719_468
    }
}

fn days_in(year: i64, month: u8) -> u8 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
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
mod tests {
    use super::*;

    #[test]
    fn only_days_that_exist_are_dates() {
        for text in ["2027-01-01", "2024-02-29", "2000-02-29", "2026-12-31"] {
            assert_eq!(Date::parse(text).unwrap().to_string(), text);
        }
        for text in
            ["2027-1-1", "2026-02-29", "1900-02-29", "2026-13-01", "2026-00-10", "2026-04-31", "tomorrow", ""]
        {
            assert_eq!(Date::parse(text), None, "{text}");
        }
    }

    #[test]
    fn days_are_counted_from_the_epoch() {
        for (days, text) in
            [(0, "1970-01-01"), (59, "1970-03-01"), (11_016, "2000-02-29"), (20_778, "2026-11-21")]
        {
            assert_eq!(Date::from_days(days).to_string(), text);
            assert_eq!(Date::parse(text).unwrap().days(), days);
        }
        assert!(Date::today() > Date::parse("2024-01-01").unwrap());
        assert!(Date::in_days(1) > Date::today() && Date::in_days(366) < Date::in_days(367));
    }
}
