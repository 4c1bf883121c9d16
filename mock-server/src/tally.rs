//! What is counted of calls and never forgotten, whatever the journal drops.

use std::collections::BTreeMap;
use std::ops::AddAssign;
use std::sync::Arc;

use serde::Serialize;

use crate::coverage::Coverage;
use crate::journal::Fate;
use crate::vendors::VENDORS;

/// Calls counted alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Group {
    /// The vendor, if any.
    pub vendor: Option<&'static str>,
    /// The documented route, if any.
    pub route: Option<&'static str>,
    /// The status answered; none for calls that never were complete.
    pub status: Option<u16>,
    /// The first rule that refused them.
    pub refused_by: Option<&'static str>,
}

/// A vendor's route; none for paths that it does not document.
pub type Route = (&'static str, Option<&'static str>);

/// What is counted of the calls of a sandbox, or of several together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    counts: BTreeMap<Group, u64>,
    /// For each of [`VENDORS`].
    conversions: [u64; VENDORS.len()],
    effects: BTreeMap<Arc<str>, u64>,
    /// For each of [`VENDORS`].
    latencies: [Latencies; VENDORS.len()],
    unretried: BTreeMap<Route, u64>,
    dropped: u64,
    /// The documented answers that were met.
    pub coverage: Coverage,
}

/// How long calls took inside the mock.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Latencies {
    /// Calls that took at most as long as the bound of the same place, and longer than the one before; last, the rest.
    counts: [u64; Latencies::BOUNDS_US.len() + 1],
    sum_us: u64,
}

impl Tally {
    /// Counts a call.
    pub fn record(&mut self, fate: &Fate<'_>) {
        let status = fate.answer.map(|answer| answer.status().as_u16());
        let group = Group {
            vendor: fate.vendor,
            route: fate.route,
            status,
            refused_by: fate.refused_by.first().map(|rule| rule.as_str()),
        };
        *self.counts.entry(group).or_default() += 1;
        let Some(name) = fate.vendor else { return };
        if let Some(fault) = &fate.fault {
            self.faulted(fault);
        }
        if let Some(vendor) = VENDORS.iter().position(|kind| kind.name() == name) {
            self.latencies[vendor].record(fate.duration_us);
        }
        let lost = status.is_none() && fate.fault.is_some();
        match status {
            Some(429 | 500..) => *self.unretried.entry((name, fate.route)).or_default() += 1,
            None if lost => *self.unretried.entry((name, fate.route)).or_default() += 1,
            Some(..400) if fate.refused_by.is_empty() && !self.unretried.is_empty() => {
                self.unretried.remove(&(name, fate.route));
            }
            _ => {}
        }
    }

    /// Counts conversions that a vendor accepted; `vendor` is its place in [`VENDORS`].
    pub fn accepted(&mut self, vendor: usize, conversions: u64) {
        self.conversions[vendor] += conversions;
    }

    /// Counts that a fault took effect.
    fn faulted(&mut self, fault: &Arc<str>) {
        match self.effects.get_mut(fault) {
            Some(effects) => *effects += 1,
            None => {
                self.effects.insert(Arc::clone(fault), 1);
            }
        }
    }

    /// Counts entries that a journal dropped to stay within its bounds.
    pub fn dropped(&mut self, entries: u64) {
        self.dropped += entries;
    }

    /// How many calls there were, by group.
    pub fn counts(&self) -> impl Iterator<Item = (&Group, u64)> {
        self.counts.iter().map(|(group, count)| (group, *count))
    }

    /// How many calls there were of one vendor, or of none.
    pub fn calls(&self, vendor: Option<&str>) -> u64 {
        let groups = self.counts().filter(|(group, _)| group.vendor == vendor);
        groups.map(|(_, calls)| calls).sum()
    }

    /// How many conversions each vendor accepted, in the order of [`VENDORS`].
    pub fn conversions(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let names = VENDORS.iter().map(|kind| kind.name());
        names.zip(self.conversions)
    }

    /// How often each fault took effect.
    pub fn effects(&self) -> impl Iterator<Item = (&str, u64)> {
        self.effects
            .iter()
            .map(|(fault, effects)| (&**fault, *effects))
    }

