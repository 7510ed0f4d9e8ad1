//! How `/v1` shows amounts and times.

use jiff::{Timestamp, tz::TimeZone};

/// An amount of 0.01 coin in coins.
pub(super) fn coins(cents: i64) -> f64 {
    // Through text, which is read as the nearest number; dividing could be off by one place.
    format!("{cents}e-2").parse().unwrap_or_default()
}

/// Milliseconds as unix seconds; the past before 1970 is 0.
pub(super) fn unix_secs(ms: i64) -> u64 {
    u64::try_from(ms / 1000).unwrap_or_default()
}

/// `YYYY-MM-DD hh:mm:ss` in the configured zone.
pub(super) fn local_time(zone: &TimeZone, ms: i64) -> String {
    match Timestamp::from_millisecond(ms) {
        Ok(time) => time.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string(),
        Err(_) => String::new(),
    }
}
