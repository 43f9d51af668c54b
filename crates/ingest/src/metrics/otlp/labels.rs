//! Labels from attributes, as Prometheus translates them (prometheus/prometheus,
//! `storage/remote/otlptranslator/prometheusremotewrite/helper.go`).

use super::model::{KeyValue, Resource};
use super::naming::label_name;

/// The attributes that say which target it is.
const NAMESPACE: &str = "service.namespace";
const NAME: &str = "service.name";
const INSTANCE: &str = "service.instance.id";

/// A label of its own.
pub(super) type Pair = (String, String);

/// What a resource gives to each of its series.
#[derive(Debug, Default, PartialEq)]
pub(super) struct ResourceLabels {
    /// `job` and `instance`, which win over attributes of those names.
    identity: Vec<Pair>,
    /// Attributes that were asked for.
    promoted: Vec<Pair>,
    /// All others, for `target_info`.
    info: Vec<Pair>,
}

impl ResourceLabels {
    /// `promote` are the keys of the attributes that become labels of every series.
    pub(super) fn new(resource: &Resource<'_>, promote: &[String]) -> Self {
        let find = |key: &str| {
            let found = resource.attributes.iter().find(|pair| pair.key == key);
            found.map(|pair| pair.value.text().into_owned())
        };
        let mut identity = Vec::new();
        if let Some(name) = find(NAME) {
            let job = match find(NAMESPACE) {
                Some(namespace) => format!("{namespace}/{name}"),
                None => name,
            };
            identity.push(("job".to_owned(), job));
        }
        if let Some(instance) = find(INSTANCE) {
            identity.push(("instance".to_owned(), instance));
        }
        let attributes = || resource.attributes.iter();
        let promoted = attributes().filter(|pair| promote.iter().any(|key| *key == pair.key));
        let others = attributes().filter(|p| ![NAMESPACE, NAME, INSTANCE].contains(&&*p.key));
        Self {
            identity,
            promoted: translated(promoted),
            info: translated(others),
        }
    }

    /// The labels of a point, without the metric's name. `own` is a label that the point's series
    /// get later.
    pub(super) fn of_point(&self, attributes: &[KeyValue<'_>], own: &str) -> Vec<Pair> {
        let mut labels = translated(attributes.iter());
        labels.retain(|(name, _)| name != own && !self.identity.iter().any(|(k, _)| k == name));
        for (name, value) in &self.promoted {
            let known = |pairs: &[Pair]| pairs.iter().any(|(k, _)| k == name);
            if !known(&labels) && !known(&self.identity) {
                labels.push((name.clone(), value.clone()));
            }
        }
        labels.extend(self.identity.iter().cloned());
        labels
    }

    /// The labels of `target_info`; `None` where there is nothing to tell, or nobody to tell it of.
    pub(super) fn of_target(&self) -> Option<Vec<Pair>> {
        if self.identity.is_empty() || self.info.is_empty() {
            return None;
        }
        let others = self
            .info
            .iter()
            .filter(|(name, _)| !self.identity.iter().any(|(k, _)| k == name));
        Some(others.chain(&self.identity).cloned().collect())
    }
}

/// Attributes under the names that labels may have. Those that come to have one name are joined, in
/// the order of their keys.
fn translated<'a>(attributes: impl Iterator<Item = &'a KeyValue<'a>>) -> Vec<Pair> {
    let mut sorted: Vec<_> = attributes.collect();
    sorted.sort_by(|a, b| a.key.cmp(&b.key));
    let mut labels: Vec<Pair> = Vec::with_capacity(sorted.len());
    for pair in sorted {
        let name = label_name(&pair.key);
        let value = pair.value.text();
        match labels.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => {
                known.push(';');
                known.push_str(&value);
            }
            None => labels.push((name, value.into_owned())),
        }
    }
    labels
}