    /// How long the calls of each vendor took, in the order of [`VENDORS`].
    pub fn latencies(&self) -> impl Iterator<Item = (&'static str, &Latencies)> {
        let names = VENDORS.iter().map(|kind| kind.name());
        names.zip(&self.latencies)
    }

    /// Calls that were answered 429 or 5xx, or whose answer a fault took, and after which no call of the same sandbox, vendor and route was accepted.
    pub fn unretried(&self) -> impl Iterator<Item = (Route, u64)> {
        self.unretried.iter().map(|(route, calls)| (*route, *calls))
    }

    /// Entries that journals dropped to stay within their bounds.
    pub fn entries_dropped(&self) -> u64 {
        self.dropped
    }
}

impl AddAssign<&Self> for Tally {
    /// Adds another sandbox's calls. A call that one left unretried stays so, whatever the other was accepted for.
    fn add_assign(&mut self, other: &Self) {
        let Self {
            counts,
            conversions,
            effects,
            latencies,
            unretried,
            dropped,
            coverage,
        } = other;
        for (group, count) in counts {
            *self.counts.entry(*group).or_default() += count;
        }
        for (sum, count) in self.conversions.iter_mut().zip(conversions) {
            *sum += count;
        }
        for (fault, count) in effects {
            *self.effects.entry(Arc::clone(fault)).or_default() += count;
        }
        for (sum, latencies) in self.latencies.iter_mut().zip(latencies) {
            *sum += latencies;
        }
        for (route, count) in unretried {
            *self.unretried.entry(*route).or_default() += count;
        }
        self.dropped += dropped;
        self.coverage.add(coverage);
    }
}

impl Latencies {
    /// What the counts are bounded by, in microseconds.
    pub const BOUNDS_US: [u64; 13] = [
        50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 50_000, 100_000, 500_000, 1_000_000,
        5_000_000,
    ];

    fn record(&mut self, duration_us: u64) {
        let place = Self::BOUNDS_US.partition_point(|bound| *bound < duration_us);
        self.counts[place] += 1;
        self.sum_us = self.sum_us.saturating_add(duration_us);
    }

    /// How many calls took at most as long as each bound, in microseconds, and longer than the one before. The last has
    /// no bound.
    pub fn counts(&self) -> impl Iterator<Item = (Option<u64>, u64)> {
        let bounds = Self::BOUNDS_US.into_iter().map(Some).chain([None]);
        bounds.zip(self.counts)
    }

    /// How many calls there were.
    pub fn calls(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// How long they took together, in microseconds.
    pub fn sum_us(&self) -> u64 {
        self.sum_us
    }
}

impl AddAssign<&Self> for Latencies {
    fn add_assign(&mut self, other: &Self) {
        for (sum, count) in self.counts.iter_mut().zip(other.counts) {
            *sum += count;
        }
        self.sum_us = self.sum_us.saturating_add(other.sum_us);
    }
}

#[cfg(test)]
mod tests {
    use fixtures::{RuleId, rule};
    use jiff::Timestamp;

    use super::*;
    use crate::engine::Answer;

    const SUBMIT: &str = "POST /Mediapartners/{AccountSID}/PartnerConversions";
    const LOG: &str = "POST /api/v2/conversions";

    /// A call that was answered so; status 0 is no answer.
    fn call(
        tally: &mut Tally,
        route: (Option<&'static str>, Option<&'static str>),
        status: u16,
        refused_by: &[RuleId],
        duration_us: u64,
    ) {
        let mut answer = Answer::default();
        if status > 0 {
            *answer.status_mut() = status.try_into().unwrap();
        }
        tally.record(&Fate {
            at: Timestamp::UNIX_EPOCH,
            vendor: route.0,
            route: route.1,
            answer: (status > 0).then_some(&answer),
            refused_by,
            why: "".into(),
            fault: None,
            duration_us,
        });
    }

    fn answered(tally: &mut Tally, route: Route, statuses: &[u16]) {
        for status in statuses {
            call(tally, (Some(route.0), route.1), *status, &[], 1);
        }
    }

    fn unretried(tally: &Tally) -> Vec<(Route, u64)> {
        tally.unretried().collect()
    }

