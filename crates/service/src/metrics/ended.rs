//! The end of histograms: a sender names the whole alone, and its buckets are series here.

use ingest::metrics::Ended;
use series::{Batch, Labels, LabelsRef, METRIC_NAME, MatchOp, Matcher, MetricSample, STALE_BITS};
use store::metrics::{MetricStore, ReadError, Span};

/// How far a question looks back, in milliseconds: a bucket without a sample since then has ended.
const LOOK_BACK_MS: i64 = 300_000;

/// The most series that are looked at for the buckets of one histogram.
const MOST_BUCKETS: usize = 10_000;

/// Adds to a request the end of every bucket of the histograms that ended, whether it is kept or came
/// with the same request.
pub(super) async fn end_buckets(store: &dyn MetricStore, ended: &[Ended], batch: &mut Batch) {
    for one in ended {
        let name = format!("{}_bucket", one.labels.as_ref().get(METRIC_NAME));
        let mut buckets = in_batch(batch, one, &name);
        match kept(store, one, &name).await {
            Ok(kept) => buckets.extend(kept),
            // They end by themselves, five minutes later.
            Err(error) => {
                tracing::warn!(%error, "the buckets of a histogram that ended are not known");
            }
        }
        buckets.sort_unstable();
        buckets.dedup();
        let end = MetricSample {
            at_ms: one.at_ms,
            value: f64::from_bits(STALE_BITS),
        };
        for labels in buckets {
            let mut pairs: Vec<(&str, &str)> = labels.as_ref().iter().collect();
            // They were a set of labels before.
            batch.push(&mut pairs, [end]).ok();
        }
    }
}

fn in_batch(batch: &Batch, one: &Ended, name: &str) -> Vec<Labels> {
    let series = batch.series().map(|series| series.labels);
    let buckets = series.filter(|labels| is_bucket(*labels, one, name));
    buckets.map(LabelsRef::to_labels).collect()
}

/// The buckets that had samples lately.
async fn kept(store: &dyn MetricStore, one: &Ended, name: &str) -> Result<Vec<Labels>, ReadError> {
    let own = others(one.labels.as_ref());
    let wanted = std::iter::once((METRIC_NAME, name)).chain(own);
    let matchers = wanted.map(|(name, value)| Matcher::new(name, MatchOp::Equal, value));
    // An equality is no expression that could be wrong.
    let matchers: Vec<Matcher> = matchers.filter_map(Result::ok).collect();
    let within = Span {
        from_ms: one.at_ms.saturating_sub(LOOK_BACK_MS),
        to_ms: one.at_ms,
    };
    let found = store.series(&matchers, Some(within), MOST_BUCKETS).await?;
    let buckets = found.into_iter();
    Ok(buckets
        .filter(|labels| is_bucket(labels.as_ref(), one, name))
        .collect())
}

/// Whether a series is a bucket of it, whose buckets have that name. Of `+Inf` the end is there: every
/// histogram has that one.
fn is_bucket(labels: LabelsRef<'_>, one: &Ended, name: &str) -> bool {
    labels.get(METRIC_NAME) == name
        && !matches!(labels.get("le"), "" | "+Inf")
        && others(labels).eq(others(one.labels.as_ref()))
}

/// The labels that a bucket shares with its histogram, by name.
fn others(labels: LabelsRef<'_>) -> impl Iterator<Item = (&str, &str)> {
    labels
        .iter()
        .filter(|(name, _)| *name != METRIC_NAME && *name != "le")
}
