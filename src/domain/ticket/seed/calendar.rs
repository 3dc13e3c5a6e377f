//! When messages come: over three years, by the hours in which people write.

use chrono::{DateTime, Datelike as _, Days, Duration, Months, NaiveDateTime, NaiveTime, TimeZone as _, Utc};
use chrono_tz::Europe::Berlin;

/// Messages per hour of a working day, from midnight on, in no unit.
const WORKING_DAY: [f64; 24] =
    [0.3, 0.2, 0.1, 0.1, 0.1, 0.3, 0.8, 2.5, 6.0, 9.0, 10.0, 9.5, 7.0, 7.0, 8.5, 8.0, 7.0, 5.5, 4.5, 4.0, 3.5, 2.5, 1.5, 0.7];
/// How much of that the days of the week see, Monday first.
const DAYS: [f64; 7] = [1.25, 1.1, 1.0, 1.0, 0.85, 0.3, 0.2];
const HOURS: usize = 168;

/// From a share of all messages to the moment when that share has come.
#[derive(Debug)]
pub(super) struct Calendar {
    /// A Monday at midnight in Berlin.
    start: NaiveDateTime,
    end: DateTime<Utc>,
    /// Share of a week's messages before each hour of it.
    before: [f64; HOURS + 1],
    weeks: f64,
}

impl Calendar {
    /// The three years before a moment.
    pub(super) fn until(end: DateTime<Utc>) -> Self {
        let mut before = [0.0; HOURS + 1];
        for hour in 0..HOURS {
            before[hour + 1] = before[hour] + DAYS[hour / 24] * WORKING_DAY[hour % 24];
        }
        let whole = before[HOURS];
        for share in &mut before {
            *share /= whole;
        }
        let local = end.with_timezone(&Berlin).naive_local();
        let day = local.date() - Months::new(36);
        let start = (day - Days::new(u64::from(day.weekday().num_days_from_monday()))).and_time(NaiveTime::MIN);
        let mut calendar = Self { start, end, before, weeks: 0.0 };
        let passed = local - start;
        let hour = usize::try_from(passed.num_hours()).unwrap_or_default();
        #[expect(clippy::cast_precision_loss, reason = "a hundred and fifty weeks")]
        let weeks = (hour / HOURS) as f64;
        calendar.weeks = weeks + calendar.before[hour % HOURS];
        calendar
    }

    /// When this share, from 0 to 1, of all messages had come.
    pub(super) fn at(&self, share: f64) -> DateTime<Utc> {
        let position = share.clamp(0.0, 1.0) * self.weeks;
        let inside = position.fract();
        let hour = self.before.partition_point(|before| *before <= inside).clamp(1, HOURS) - 1;
        let width = self.before[hour + 1] - self.before[hour];
        #[expect(clippy::cast_possible_truncation, reason = "seconds of three years")]
        let seconds = ((inside - self.before[hour]) / width * 3600.0) as i64;
        #[expect(clippy::cast_possible_truncation, reason = "weeks of three years")]
        let weeks = Duration::weeks(position as i64);
        let hours = Duration::hours(i64::try_from(hour).unwrap_or_default());
        let local = self.start + weeks + hours + Duration::seconds(seconds);
        // An hour that the clock change skips is the next one.
        let found = Berlin.from_local_datetime(&local).earliest();
        let found = found.or_else(|| Berlin.from_local_datetime(&(local + Duration::hours(1))).earliest());
        found.map_or(self.end, |found| found.with_timezone(&Utc)).min(self.end)
    }
}
