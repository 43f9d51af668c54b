//! What Alder & Oak makes and sells.

/// How a product's stock is kept, and with it its story.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Plan {
    /// The workshop tops it up on the same weekday each week (0 is Monday).
    Weekly(usize),
    /// The last batch came in half a year ago; it is gone so many days after the anchor.
    RunsOut(f64),
    /// On sale for so many days.
    New(usize),
}

/// A product.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Product {
    /// Its number: `SKU-7` is 7.
    pub(crate) number: usize,
    /// What people call it.
    pub(crate) name: &'static str,
    /// The wood it is made of.
    pub(crate) wood: &'static str,
    /// Mean orders a day; below 0.5 they come once in a while, several at a time.
    pub(crate) a_day: f64,
    /// What one of them earns, in cents.
    pub(crate) margin_cents: i64,
    /// How much more is sold in the best part of the year, 0 to 1.
    pub(crate) season: f64,
    /// When that is, 0 to 1 through the year.
    pub(crate) peak: f64,
    /// How its stock is kept.
    pub(crate) plan: Plan,
}

impl Product {
    /// Its number as it is written.
    pub(crate) fn sku(&self) -> String {
        format!("SKU-{}", self.number)
    }

    /// Its number and name.
    pub(crate) fn title(&self) -> String {
        format!("{} {}", self.sku(), self.name)
    }
}

/// Gifts sell before Christmas.
const GIFT: f64 = 0.93;
/// The garden and guests.
const SUMMER: f64 = 0.50;
/// Moving house and settling in.
const AUTUMN: f64 = 0.75;

/// Every product, by number.
pub(crate) fn products() -> Vec<Product> {
    ROWS.iter()
        .zip(1..)
        .map(|(row, number)| {
            let &(name, wood, a_day, margin_cents, season, peak) = row;
            Product {
                number,
                name,
                wood,
                a_day,
                margin_cents,
                season,
                peak,
                plan: plan_of(number),
            }
        })
        .collect()
}

fn plan_of(number: usize) -> Plan {
    match number {
        7 => Plan::RunsOut(6.0),
        14 => Plan::RunsOut(17.0),
        23 => Plan::RunsOut(-4.0),
        31 => Plan::RunsOut(33.0),
        40 => Plan::New(9),
        // Another weekday for each, Monday to Friday.
        _ => Plan::Weekly(number % 5),
    }
}

/// Name, wood, orders a day, margin in cents, season, peak.
///
/// The products that run out have a small season: their decline must be as straight as the story.
type Row = (&'static str, &'static str, f64, i64, f64, f64);

const ROWS: [Row; 40] = [
    ("Oak serving board", "oak", 14.0, 1_450, 0.30, GIFT),
    ("Ash rolling pin", "ash", 9.0, 780, 0.25, GIFT),
    ("Beech spatula", "beech", 26.0, 320, 0.15, GIFT),
    ("Olive-wood spoon", "olive", 31.0, 410, 0.20, SUMMER),
    ("Oak bread box", "oak", 5.0, 2_650, 0.15, AUTUMN),
    ("Maple chopping block", "maple", 6.5, 3_100, 0.25, GIFT),
    ("Walnut tray", "walnut", 8.0, 1_550, 0.05, GIFT),
    ("Cherry cake stand", "cherry", 3.5, 2_200, 0.30, SUMMER),
    ("Oak coat hook", "oak", 18.0, 390, 0.20, AUTUMN),
    ("Alder stool", "alder", 4.0, 3_400, 0.15, AUTUMN),
    ("Ash dish rack", "ash", 5.5, 1_250, 0.15, AUTUMN),
    ("Beech toast tongs", "beech", 12.0, 260, 0.20, GIFT),
    ("Oak trivet", "oak", 16.0, 480, 0.25, GIFT),
    ("Cherry salad bowl", "cherry", 7.0, 1_900, 0.05, SUMMER),
    ("Birch butter dish", "birch", 8.5, 720, 0.15, SUMMER),
    ("Walnut pen tray", "walnut", 6.0, 950, 0.25, AUTUMN),
    ("Oak key shelf", "oak", 7.5, 1_150, 0.20, AUTUMN),
    ("Linden candle holder", "linden", 13.0, 540, 0.35, GIFT),
    ("Maple honey dipper", "maple", 17.0, 240, 0.20, GIFT),
    ("Ash bath bridge", "ash", 4.5, 1_850, 0.20, GIFT),
    ("Beech clothes brush", "beech", 6.0, 690, 0.15, AUTUMN),
    ("Oak picture ledge", "oak", 9.5, 1_050, 0.20, AUTUMN),
    ("Elm fruit bowl", "elm", 5.0, 2_450, 0.05, SUMMER),
    ("Pear-wood pepper mill", "pear", 7.0, 1_700, 0.30, GIFT),
    ("Walnut salt cellar", "walnut", 8.0, 880, 0.30, GIFT),
    ("Oak step stool", "oak", 3.0, 3_900, 0.15, AUTUMN),
    ("Alder bird box", "alder", 6.5, 1_350, 0.35, SUMMER),
    ("Birch bread knife", "birch", 5.5, 1_100, 0.20, GIFT),
    ("Oak wine rack", "oak", 2.5, 2_900, 0.25, GIFT),
    ("Beech darning mushroom", "beech", 0.25, 350, 0.0, AUTUMN),
    ("Maple cheese board", "maple", 6.0, 2_050, 0.05, GIFT),
    ("Ash towel ladder", "ash", 0.30, 4_200, 0.0, AUTUMN),
    ("Oak egg holder", "oak", 7.5, 580, 0.20, SUMMER),
    ("Cherry jewellery box", "cherry", 3.0, 3_300, 0.35, GIFT),
    ("Walnut bookend", "walnut", 4.5, 1_250, 0.20, AUTUMN),
    ("Linden toy train", "linden", 6.0, 2_100, 0.35, GIFT),
    ("Beech building blocks", "beech", 7.0, 1_600, 0.35, GIFT),
    ("Oak wall clock", "oak", 2.0, 3_700, 0.20, GIFT),
    ("Elm side table", "elm", 0.20, 11_500, 0.0, AUTUMN),
    ("Smoked-oak lamp", "oak", 5.0, 4_400, 0.0, GIFT),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_forty_products_and_no_two_share_a_name() {
        let mut names: Vec<_> = products().iter().map(|p| p.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), 40);
        assert_eq!(products()[6].title(), "SKU-7 Walnut tray");
    }
}
