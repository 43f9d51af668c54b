//! Findings of all series on one page, and the words in which any page tells a finding.

use api::{Aspect, Finding, Topic, Verdict};
use leptos::prelude::*;
use leptos::server_fn::codec::{GetUrl, Postcard};
use leptos_meta::Title;
use ui::{Badge, ButtonLink, Card, Column, Empty, Glyph, PageHead, Skeleton, Table, Tone, When};

use crate::live;
use crate::problem::Problem;
use crate::rpc;
use crate::runway::seen_words;
use crate::wire;

/// The newest findings.
#[server(input = GetUrl, output = Postcard)]
pub async fn list_findings() -> rpc::Answer<Vec<Finding>> {
    let (services, caller) = rpc::ctx()?;
    Ok(services.findings.newest(&caller).await?)
}

/// Every finding that nobody called nothing.
#[component]
pub fn FindingsPage() -> impl IntoView {
    let stream = live::live();
    let findings = wire::load(move || stream.version(Topic::Findings), |_| list_findings());
    view! {
        <Title text="Findings"/>
        <PageHead title="Findings" lede="What was unusual in any series, the newest first."/>
        <Transition fallback=|| view! { <Card><Skeleton lines=10/></Card> }>
            {move || Suspend::new(async move {
                match findings.await {
                    Ok(found) if found.is_empty() => {
                        view! {
                            <Empty
                                title="Nothing unusual"
                                text="Findings appear here once a series has some hundred points of history and then leaves its habits."
                                icon=Glyph::Check
                            >
                                <ButtonLink href="/series">"Show the series"</ButtonLink>
                            </Empty>
                        }
                            .into_any()
                    }
                    Ok(found) => {
                        let columns = ["Series", "What", "When", "Why", "Said"].map(Column::text).to_vec();
                        view! {
                            <Card flush=true>
                                <Table caption="Findings" columns>
                                    {found.into_iter().map(row).collect_view()}
                                </Table>
                            </Card>
                        }
                            .into_any()
                    }
                    Err(failure) => view! { <Problem failure/> }.into_any(),
                }
            })}
        </Transition>
    }
}

fn row(finding: Finding) -> impl IntoView {
    let around = address(&finding);
    let words = seen_words(finding.value, finding.expected, &finding.unit);
    let reasons = reasons(&finding);
    view! {
        <tr>
            <td data-label="Series"><a href=around>{finding.title}</a></td>
            <td data-label="What" class="num">{words}</td>
            <td data-label="When"><When at=finding.worst.0/></td>
            <td data-label="Why">{reasons}</td>
            <td data-label="Said"><Said verdict=finding.verdict/></td>
        </tr>
    }
}

/// What somebody said of a finding.
#[component]
pub fn Said(verdict: Option<Verdict>) -> impl IntoView {
    verdict.map(|verdict| match verdict {
        Verdict::Yes => view! { <Badge tone=Tone::Warning label="an anomaly"/> },
        Verdict::No => view! { <Badge tone=Tone::Neutral label="not an anomaly"/> },
    })
}

/// The series' page with the time around a finding: as much before as a comparison looks at, twice.
pub fn address(finding: &Finding) -> String {
    let period = i64::from(finding.period_seconds) * api::Instant::SECOND;
    let from = finding.begins.minus(period.saturating_mul(48));
    let to = finding.last.plus(period.saturating_mul(12));
    stretch(&finding.series, api::Range { from, to })
}

/// The series' page with that time.
pub fn stretch(series: &api::SeriesId, range: api::Range) -> String {
    let seconds = |at: api::Instant| at.0.div_euclid(api::Instant::SECOND);
    let (from, to) = (seconds(range.from), seconds(range.to));
    format!("/series/{series}?from={from}&to={to}")
}

/// What spoke for a finding, in words.
pub fn reasons(finding: &Finding) -> String {
    let words: Vec<&str> = finding
        .evidence
        .iter()
        .map(|evidence| aspect_words(evidence.of))
        .collect();
    words.join(", ")
}

const fn aspect_words(aspect: Aspect) -> &'static str {
    match aspect {
        Aspect::Level => "far from the usual level",
        Aspect::Shift => "four points away from it together",
        Aspect::Jump => "a jump from the point before",
        Aspect::ShortShape => "unlike any 8 points before",
        Aspect::LongShape => "unlike any 24 points before",
        Aspect::ShortSpread => "24 points spread otherwise than they did",
        Aspect::LongSpread => "96 points spread otherwise than they did",
    }
}

/// How rare a finding is: what is rarer than one in a thousand is not known more closely.
pub fn rarity(finding: &Finding) -> String {
    if finding.p_value < 0.001 {
        return "fewer than 1 in 1 000 points are so unusual".to_owned();
    }
    format!(
        "about 1 in {:.0} points is so unusual",
        1.0 / finding.p_value
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::{Domain, Evidence, Instant};

    #[test]
    fn a_finding_is_told_in_plain_words() {
        let evidence = [Aspect::Level, Aspect::Jump].map(|of| Evidence { of, strength: 2.0 });
        let mut finding = Finding {
            series: "s".into(),
            title: "Queue".into(),
            unit: String::new(),
            domain: Domain::Business,
            begins: Instant::from_seconds(6_000),
            last: Instant::from_seconds(6_060),
            worst: Instant::from_seconds(6_000),
            period_seconds: 60,
            score: 0.9,
            p_value: 0.004,
            value: 140.0,
            expected: Some(50.0),
            usual: 9.0,
            evidence: evidence.to_vec(),
            similar: Vec::new(),
            verdict: None,
        };
        assert_eq!(
            reasons(&finding),
            "far from the usual level, a jump from the point before"
        );
        assert_eq!(rarity(&finding), "about 1 in 250 points is so unusual");
        assert_eq!(address(&finding), "/series/s?from=3120&to=6780");
        finding.p_value = 0.0;
        assert!(rarity(&finding).starts_with("fewer than"));
    }
}
