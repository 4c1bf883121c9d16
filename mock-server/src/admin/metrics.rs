//! What Prometheus scrapes.

use std::fmt;

use http::StatusCode;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet, prometheus_text};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::{Registry, Unit};

use super::{Call, Handled, Reply, with_type};
use crate::tally::Tally;

/// What everything below begins with.
const PREFIX: &str = "mock_server";

/// `GET /__admin/metrics`: in the text format of Prometheus, all sandboxes together.
#[expect(clippy::unnecessary_wraps, reason = "handlers look alike")]
pub(super) fn show(call: &Call<'_>) -> Handled {
    let sandboxes = call.sandboxes;
    let mut registry = Registry::with_prefix(PREFIX);
    registry.register_collector(Box::new(Scrape {
        tally: sandboxes.total(),
        sandboxes: sandboxes.ids().len(),
        journal_bytes: sandboxes.journal_bytes(),
    }));
    let mut text = String::new();
    prometheus_text::encode(&mut text, &registry).expect("a text takes whatever is written");
    let answer = with_type(StatusCode::OK, prometheus_text::CONTENT_TYPE, text);
    Ok(Reply::Answer(answer))
}

/// The server at one moment.
#[derive(Debug)]
struct Scrape {
    tally: Tally,
    sandboxes: usize,
    journal_bytes: usize,
}

impl Collector for Scrape {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let encoder = &mut encoder;
        let mut metric = encoder.encode_descriptor(
            "calls",
            "Calls, by vendor, documented route, status, and the first rule that refused them.",
            None,
            MetricType::Counter,
        )?;
        for (group, calls) in self.tally.counts() {
            let status = group
                .status
                .map_or_else(String::new, |status| status.to_string());
            let labels = [
                ("vendor", group.vendor.unwrap_or_default()),
                ("route", group.route.unwrap_or_default()),
                ("status", &status),
                ("refused_by", group.refused_by.unwrap_or_default()),
            ];
            count(&mut metric.encode_family(&labels)?, calls)?;
        }

        let mut metric = encoder.encode_descriptor(
            "conversions",
            "Conversions that a vendor accepted.",
            None,
            MetricType::Counter,
        )?;
        for (vendor, conversions) in self.tally.conversions() {
            count(
                &mut metric.encode_family(&[("vendor", vendor)])?,
                conversions,
            )?;
        }

        let mut metric = encoder.encode_descriptor(
            "fault_effects",
            "Calls on which a fault took effect.",
            None,
            MetricType::Counter,
        )?;
        for (fault, effects) in self.tally.effects() {
            count(&mut metric.encode_family(&[("fault", fault)])?, effects)?;
        }

        let mut metric = encoder.encode_descriptor(
            "call_duration",
            "How long calls took inside the mock.",
            Some(&Unit::Seconds),
            MetricType::Histogram,
        )?;
        for (vendor, latencies) in self.tally.latencies() {
            let bound = |us: Option<u64>| us.map_or(f64::INFINITY, seconds);
            let buckets: Vec<(f64, u64)> = latencies
                .counts()
                .map(|(us, calls)| (bound(us), calls))
                .collect();
            metric
                .encode_family(&[("vendor", vendor)])?
                .encode_histogram::<NoLabelSet>(
                    seconds(latencies.sum_us()),
                    latencies.calls(),
                    &buckets,
                    None,
                )?;
        }

        encoder
            .encode_descriptor(
                "sandboxes",
                "Sandboxes that are there.",
                None,
                MetricType::Gauge,
            )?
            .encode_gauge(&gauge(self.sandboxes))?;
        encoder
            .encode_descriptor(
                "journal",
                "What the journals of all sandboxes take.",
                Some(&Unit::Bytes),
                MetricType::Gauge,
            )?
            .encode_gauge(&gauge(self.journal_bytes))?;
        let mut dropped = encoder.encode_descriptor(
            "journal_entries_dropped",
            "Entries that journals dropped to stay within their bounds.",
            None,
            MetricType::Counter,
        )?;
        count(&mut dropped, self.tally.entries_dropped())
    }
}

fn count(metric: &mut MetricEncoder<'_>, value: u64) -> fmt::Result {
    metric.encode_counter::<NoLabelSet, _, u64>(&value, None)
}

fn gauge(value: usize) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "exact for two centuries; nobody counts microseconds beyond"
)]
fn seconds(us: u64) -> f64 {
    us as f64 / 1e6
}
