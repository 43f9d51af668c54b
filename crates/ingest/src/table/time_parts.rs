//! The pieces a written time is made of: digits, marks, month names, a time of day, an offset.

/// A cursor over ASCII-delimited pieces of a text.
#[derive(Clone, Copy)]
pub(crate) struct Parts<'a> {
    rest: &'a str,
}

/// A time of day and, where it was written, its distance from UTC in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Clock {
    /// Microseconds since midnight; 24:00 is a whole day.
    pub(crate) us: i64,
    /// Seconds east of UTC.
    pub(crate) offset_s: Option<i64>,
}

impl<'a> Parts<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { rest: text.trim() }
    }

    pub(crate) fn is_done(&self) -> bool {
        self.rest.is_empty()
    }

    /// A number of `min` to `max` digits that no further digit follows, and how many it had.
    pub(crate) fn digits(&mut self, min: usize, max: usize) -> Option<(i64, usize)> {
        let count = self.rest.bytes().take_while(u8::is_ascii_digit).count();
        if count < min || count > max {
            return None;
        }
        let (digits, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        Some((digits.parse().ok()?, count))
    }

    /// One of these characters.
    pub(crate) fn mark(&mut self, of: &[char]) -> Option<char> {
        let mark = self.rest.chars().next().filter(|c| of.contains(c))?;
        self.rest = self.rest.get(mark.len_utf8()..)?;
        Some(mark)
    }

    /// Passes over these characters.
    pub(crate) fn skip(&mut self, of: &[char]) -> bool {
        let rest = self.rest.trim_start_matches(of);
        let moved = rest.len() < self.rest.len();
        self.rest = rest;
        moved
    }

    /// A run of letters.
    pub(crate) fn word(&mut self) -> Option<&'a str> {
        let end = self
            .rest
            .find(|c: char| !c.is_alphabetic())
            .unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest;
        if word.is_empty() { None } else { Some(word) }
    }

    /// The month that comes next by name.
    pub(crate) fn month(&mut self) -> Option<i64> {
        let mut ahead = *self;
        let month = month_of(ahead.word()?)?;
        ahead.mark(&['.']);
        *self = ahead;
        Some(month)
    }

    /// A weekday's name and what follows it; dates may start with one.
    pub(crate) fn skip_weekday(&mut self) {
        let mut ahead = *self;
        if ahead.word().is_some_and(is_weekday) {
            ahead.skip(&['.', ',', ' ']);
            *self = ahead;
        }
    }

    /// What is left as a time of day: nothing (midnight), `14`, `14:30`, `14:30:05.25 +02:00`,
    /// `2:30 pm`, after a `T`, a blank or a comma.
    pub(crate) fn clock(mut self) -> Option<Clock> {
        if self.is_done() {
            return Some(Clock {
                us: 0,
                offset_s: None,
            });
        }
        let led = self.mark(&['T', 't']).is_some() || self.skip(&[' ', ',', '\u{a0}', '\u{202f}']);
        if !led {
            // `2024-09-18Z` and `2024-09-18+02:00` are dates in some XML exports.
            let offset_s = Some(self.offset()?);
            return Some(Clock { us: 0, offset_s });
        }
        let (mut hour, _) = self.digits(1, 2)?;
        let (mut minute, mut second, mut fraction_us) = (0, 0, 0);
        if self.mark(&[':', 'h', '.']).is_some() {
            minute = self.digits(2, 2)?.0;
            if self.mark(&[':', '.']).is_some() {
                second = self.digits(2, 2)?.0;
                if self.mark(&['.', ',']).is_some() {
                    fraction_us = self.fraction()?;
                }
            }
        }
        self.skip(&[' ', '\u{a0}', '\u{202f}']);
        if let Some(afternoon) = self.half_day() {
            if !(1..=12).contains(&hour) {
                return None;
            }
            hour = hour % 12 + if afternoon { 12 } else { 0 };
            self.skip(&[' ']);
        }
        // A leap second is the last one of its minute here, as in POSIX.
        let second = if second == 60 { 59 } else { second };
        let in_day = hour < 24 || (hour == 24 && minute == 0 && second == 0 && fraction_us == 0);
        if !in_day || minute > 59 || second > 59 {
            return None;
        }
        let offset_s = if self.is_done() {
            None
        } else {
            Some(self.offset()?)
        };
        let us = ((hour * 60 + minute) * 60 + second) * 1_000_000 + fraction_us;
        Some(Clock { us, offset_s })
    }

    /// Digits after the decimal mark, to the microsecond.
    fn fraction(&mut self) -> Option<i64> {
        let count = self.rest.bytes().take_while(u8::is_ascii_digit).count();
        let (digits, rest) = self.rest.split_at_checked(count)?;
        if digits.is_empty() || count > 12 {
            return None;
        }
        self.rest = rest;
        let mut us = 0;
        for i in 0..6 {
            us = us * 10 + digits.as_bytes().get(i).map_or(0, |b| i64::from(b - b'0'));
        }
        Some(us)
    }

    fn half_day(&mut self) -> Option<bool> {
        let mut ahead = *self;
        let first = ahead.mark(&['a', 'A', 'p', 'P'])?;
        ahead.mark(&['.']);
        ahead.mark(&['m', 'M'])?;
        ahead.mark(&['.']);
        *self = ahead;
        Some(matches!(first, 'p' | 'P'))
    }

    /// `Z`, `UTC`, `GMT`, `+02`, `+0200`, `+02:00`, to the end of the text, in seconds.
    fn offset(mut self) -> Option<i64> {
        let sign = match self.mark(&['+', '-', '−']) {
            Some('+') => 1,
            Some(_) => -1,
            None => {
                let word = self.word()?;
                let known = ["z", "utc", "gmt"]
                    .iter()
                    .any(|zone| zone.eq_ignore_ascii_case(word));
                return (known && self.is_done()).then_some(0);
            }
        };
        let (hours, minutes) = match self.digits(2, 4)? {
            (hours, 2) => {
                let minutes = if self.mark(&[':']).is_some() {
                    self.digits(2, 2)?.0
                } else {
                    0
                };
                (hours, minutes)
            }
            (both, 4) => (both / 100, both % 100),
            _ => return None,
        };
        if hours > 18 || minutes > 59 || !self.is_done() {
            return None;
        }
        Some(sign * (hours * 60 + minutes) * 60)
    }
}

