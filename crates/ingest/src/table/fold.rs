//! The hour that is written twice when clocks are put back: which of the two a row is in.
//!
//! Only the rows before it can tell. Of one series they rise or fall, so a time that would go against that
//! is in the other hour.

/// What the rows of one series did so far.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Order {
    last: Option<i64>,
    /// How far the last row that had another time was from the one before; less than 0 where they fall.
    step: i64,
}

impl Order {
    /// Which of the two instants that a repeated time may be.
    pub(crate) fn choose(self, earlier: i64, later: i64) -> i64 {
        let Some(last) = self.last else {
            return earlier;
        };
        // A reading an hour each has its next one there; of a list of events several may be of one time.
        let is_next = self.step.abs() == later - earlier;
        // Of a second row both hours are before the first where rows fall.
        let falls = self.step < 0 || (self.step == 0 && later < last);
        if falls {
            let fits = later < last || (later == last && !is_next);
            if fits { later } else { earlier }
        } else {
            let fits = earlier > last || (earlier == last && !is_next);
            // Beyond both, the rows begin anew.
            if fits || later < last { earlier } else { later }
        }
    }

    /// Takes note of a row.
    pub(crate) fn saw(&mut self, at_us: i64) {
        if let Some(step) = self.last.map(|last| at_us - last).filter(|step| *step != 0) {
            self.step = step;
        }
        self.last = Some(at_us);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 60;
    /// The repeated hour begins here, and again an hour later.
    const FOLD: i64 = 600;

    /// Minutes of the clock on the wall, which goes back by an hour at [`FOLD`] and an hour; what they become.
    fn read(walls: &[i64]) -> Vec<i64> {
        let mut order = Order::default();
        let mut found = Vec::new();
        for wall in walls {
            let at = match *wall {
                wall if wall < FOLD => wall,
                wall if wall < FOLD + HOUR => order.choose(wall, wall + HOUR),
                wall => wall + HOUR,
            };
            order.saw(at);
            found.push(at);
        }
        found
    }

    #[test]
    fn readings_of_an_hour_and_of_half_of_one_are_told_apart_whichever_way_they_go() {
        let hourly = [540, 600, 600, 660, 720];
        assert_eq!(read(&hourly), [540, 600, 660, 720, 780]);
        let halves = [570, 600, 630, 600, 630, 660];
        assert_eq!(read(&halves), [570, 600, 630, 660, 690, 720]);
        for rising in [&hourly[..], &halves] {
            let falling: Vec<i64> = rising.iter().rev().copied().collect();
            let mut there = read(rising);
            there.reverse();
            assert_eq!(read(&falling), there);
        }
    }

    #[test]
    fn events_of_one_time_stay_together_and_a_list_that_begins_anew_does_so_early() {
        assert_eq!(read(&[590, 605, 605, 610]), [590, 605, 605, 610]);
        assert_eq!(read(&[610, 900, 605]), [610, 960, 605]);
        assert_eq!(read(&[605]), [605]);
    }
}
