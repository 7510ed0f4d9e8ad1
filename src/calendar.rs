//! The days and hours of the configured time zone.

use std::{
    ops::Range,
    sync::{Mutex, PoisonError},
};

use jiff::{Timestamp, ToSpan as _, civil::date, tz::TimeZone};

/// Numbers days. It remembers the last one that was asked for, since nearly every request asks for today.
pub struct Calendar {
    zone: TimeZone,
    known: Mutex<Day>,
}

/// A day: the times (ms) that it has, and its number.
#[derive(Clone, Default)]
struct Day {
    times_ms: Range<i64>,
    number: i32,
}

impl Calendar {
    /// The calendar of a time zone.
    #[must_use]
    pub fn new(zone: TimeZone) -> Self {
        Self { zone, known: Mutex::default() }
    }

    /// The number of the day of a time, counted from 1970-01-01; 0 for a time out of range.
    pub fn day(&self, at_ms: i64) -> i32 {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if !known.times_ms.contains(&at_ms) {
            *known = self.find(at_ms).unwrap_or_default();
        }
        known.number
    }

    /// When the day of a time began; that time itself if it is out of range.
    #[must_use]
    pub fn day_start_ms(&self, at_ms: i64) -> i64 {
        self.find(at_ms).map_or(at_ms, |day| day.times_ms.start)
    }

    /// The hour of the day, from 0 to 23, at a time; 0 for a time out of range.
    #[must_use]
    pub fn hour(&self, at_ms: i64) -> i16 {
        Timestamp::from_millisecond(at_ms).map_or(0, |at| at.to_zoned(self.zone.clone()).hour().into())
    }

    fn find(&self, at_ms: i64) -> Option<Day> {
        let start = Timestamp::from_millisecond(at_ms).ok()?.to_zoned(self.zone.clone()).start_of_day().ok()?;
        let end = start.checked_add(1.day()).ok()?.start_of_day().ok()?;
        let number = date(1970, 1, 1).until(start.date()).ok()?.get_days();
        Some(Day { times_ms: start.timestamp().as_millisecond()..end.timestamp().as_millisecond(), number })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_begin_at_midnight_of_the_zone_also_when_it_changes_its_clocks() {
        let hour_ms = 3_600_000;
        let calendar = Calendar::new(TimeZone::get("Europe/Berlin").unwrap());
        // 2026-03-29 has 23 hours, 2026-10-25 has 25; both begin at 00:00 local time.
        for (midnight, hours) in [("2026-03-28T23:00:00Z", 23), ("2026-10-24T22:00:00Z", 25)] {
            let start_ms = midnight.parse::<Timestamp>().unwrap().as_millisecond();
            let today = calendar.day(start_ms);
            assert_eq!(calendar.day(start_ms - 1), today - 1);
            assert_eq!(calendar.day(start_ms + hours * hour_ms - 1), today);
            assert_eq!(calendar.day(start_ms + hours * hour_ms), today + 1);
        }
        assert_eq!(Calendar::new(TimeZone::UTC).day(0), 0);
        assert_eq!(Calendar::new(TimeZone::UTC).day(-1), -1);
    }

    #[test]
    fn hours_are_those_of_the_zone_also_when_it_changes_its_clocks() {
        let calendar = Calendar::new(TimeZone::get("Europe/Berlin").unwrap());
        for (at, hour) in [
            ("2026-03-29T00:59:59Z", 1),
            ("2026-03-29T01:00:00Z", 3),
            ("2026-06-01T22:00:00Z", 0),
            ("2026-10-25T00:30:00Z", 2),
            ("2026-10-25T01:30:00Z", 2),
        ] {
            assert_eq!(calendar.hour(at.parse::<Timestamp>().unwrap().as_millisecond()), hour, "{at}");
        }
    }
}
