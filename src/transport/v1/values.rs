//! How `/v1` formats amounts and times.

use jiff::{Timestamp, fmt::temporal::DateTimePrinter, tz::TimeZone};

use crate::model::{Invalid, Problem};

/// Converts an amount in 0.01 coin to coins.
pub(super) fn coins(cents: i64) -> f64 {
    match i32::try_from(cents) {
        Ok(cents) => f64::from(cents) / 100.0,
        // Parsing text yields the nearest float; a number that is rounded before the division could be off.
        Err(_) => format!("{cents}e-2").parse().unwrap_or_default(),
    }
}

/// Milliseconds as Unix seconds; times before 1970 become 0.
pub(super) fn unix_secs(ms: i64) -> u64 {
    u64::try_from(ms / 1000).unwrap_or_default()
}

/// Formats a time as `YYYY-MM-DD hh:mm:ss` in `zone`.
pub(super) fn local_time(zone: &TimeZone, ms: i64) -> String {
    const FORMAT: DateTimePrinter = DateTimePrinter::new().separator(b' ').precision(Some(0));
    match Timestamp::from_millisecond(ms) {
        Ok(time) => FORMAT.datetime_to_string(&zone.to_datetime(time)),
        Err(_) => String::new(),
    }
}

/// A switch that the wire has as 0 or 1.
pub(super) fn switch(what: &'static str, value: i32) -> Result<bool, Invalid> {
    match value {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(Invalid::new(what, Problem::OutOfRange { min: 0, max: 1 })),
    }
}