    #[test]
    fn a_call_that_is_accepted_later_was_retried() {
        let (submit, log) = (("impact", Some(SUBMIT)), ("chase", Some(LOG)));
        let mut tally = Tally::default();
        answered(&mut tally, submit, &[429, 503, 500]);
        answered(&mut tally, log, &[500]);
        assert_eq!(unretried(&tally), [(log, 1), (submit, 3)]);
        answered(&mut tally, log, &[202]);
        assert_eq!(unretried(&tally), [(submit, 3)]);
        // Answered before, not after.
        answered(&mut tally, log, &[202, 599]);
        assert_eq!(unretried(&tally), [(log, 1), (submit, 3)]);
    }

    #[test]
    fn only_an_accepted_call_of_the_same_route_counts_as_a_retry() {
        let submit = ("impact", Some(SUBMIT));
        let mut tally = Tally::default();
        answered(&mut tally, submit, &[429]);
        answered(&mut tally, submit, &[400, 404, 0]);
        answered(&mut tally, ("impact", None), &[200]);
        answered(&mut tally, ("chase", Some(SUBMIT)), &[200]);
        // Comm100 may say in a 200 that it refuses.
        let refused = [rule("impact.auth.challenge")];
        call(&mut tally, (Some("impact"), submit.1), 200, &refused, 1);
        assert_eq!(unretried(&tally), [(submit, 1)]);
        answered(&mut tally, submit, &[399]);
        assert_eq!(unretried(&tally), []);
    }

    #[test]
    fn a_refusal_below_500_asks_for_no_retry() {
        let mut tally = Tally::default();
        answered(
            &mut tally,
            ("chase", Some(LOG)),
            &[400, 401, 403, 404, 422, 428, 430, 499],
        );
        call(&mut tally, (None, None), 500, &[], 1);
        assert_eq!(unretried(&tally), []);
    }

    #[test]
    fn tallies_add_up() {
        let fault: Arc<str> = "flaky".into();
        let (mut one, mut other) = (Tally::default(), Tally::default());
        for (tally, times) in [(&mut one, 1), (&mut other, 2)] {
            for _ in 0..times {
                answered(tally, ("chase", Some(LOG)), &[500]);
                call(tally, (None, None), 404, &[], 1);
                tally.faulted(&fault);
                tally.accepted(2, 5);
                tally.dropped(7);
            }
        }
        other.faulted(&"other".into());
        // What another sandbox was accepted for is no retry of this one's.
        answered(&mut other, ("chase", Some(LOG)), &[202]);
        let mut sum = one.clone();
        sum += &other;
        assert_eq!(unretried(&sum), [(("chase", Some(LOG)), 1)]);
        assert_eq!((sum.calls(Some("chase")), sum.calls(None)), (4, 3));
        assert_eq!(sum.calls(Some("impact")), 0);
        assert_eq!(
            sum.effects().collect::<Vec<_>>(),
            [("flaky", 3), ("other", 1)]
        );
        assert_eq!(
            sum.conversions().collect::<Vec<_>>(),
            [("comm100", 0), ("chase", 0), ("impact", 15)]
        );
        assert_eq!(sum.entries_dropped(), 21);
        let calls: Vec<u64> = sum
            .latencies()
            .map(|(_, latencies)| latencies.calls())
            .collect();
        assert_eq!(calls, [0, 4, 0]);
        let mut nothing = Tally::default();
        nothing += &sum;
        assert_eq!(nothing, sum);
    }

    #[test]
    fn a_bound_belongs_to_the_calls_below_it() {
        let mut tally = Tally::default();
        let route = (Some("comm100"), None);
        for duration_us in [0, 50, 51, 1_000, 5_000_000, 5_000_001, u64::MAX] {
            call(&mut tally, route, 200, &[], duration_us);
        }
        let (_, latencies) = tally.latencies().next().unwrap();
        let filled: Vec<_> = latencies.counts().filter(|(_, calls)| *calls > 0).collect();
        assert_eq!(
            filled,
            [
                (Some(50), 2),
                (Some(100), 1),
                (Some(1_000), 1),
                (Some(5_000_000), 1),
                (None, 2)
            ]
        );
        assert_eq!((latencies.calls(), latencies.sum_us()), (7, u64::MAX));
    }
}
