//! The proleptic Gregorian calendar, for all the milliseconds that a date can have.

/// The milliseconds of a day.
pub(super) const DAY_MS: i64 = 86_400_000;

/// The days of 400 years, after which the calendar repeats itself.
const ERA_DAYS: i64 = 146_097;

/// A date and a time of day, without a time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Civil {
    pub(super) year: i64,
    /// From 1.
    pub(super) month: i64,
    /// From 1.
    pub(super) day: i64,
    /// Within the day.
    pub(super) milliseconds: i64,
    /// Since 1970.
    pub(super) days: i64,
}

impl Civil {
    /// From local milliseconds since 1970.
    pub(super) fn new(milliseconds: i64) -> Self {
        let days = milliseconds.div_euclid(DAY_MS);
        let (year, month, day) = date_of(days);
        Self { year, month, day, milliseconds: milliseconds.rem_euclid(DAY_MS), days }
    }

    pub(super) fn hour(&self) -> i64 {
        self.milliseconds / 3_600_000
    }

    pub(super) fn minute(&self) -> i64 {
        self.milliseconds / 60_000 % 60
    }

    pub(super) fn second(&self) -> i64 {
        self.milliseconds / 1000 % 60
    }

    pub(super) fn millisecond(&self) -> i64 {
        self.milliseconds % 1000
    }

    /// From 1 for Sunday.
    pub(super) fn day_of_week(&self) -> i64 {
        (self.days + 4).rem_euclid(7) + 1
    }

    /// From 1 for Monday.
    pub(super) fn iso_day_of_week(&self) -> i64 {
        (self.days + 3).rem_euclid(7) + 1
    }

    /// From 1.
    pub(super) fn day_of_year(&self) -> i64 {
        self.days - days_of(self.year, 1, 1) + 1
    }

    /// Weeks begin on Sunday, and days before the first Sunday are in week 0.
    pub(super) fn week(&self) -> i64 {
        (self.day_of_year() + 7 - self.day_of_week()) / 7
    }

    /// The year and the week of ISO 8601: the year that the Thursday of the week is in.
    pub(super) fn iso_week(&self) -> (i64, i64) {
        let thursday = self.days + 4 - self.iso_day_of_week();
        let (year, ..) = date_of(thursday);
        (year, (thursday - days_of(year, 1, 1)) / 7 + 1)
    }
}

/// The days since 1970. Months and days may be beyond their ranges.
pub(super) fn days_of(year: i64, month: i64, day: i64) -> i64 {
    let year = year + (month - 1).div_euclid(12);
    let month = (month - 1).rem_euclid(12) + 1;
    // Years begin in March here, so that the leap day is the last one.
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * ERA_DAYS + day_of_era - 719_468 + (day - 1)
}

/// The days since 1970 of a week of ISO 8601 and a day in it. Both may be beyond their ranges.
pub(super) fn days_of_iso(year: i64, week: i64, day: i64) -> i64 {
    // The fourth of January is always in the first week.
    let fourth = days_of(year, 1, 4);
    let monday = fourth - (fourth + 3).rem_euclid(7);
    monday + (week - 1) * 7 + (day - 1)
}

/// How many days a month has.
pub(super) fn days_in_month(year: i64, month: i64) -> i64 {
    days_of(year, month + 1, 1) - days_of(year, month, 1)
}

fn date_of(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(ERA_DAYS);
    let day_of_era = days.rem_euclid(ERA_DAYS);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_of_year = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_of_year + 2) / 5 + 1;
    let month = if month_of_year < 10 { month_of_year + 3 } else { month_of_year - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn civil(year: i64, month: i64, day: i64) -> Civil {
        Civil::new(days_of(year, month, day) * DAY_MS)
    }

    #[test]
    fn days_and_dates_are_each_others_inverse() {
        for days in (-1_000_000..1_000_000).step_by(97) {
            let (year, month, day) = date_of(days);
            assert_eq!(days_of(year, month, day), days);
        }
        assert_eq!(days_of(1970, 1, 1), 0);
        assert_eq!(days_of(2020, 14, 31), days_of(2021, 3, 3));
        assert_eq!(days_of(2020, -1, 0), days_of(2019, 10, 31));
        let last = Civil::new(i64::MAX);
        assert_eq!((last.year, last.month, last.day), (292_278_994, 8, 17));
    }

    #[test]
    fn weeks_begin_where_they_should() {
        assert_eq!(civil(2021, 1, 2).week(), 0);
        assert_eq!(civil(2021, 1, 3).week(), 1);
        assert_eq!(civil(2021, 1, 3).iso_week(), (2020, 53));
        assert_eq!(civil(2021, 1, 4).iso_week(), (2021, 1));
        assert_eq!(civil(2019, 12, 31).iso_week(), (2020, 1));
        assert_eq!(days_of_iso(2020, 53, 7), days_of(2021, 1, 3));
        assert_eq!(civil(2020, 2, 29).day_of_year(), 60);
        assert_eq!((days_in_month(2020, 2), days_in_month(2021, 2)), (29, 28));
    }
}
