//! How `/v1` formats amounts and times.

use jiff::{Timestamp, tz::TimeZone};

use crate::model::{Invalid, Problem};

/// Converts an amount in 0.01 coin to coins.
pub(super) fn coins(cents: i64) -> f64 {
    // Parsing text yields the nearest float; a division could be off in the last place.
    format!("{cents}e-2").parse().unwrap_or_default()
}

/// Milliseconds as Unix seconds; times before 1970 become 0.
pub(super) fn unix_secs(ms: i64) -> u64 {
    u64::try_from(ms / 1000).unwrap_or_default()
}

/// Formats a time as `YYYY-MM-DD hh:mm:ss` in `zone`.
pub(super) fn local_time(zone: &TimeZone, ms: i64) -> String {
    match Timestamp::from_millisecond(ms) {
        Ok(time) => time.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string(),
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
