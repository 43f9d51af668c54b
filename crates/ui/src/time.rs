//! Instants as text: in UTC while rendering, in the reader's time zone once the browser runs.

use crate::text::THIN;
use leptos::prelude::*;

const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400;
const WEEKDAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// How much of an instant is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WhenForm {
    /// "Thu 26 Nov 2026, 14:03".
    #[default]
    Full,
    /// "Thu 26 Nov".
    Day,
    /// "14:03:07".
    Clock,
    /// "in 6 days", "3 min ago"; needs `now`.
    Relative,
}

/// An instant in microseconds since 1970 as "Thu 26 Nov 2026, 14:03 UTC".
pub fn utc_text(micros: i64) -> String {
    format!("{} UTC", civil_text(micros, WhenForm::Full))
}

/// The day of an instant in UTC as "Thu 26 Nov".
pub fn utc_day_text(micros: i64) -> String {
    civil_text(micros, WhenForm::Day)
}

/// The date of an instant in UTC as "Thu 26 Nov 2026".
pub fn utc_date_text(micros: i64) -> String {
    let full = civil_text(micros, WhenForm::Full);
    full.split(',').next().unwrap_or_default().to_owned()
}

/// An instant as machines read it: "2026-11-26T14:03:07Z".
pub fn utc_iso(micros: i64) -> String {
    let c = Civil::of(micros);
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
        c.year, c.month, c.day, c.hour, c.minute, c.second
    )
}

/// An instant seen from another: "in 6 days", "3 min ago", "now".
pub fn relative_text(micros: i64, now: i64) -> String {
    let seconds = (micros - now) / SECOND;
    let size = seconds.unsigned_abs();
    let (count, word) = match size {
        0..45 => return "now".to_owned(),
        45..5_400 => ((size + 30) / 60, "min"),
        5_400..172_800 => ((size + 1_800) / 3_600, "h"),
        172_800..2_419_200 => ((size + 43_200) / 86_400, "days"),
        2_419_200..63_072_000 => ((size + 302_400) / 604_800, "weeks"),
        _ => ((size + 15_768_000) / 31_536_000, "years"),
    };
    if seconds < 0 {
        format!("{count}{THIN}{word} ago")
    } else {
        format!("in {count}{THIN}{word}")
    }
}

struct Civil {
    year: i64,
    month: i64,
    day: i64,
    weekday: usize,
    hour: i64,
    minute: i64,
    second: i64,
}

impl Civil {
    /// The proleptic Gregorian date of an instant (Hinnant, `civil_from_days`).
    fn of(micros: i64) -> Self {
        let seconds = micros.div_euclid(SECOND);
        let (days, rest) = (seconds.div_euclid(DAY), seconds.rem_euclid(DAY));
        let shifted = days + 719_468;
        let era = shifted.div_euclid(146_097);
        let day_of_era = shifted.rem_euclid(146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month + 2) / 5 + 1;
        let month = if month < 10 { month + 3 } else { month - 9 };
        Self {
            year: year_of_era + era * 400 + i64::from(month <= 2),
            month,
            day,
            weekday: usize::try_from(days.rem_euclid(7)).unwrap_or(0),
            hour: rest / 3_600,
            minute: rest / 60 % 60,
            second: rest % 60,
        }
    }
}

fn civil_text(micros: i64, form: WhenForm) -> String {
    let c = Civil::of(micros);
    let weekday = WEEKDAYS[c.weekday];
    let month = MONTHS[usize::try_from(c.month - 1).unwrap_or(0)];
    match form {
        WhenForm::Day => format!("{weekday} {} {month}", c.day),
        WhenForm::Clock => format!("{:02}:{:02}:{:02}", c.hour, c.minute, c.second),
        WhenForm::Full | WhenForm::Relative => {
            format!(
                "{weekday} {} {month} {}, {:02}:{:02}",
                c.day, c.year, c.hour, c.minute
            )
        }
    }
}

/// An instant, exact on hover. Not `Intl`: the words around it are English, and a column of dates
/// should be of one width; only the time zone is the reader's.
#[component]
pub fn When(
    /// Microseconds since 1970, UTC.
    #[prop(into)]
    at: Signal<i64>,
    /// How much of it is shown.
    #[prop(optional)]
    form: WhenForm,
    /// What "now" is for the relative form, in microseconds. The page passes it, since a clock
    /// read here would differ between server and browser.
    #[prop(optional, into)]
    now: Option<Signal<i64>>,
) -> impl IntoView {
    // None until the browser runs: the first paint is in UTC on both sides.
    let offset = RwSignal::new(None::<i64>);
    Effect::new(move || offset.set(Some(local_offset_minutes(at.get()))));
    let full = move || match offset.get() {
        Some(minutes) => civil_text(at.get() + minutes * 60 * SECOND, WhenForm::Full),
        None => utc_text(at.get()),
    };
    let exact = move || match offset.get() {
        Some(_) => format!("{} ({})", full(), utc_text(at.get())),
        None => full(),
    };
    let shown = move || match (form, now, offset.get()) {
        (WhenForm::Relative, Some(now), _) => relative_text(at.get(), now.get()),
        (WhenForm::Full | WhenForm::Relative, ..) => full(),
        (form, _, Some(minutes)) => civil_text(at.get() + minutes * 60 * SECOND, form),
        (form, _, None) => civil_text(at.get(), form),
    };
    view! {
        <time class="num" datetime=move || utc_iso(at.get()) title=exact>
            {shown}
        </time>
    }
}

/// Minutes that the reader's clock is ahead of UTC at that instant. Browser only.
fn local_offset_minutes(micros: i64) -> i64 {
    let date = js_sys::Date::new(&wasm_bindgen::JsValue::from_f64((micros / 1_000) as f64));
    #[expect(
        clippy::cast_possible_truncation,
        reason = "whole minutes, under a day"
    )]
    let behind = date.get_timezone_offset() as i64;
    -behind
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_shown_in_utc_until_the_browser_runs() {
        assert_eq!(
            utc_text(1_795_701_787_000_000),
            "Thu 26 Nov 2026, 14:03 UTC"
        );
        assert_eq!(utc_date_text(1_795_701_787_000_000), "Thu 26 Nov 2026");
        assert_eq!(utc_iso(1_795_701_787_000_000), "2026-11-26T14:03:07Z");
        assert_eq!(utc_text(0), "Thu 1 Jan 1970, 00:00 UTC");
        assert_eq!(utc_iso(-1), "1969-12-31T23:59:59Z");
        assert_eq!(utc_iso(951_782_400_000_000), "2000-02-29T00:00:00Z");
    }

    #[test]
    fn a_relative_time_says_its_direction() {
        let minute = 60 * SECOND;
        assert_eq!(relative_text(10 * SECOND, 0), "now");
        assert_eq!(relative_text(-3 * minute, 0), "3\u{202f}min ago");
        assert_eq!(relative_text(6 * 1_440 * minute, 0), "in 6\u{202f}days");
        assert_eq!(
            relative_text(-400 * 1_440 * minute, 0),
            "57\u{202f}weeks ago"
        );
    }
}
