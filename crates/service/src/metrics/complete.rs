//! What could be written next in an expression.

use api::{Completion, Offer, Result};
use query::{Place, WordKind};
use series::{METRIC_NAME, MatchOp, Matcher};

use super::curves::unread;
use crate::Hub;

/// More than these nobody looks through; who sees them writes another letter.
const OFFERS: usize = 12;

impl Hub {
    pub(super) async fn completion(&self, before: &str) -> Result<Completion> {
        let store = self.metric_store()?.as_ref();
        let query::Partial { place, prefix } = query::partial(before);
        let mut offers = match place {
            Place::Nothing => Vec::new(),
            // Nobody who has written nothing wants one of a thousand things.
            Place::Operand | Place::Operator if prefix.is_empty() => Vec::new(),
            Place::Operator => words(|kind| kind == WordKind::Keyword),
            Place::Operand => {
                let names = store.label_values(METRIC_NAME, &[], None).await;
                let mut offers = named(names.map_err(unread)?, "metric");
                offers.extend(words(|kind| kind != WordKind::Keyword));
                offers
            }
            Place::LabelName { metric } => {
                let names = store.label_names(&of(metric.as_deref()), None).await;
                let mut names = names.map_err(unread)?;
                names.retain(|name| name != METRIC_NAME);
                named(names, "label")
            }
            Place::LabelValue { metric, label } => {
                let values = store
                    .label_values(&label, &of(metric.as_deref()), None)
                    .await;
                let mut offers = named(values.map_err(unread)?, "value");
                for offer in &mut offers {
                    offer.text = offer.text.replace('\\', "\\\\").replace('"', "\\\"");
                }
                offers
            }
        };
        sort(&mut offers, &prefix);
        Ok(Completion { prefix, offers })
    }
}

/// The series of a metric; of all where it is not known.
fn of(metric: Option<&str>) -> Vec<Matcher> {
    let matcher = metric.map(|metric| Matcher::new(METRIC_NAME, MatchOp::Equal, metric));
    matcher.into_iter().flatten().collect()
}

fn named(names: Vec<String>, kind: &str) -> Vec<Offer> {
    let offer = |text| Offer {
        text,
        kind: kind.to_owned(),
        about: String::new(),
    };
    names.into_iter().map(offer).collect()
}

fn words(wanted: impl Fn(WordKind) -> bool) -> Vec<Offer> {
    let wanted = query::words().filter(|word| wanted(word.kind));
    wanted
        .map(|word| Offer {
            text: match word.kind {
                WordKind::Keyword => word.name.to_owned(),
                WordKind::Function | WordKind::Aggregation => format!("{}(", word.name),
            },
            kind: match word.kind {
                WordKind::Function => "function",
                WordKind::Aggregation => "aggregation",
                WordKind::Keyword => "keyword",
            }
            .to_owned(),
            about: word.about.to_owned(),
        })
        .collect()
}

/// Keeps what has the prefix in it: at its beginning first, then at a part's, then anywhere; short
/// names before long ones.
fn sort(offers: &mut Vec<Offer>, prefix: &str) {
    let wanted = prefix.to_lowercase();
    let rank = |offer: &Offer| {
        let text = offer.text.to_lowercase();
        let at = text.find(&wanted)?;
        let part = text
            .get(..at)
            .is_some_and(|t| t.ends_with(['_', ':', '.', '-']));
        Some(match at {
            0 => 0,
            _ if part => 1,
            _ => 2,
        })
    };
    // What is there in full already is no offer.
    offers.retain(|offer| rank(offer).is_some() && offer.text != prefix);
    offers.sort_by_cached_key(|offer| (rank(offer), offer.text.len(), offer.text.clone()));
    offers.truncate(OFFERS);
}
