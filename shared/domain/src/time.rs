//! Timestamps as the API writes them: RFC 3339 in UTC, with milliseconds.

use chrono::{DateTime, Datelike, SecondsFormat, SubsecRound, TimeDelta, Timelike, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use std::fmt;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Timestamp(DateTime<Utc>);

impl Timestamp {
    /// Rounds to milliseconds, so that a timestamp equals itself after it was written and read.
    pub fn new(at: DateTime<Utc>) -> Self {
        Self(at.trunc_subsecs(3))
    }

    /// An RFC 3339 time. Refused are times that most programs could not parse when they get them back: leap seconds, and those that fall
    /// out of the years 0 to 9999 in UTC.
    pub fn parse(text: &str) -> Option<Self> {
        let at = DateTime::parse_from_rfc3339(text).ok()?.to_utc();
        let is_leap_second = at.nanosecond() >= 1_000_000_000;
        ((0..=9999).contains(&at.year()) && !is_leap_second).then(|| Self::new(at))
    }

    pub fn from_millis(millis: i64) -> Option<Self> {
        DateTime::from_timestamp_millis(millis).map(Self)
    }

    pub fn plus(self, delta: TimeDelta) -> Self {
        Self(self.0 + delta)
    }

    pub fn millis(self) -> u64 {
        u64::try_from(self.0.timestamp_millis()).unwrap_or(0)
    }

    /// The day, in UTC.
    pub fn date(self) -> String {
        self.0.format("%Y-%m-%d").to_string()
    }

    pub fn epoch_seconds(self) -> i64 {
        self.0.timestamp()
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.to_rfc3339_opts(SecondsFormat::Millis, true))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| D::Error::custom("not an RFC 3339 time"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_written_in_utc_with_milliseconds() {
        let at = Timestamp::parse("2026-11-23T10:00:00.1239+02:00").unwrap();
        assert_eq!(at.to_string(), "2026-11-23T08:00:00.123Z");
        assert_eq!(Timestamp::parse(&at.to_string()), Some(at));
    }

    #[test]
    fn each_way_to_write_a_time_is_kept_as_one() {
        for (given, kept) in [
            ("2026-11-23T10:00:00+02:00", "2026-11-23T08:00:00.000Z"),
            ("2026-11-23t08:00:00z", "2026-11-23T08:00:00.000Z"),
            ("2026-11-23T08:00:00-00:00", "2026-11-23T08:00:00.000Z"),
            ("2026-11-23T08:00:00.1Z", "2026-11-23T08:00:00.100Z"),
            ("2026-11-23T08:00:00.999999999999Z", "2026-11-23T08:00:00.999Z"),
            ("2026-12-31T23:30:00-01:00", "2027-01-01T00:30:00.000Z"),
            ("0001-01-01T00:00:00+23:59", "0000-12-31T00:01:00.000Z"),
        ] {
            assert_eq!(Timestamp::parse(given).map(|at| at.to_string()).as_deref(), Some(kept));
        }
    }

    #[test]
    fn odd_times_are_refused() {
        for odd in [
            "2026-11-23T12:30:60Z",
            "2016-12-31T23:59:60Z",
            "2026-11-23T12:30:60.5+01:00",
            "2026-11-23T24:00:00Z",
            "2026-02-30T00:00:00Z",
            "2026-11-23T08:60:00Z",
            "9999-12-31T23:59:59-01:00",
            "0000-01-01T00:00:00+01:00",
            "10000-01-01T00:00:00Z",
            "+2026-11-23T08:00:00Z",
            "2026-11-23T08:00Z",
            "2026-11-23T08:00:00",
            "2026-11-23",
            "20261123T080000Z",
            "2026-11-23T08:00:00+2",
            "2026-11-23T08:00:00.Z",
            "",
        ] {
            assert_eq!(Timestamp::parse(odd), None, "{odd}");
        }
    }
}