fn month_of(word: &str) -> Option<i64> {
    // Each month by the words it starts with; a longer word must continue the full name.
    const NAMES: [(&str, i64); 32] = [
        ("january", 1),
        ("januar", 1),
        ("jänner", 1),
        ("jän", 1),
        ("february", 2),
        ("februar", 2),
        ("feber", 2),
        ("march", 3),
        ("märz", 3),
        ("maerz", 3),
        ("mrz", 3),
        ("april", 4),
        ("may", 5),
        ("mai", 5),
        ("june", 6),
        ("juni", 6),
        ("july", 7),
        ("juli", 7),
        ("august", 8),
        ("september", 9),
        ("october", 10),
        ("oktober", 10),
        ("november", 11),
        ("december", 12),
        ("dezember", 12),
        ("janv", 1),
        ("sept", 9),
        ("mär", 3),
        ("mar", 3),
        ("jun", 6),
        ("jul", 7),
        ("okt", 10),
    ];
    let word = word.to_lowercase();
    if word.chars().count() < 3 {
        return None;
    }
    NAMES
        .iter()
        .find(|(name, _)| name.starts_with(&word))
        .map(|&(_, month)| month)
}

fn is_weekday(word: &str) -> bool {
    const NAMES: [&str; 14] = [
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
        "sunday",
        "montag",
        "dienstag",
        "mittwoch",
        "donnerstag",
        "freitag",
        "samstag",
        "sonntag",
    ];
    let word = word.to_lowercase();
    word.chars().count() >= 2 && NAMES.iter().any(|name| name.starts_with(&word))
}
