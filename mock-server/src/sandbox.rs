//! One isolated world: a world of each vendor, a clock, a journal, and a tally. No I/O.

use std::collections::{BTreeMap, HashMap};
use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::clock::Clock;
use crate::coverage::Reach;
use crate::document::extend;
use crate::engine::{Conversion, Delivery, Head, Outcome, Parts, Request};
use crate::fault::{Checked, Fault, FaultError, Faults, Scripted, Told};
use crate::journal::Journal;
use crate::overlay::Active;
use crate::tally::Tally;
use crate::vendors::VENDORS;
use crate::world::{AnySeed, AnyWorld};

/// How many conversions a sandbox's feed holds.
pub const FEED_LIMIT: usize = 10_000;

/// What a sandbox remembers.
pub struct Sandbox {
    /// A world each, in the order of [`VENDORS`].
    worlds: Vec<Box<dyn AnyWorld>>,
    /// Its time.
    pub clock: Clock,
    /// The clock that a reset leads back to.
    initial_clock: Clock,
    /// Its calls.
    pub journal: Journal,
    /// What is counted of them, also of those that the journal dropped.
    pub tally: Tally,
    /// Its deviations, in the order in which they apply.
    pub deviations: Vec<Active>,
    /// Its faults.
    pub faults: Faults,
    /// The number of the last accepted conversion.
    accepted: u64,
    /// The newest conversion that the feed has dropped.
    forgotten: u64,
}

/// What a reset leads back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// The vendors' states, and the conversions with them.
    State,
    /// Calls counted towards limits.
    Counts,
    /// The journal, the counts of its calls, and which documented answers were met.
    Journal,
    /// The deviations.
    Deviations,
    /// The faults.
    Faults,
    /// The clock.
    Clock,
}

impl Part {
    /// Everything.
    pub const ALL: [Self; 6] = [
        Self::State,
        Self::Counts,
        Self::Journal,
        Self::Deviations,
        Self::Faults,
        Self::Clock,
    ];
}

impl Sandbox {
    /// A fresh sandbox. Copies nothing of the seeds.
    pub fn start(seeds: &[Box<dyn AnySeed>], clock: Clock) -> Self {
        let worlds = seeds.iter().map(|seed| seed.start()).collect();
        Self {
            worlds,
            clock,
            initial_clock: clock,
            journal: Journal::default(),
            tally: Tally::default(),
            deviations: Vec::new(),
            faults: Faults::default(),
            accepted: 0,
            forgotten: 0,
        }
    }

    /// Whether the answer is known before the body is read.
    pub fn head(&self, vendor: usize, parts: &Parts<'_>, system: Timestamp) -> Head {
        let now = self.clock.now(system);
        self.worlds[vendor].head(parts, now, &self.deviations, &self.faults)
    }

    /// Answers a call, and lets it take effect.
    pub fn call(&mut self, vendor: usize, request: &Request<'_>, system: Timestamp) -> Outcome<()> {
        let now = self.clock.now(system);
        let before = self.accepted;
        let outcome = self.worlds[vendor].call(
            request,
            now,
            &mut self.accepted,
            &mut self.deviations,
            &mut self.faults,
        );
        self.tally.accepted(vendor, self.accepted - before);
        if self.accepted - self.forgotten > FEED_LIMIT as u64 {
            self.bound_feed();
        }
        if Delivery::reaches(&outcome.answer) {
            self.tally
                .coverage
                .observe(vendor, outcome.route, &outcome.answer);
        }
        outcome
    }

    /// The documented route that a request would meet, and whether it would cause anything. Changes nothing.
    pub fn foresee(
        &self,
        vendor: usize,
        request: &Request<'_>,
        system: Timestamp,
    ) -> (Option<&'static str>, bool) {
        self.worlds[vendor].foresee(request, self.clock.now(system))
    }

    /// Which fault a request would meet, and why it would not meet the others. Nothing happens and nothing is counted.
    pub fn check_faults(&self, vendor: usize, request: &Request<'_>, system: Timestamp) -> Checked {
        let (route, causes) = self.foresee(vendor, request, system);
        self.faults.check(vendor, request, route, causes)
    }

    /// Drops the oldest conversions beyond the limit, whichever vendor's they are.
    fn bound_feed(&mut self) {
        while self
            .worlds
            .iter()
            .map(|world| world.feed_len())
            .sum::<usize>()
            > FEED_LIMIT
        {
            let oldest = self
                .worlds
                .iter_mut()
                .filter_map(|world| Some((world.oldest()?, world)))
                .min_by_key(|(n, _)| *n);
            if let Some((n, world)) = oldest {
                world.drop_oldest();
                self.forgotten = n;
            }
        }
    }

    /// Conversions of all vendors after the conversion `since`, with their numbers, oldest first, also those that are not
    /// visible yet.
    pub fn conversions(
        &self,
        since: u64,
        system: Timestamp,
    ) -> Vec<(u64, &'static str, Conversion)> {
        let now = self.clock.now(system);
        let mut all: Vec<_> = VENDORS
            .iter()
            .zip(&self.worlds)
            .flat_map(|(kind, world)| {
                world
                    .conversions(since, now)
                    .into_iter()
                    .map(|(n, conversion)| (n, kind.name(), conversion))
            })
            .collect();
        all.sort_by_key(|(n, ..)| *n);
        all
    }

    /// Conversions of one vendor after the conversion `since`, oldest first, also those that are not visible yet.
    pub fn conversions_of(
        &self,
        vendor: usize,
        since: u64,
        system: Timestamp,
    ) -> Vec<(u64, Conversion)> {
        self.worlds[vendor].conversions(since, self.clock.now(system))
    }

    /// The number of the last accepted conversion.
    pub fn accepted(&self) -> u64 {
        self.accepted
    }

    /// How many conversions were accepted after the conversion `since`, visible or not, as far as the feed holds them.
    pub fn accepted_after(&self, since: u64) -> u64 {
        self.accepted.saturating_sub(since.max(self.forgotten))
    }

    /// Whether the feed still holds everything after the conversion `since`.
    pub fn feed_is_complete(&self, since: u64) -> bool {
        since >= self.forgotten
    }

    /// The states of all vendors, as one seed document with everything filled in.
    pub fn document(&self) -> Map<String, Value> {
        VENDORS
            .iter()
            .zip(&self.worlds)
            .map(|(kind, world)| (kind.name().to_owned(), world.document()))
            .collect()
    }

    /// Each vendor's base URL, which begins with `base_url`, and its default credentials.
    pub fn access(&self, base_url: &str) -> Map<String, Value> {
        let vendors = VENDORS.iter().zip(&self.worlds);
        vendors
            .map(|(kind, world)| {
                let mut members = json!({"base_url": format!("{base_url}/{}", kind.name())});
                extend(&mut members, world.present().credentials().into());
                (kind.name().to_owned(), members)
            })
            .collect()
    }

    /// How a client reaches each vendor, for who prints what it could call.
    pub fn reach(&self, base_url: &str) -> Vec<Reach> {
        let vendors = VENDORS.iter().zip(&self.worlds);
        vendors
            .map(|(kind, world)| Reach {
                base_url: format!("{base_url}/{}", kind.name()),
                credentials: world.present().credentials(),
            })
            .collect()
    }

    /// One vendor's state.
    pub fn vendor_document(&self, vendor: usize) -> Value {
        self.worlds[vendor].document()
    }

    /// The seed that a vendor's present state began with.
    pub fn present(&self, vendor: usize) -> Box<dyn AnySeed> {
        self.worlds[vendor].present()
    }

    /// The seed that a reset leads a vendor back to.
    pub fn seed(&self, vendor: usize) -> Box<dyn AnySeed> {
        self.worlds[vendor].seed()
    }

    /// Replaces vendors' seeds, and resets them to these.
    pub fn replace(&mut self, seeds: BTreeMap<usize, Box<dyn AnySeed>>) {
        for (vendor, seed) in seeds {
            self.worlds[vendor] = seed.start();
        }
        self.forget_missing();
    }

    /// Changes vendors' present states. Their seeds, counts and conversions stay.
    pub fn adopt(&mut self, seeds: BTreeMap<usize, Box<dyn AnySeed>>) {
        for (vendor, seed) in seeds {
            self.worlds[vendor].adopt(seed.as_ref());
        }
    }

    /// Back to how it started, as far as `parts` goes.
    pub fn reset(&mut self, parts: &[Part]) {
        for part in parts {
            match part {
                Part::State => {
                    for world in &mut self.worlds {
                        world.reset();
                        world.clear_feed();
                    }
                    self.forget_missing();
                }
                Part::Counts => self
                    .worlds
                    .iter_mut()
                    .for_each(|world| world.reset_counts()),
                Part::Journal => {
                    self.journal = Journal::default();
                    self.tally = Tally::default();
                }
                Part::Deviations => self.deviations = Vec::new(),
                Part::Faults => self.faults.clear(),
                Part::Clock => self.clock = self.initial_clock,
            }
        }
    }

    /// Conversion numbers start again once no conversion is left.
    fn forget_missing(&mut self) {
        if self.worlds.iter().all(|world| world.feed_len() == 0) {
            self.accepted = 0;
            self.forgotten = 0;
        }
    }
}

/// A sandbox where it is kept: behind a lock, with what is asked without taking it.
pub struct Slot {
    /// Its id.
    pub id: String,
    /// Whether only the path leads to it, and no credentials.
    pub prefix_only: bool,
    /// For how long nobody may call it before it is dropped, in milliseconds; for ever, if that is not given.
    pub idle_ms: Option<u64>,
    sandbox: Mutex<Sandbox>,
    /// When it was last called: a count, not a time.
    pub(crate) used: AtomicU64,
    /// When it was last called, about itself or a vendor: milliseconds of the system's time. As late as can be while
    /// nobody did.
    used_at_ms: AtomicI64,
    /// What its journal takes, in bytes.
    pub(crate) journal_bytes: AtomicUsize,
    /// Calls that are not yet answered.
    in_flight: AtomicU64,
    changes: AtomicU64,
    watched: AtomicBool,
    /// Those who wait. One that was woken is still here, without its waker, until it waits no more.
    watchers: Mutex<HashMap<u64, Option<Waker>>>,
}

impl Slot {
    /// Puts a sandbox into its place.
    pub fn new(id: String, prefix_only: bool, sandbox: Sandbox) -> Self {
        Self {
            id,
            prefix_only,
            idle_ms: None,
            sandbox: Mutex::new(sandbox),
            used: AtomicU64::new(0),
            used_at_ms: AtomicI64::new(i64::MAX),
            journal_bytes: AtomicUsize::new(0),
            in_flight: AtomicU64::new(0),
            changes: AtomicU64::new(0),
            watched: AtomicBool::new(false),
            watchers: Mutex::new(HashMap::new()),
        }
    }

    /// The sandbox, locked. Nothing waits under the lock.
    pub fn lock(&self) -> MutexGuard<'_, Sandbox> {
        // A panic under the lock is ours and is logged; state is only written by `apply`, so what is there is whole.
        self.sandbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How often the sandbox changed so far.
    pub fn changes(&self) -> u64 {
        self.changes.load(Ordering::SeqCst)
    }

    /// Says that the sandbox changed, and wakes whoever waits for that.
    pub fn changed(&self) {
        self.changes.fetch_add(1, Ordering::SeqCst);
        if self.watched.swap(false, Ordering::SeqCst) {
            for waker in self.watchers().values_mut().filter_map(Option::take) {
                waker.wake();
            }
        }
    }

    /// Wakes `waker` at the next change; `watcher` tells it from others. Whoever watches looks at [`Slot::changes`]
    /// afterwards: a change in between would not wake it.
    pub fn watch(&self, watcher: u64, waker: &Waker) {
        self.watchers().insert(watcher, Some(waker.clone()));
        self.watched.store(true, Ordering::SeqCst);
    }

    /// Wakes that one no more.
    pub fn unwatch(&self, watcher: u64) {
        self.watchers().remove(&watcher);
    }

    /// Says that the sandbox was called at `system`.
    pub fn touch(&self, system: Timestamp) {
        self.used_at_ms
            .store(system.as_millisecond(), Ordering::Relaxed);
    }

    /// Whether nobody called the sandbox for as long as that may be, and nobody waits for it to change.
    pub fn is_idle(&self, system: Timestamp) -> bool {
        let used_at_ms = self.used_at_ms.load(Ordering::Relaxed);
        let unused_ms = system.as_millisecond().saturating_sub(used_at_ms);
        let is_over =
            |idle_ms| u64::try_from(unused_ms).is_ok_and(|unused_ms| unused_ms >= idle_ms);
        self.idle_ms.is_some_and(is_over)
            && self.in_flight.load(Ordering::Relaxed) == 0
            && self.watchers().is_empty()
    }

    fn watchers(&self) -> MutexGuard<'_, HashMap<u64, Option<Waker>>> {
        self.watchers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a fault behind the others, and says what was left out of it.
    ///
    /// # Errors
    ///
    /// As for [`Faults::add`]; nothing changes then.
    pub fn add_fault(&self, fault: Fault) -> Result<Told, FaultError> {
        let told = self.lock().faults.add(fault).map(Scripted::tell)?;
        self.changed();
        Ok(told)
    }

    /// Takes a fault away; says whether there was one.
    pub fn remove_fault(&self, id: &str) -> bool {
        let removed = self.lock().faults.remove(id);
        if removed {
            self.changed();
        }
        removed
    }

    /// Takes all faults away.
    pub fn clear_faults(&self) {
        self.lock().faults.clear();
        self.changed();
    }

    /// Puts these deviations on and all others off, until a reset.
    pub fn deviate(&self, deviations: Vec<Active>) {
        self.lock().deviations = deviations;
        self.changed();
    }

    /// Sets the clock to what `turn` makes of it, until a reset.
    ///
    /// # Errors
    ///
    /// Those of `turn`; the clock is left as it was.
    pub fn turn_clock<E>(&self, turn: impl FnOnce(Clock) -> Result<Clock, E>) -> Result<(), E> {
        let mut sandbox = self.lock();
        sandbox.clock = turn(sandbox.clock)?;
        drop(sandbox);
        self.changed();
        Ok(())
    }
}

/// What somebody sees who waits for something in a sandbox.
#[derive(Debug)]
pub enum Look<T> {
    /// What was waited for, or what there is when the time is up.
    Found(T),
    /// Nothing yet: look again when the sandbox has changed since `changes`, or after `at_most_ms`.
    Wait {
        /// [`Slot::changes`] as it was before the look.
        changes: u64,
        /// When to look again at the latest, in milliseconds.
        at_most_ms: u64,
    },
}

/// A call that is not yet answered. Dropped means it is.
pub struct Busy<'s>(&'s Slot);

impl<'s> Busy<'s> {
    /// Another one.
    pub fn of(slot: &'s Slot) -> Self {
        slot.in_flight.fetch_add(1, Ordering::Relaxed);
        Self(slot)
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Somebody who waits for a sandbox to change. Dropped means not woken any more.
pub struct Watcher<'s> {
    slot: &'s Slot,
    id: u64,
}

impl<'s> Watcher<'s> {
    /// Another one.
    pub fn of(slot: &'s Slot) -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let id = COUNT.fetch_add(1, Ordering::Relaxed);
        Self { slot, id }
    }

    /// Whether the sandbox has changed since `changes`. If not, `waker` is woken once it does.
    pub fn has_changed(&self, changes: u64, waker: &Waker) -> bool {
        if self.slot.changes() != changes {
            return true;
        }
        self.slot.watch(self.id, waker);
        self.slot.changes() != changes
    }

    /// Ends when the sandbox has changed since `changes`.
    pub async fn change(&self, changes: u64) {
        poll_fn(|context| {
            if self.has_changed(changes, context.waker()) {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
    }
}

impl Drop for Watcher<'_> {
    fn drop(&mut self) {
        self.slot.unwatch(self.id);
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderName};
    use proptest::prelude::*;

    use super::*;
    use crate::engine::{Answer, Body};
    use crate::sandboxes::seeds_of;
    use crate::seed::{self, Layer};
    use crate::testing::Call;

    /// A documented call, as documented or spoiled.
    #[derive(Clone, Debug)]
    struct Sample {
        vendor: usize,
        call: Call<()>,
    }

    /// Every documented call.
    fn samples() -> Vec<Sample> {
        let vendors = fixtures::VENDORS.iter().enumerate();
        vendors
            .flat_map(|(vendor, fixture)| {
                fixture
                    .examples()
                    .unwrap()
                    .into_iter()
                    .map(move |example| (vendor, example))
            })
            .map(|(vendor, example)| Sample {
                vendor,
                call: Call::documented(&example.request),
            })
            .collect()
    }

    fn spoiled() -> impl Strategy<Value = Sample> {
        let cut = any::<prop::sample::Index>();
        let spoil = (0..6_u8, cut, any::<u8>());
        (prop::sample::select(samples()), spoil).prop_map(|(mut sample, (how, at, byte))| {
            let call = &mut sample.call;
            let body = call.body.as_mut().unwrap();
            let place = at.index(body.len() + 1);
            match how {
                0 => body.truncate(place),
                1 if place < body.len() => body[place] = byte,
                2 => body.insert(place, byte),
                3 => {
                    let names: Vec<HeaderName> = call.headers.keys().cloned().collect();
                    call.headers.remove(&names[at.index(names.len())]);
                }
                _ => {}
            }
            sample
        })
    }

    /// The sandbox that checks run against.
    fn sandbox() -> Sandbox {
        let texts = fixtures::VENDORS
            .iter()
            .flat_map(|vendor| [vendor.seed(), vendor.conformance_seed()]);
        let layers: Vec<Layer> = texts
            .map(|text| Layer::parse("seed.toml", text.to_owned()).unwrap())
            .collect();
        Sandbox::start(
            &seed::merge(&layers).unwrap(),
            Clock::Fixed("2026-06-10T18:00:00Z".parse().unwrap()),
        )
    }

    fn call(sandbox: &mut Sandbox, sample: &Sample) -> Outcome<()> {
        let request = sample.call.request();
        sandbox.call(sample.vendor, &request, Timestamp::UNIX_EPOCH)
    }

    fn bytes(answer: &Answer) -> (u16, &HeaderMap, &[u8]) {
        (answer.status().as_u16(), answer.headers(), answer.body())
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn the_same_calls_get_the_same_bytes(calls in prop::collection::vec(spoiled(), 1..12)) {
            let (mut one, mut other) = (sandbox(), sandbox());
            for sample in &calls {
                let outcomes = [&mut one, &mut other].map(|sandbox| call(sandbox, sample));
                prop_assert_eq!(bytes(&outcomes[0].answer), bytes(&outcomes[1].answer));
            }
            prop_assert_eq!(one.document(), other.document());
        }

        #[test]
        fn a_refused_call_changes_nothing(calls in prop::collection::vec(spoiled(), 1..12)) {
            let mut sandbox = sandbox();
            for sample in &calls {
                let before = sandbox.document();
                let accepted = sandbox.accepted;
                if !call(&mut sandbox, sample).refused_by.is_empty() {
                    prop_assert_eq!(sandbox.document(), before);
                    prop_assert_eq!(sandbox.accepted, accepted);
                }
            }
        }

        #[test]
        fn a_state_that_is_put_back_answers_alike(
            calls in prop::collection::vec(spoiled(), 1..12),
            next in spoiled(),
        ) {
            let mut sandbox = sandbox();
            for sample in &calls {
                call(&mut sandbox, sample);
            }
            let document = sandbox.document();
            let mut copy = Sandbox::start(&[], sandbox.clock);
            copy.worlds = seeds_of(document.clone()).unwrap().into_values().map(|seed| seed.start()).collect();
            prop_assert_eq!(copy.document(), document);
            // Calls counted towards a limit are no state: both start to count afresh.
            sandbox.reset(&[Part::Counts]);
            let outcomes = [&mut sandbox, &mut copy].map(|sandbox| call(sandbox, &next));
            prop_assert_eq!(bytes(&outcomes[0].answer), bytes(&outcomes[1].answer));
        }

        #[test]
        fn an_answer_that_is_known_early_does_not_depend_on_the_body(sample in spoiled(), noise in any::<Vec<u8>>()) {
            let known = sandbox().head(sample.vendor, &sample.call.parts(), Timestamp::UNIX_EPOCH) == Head::Known;
            if known {
                let Sample { vendor, call: sent } = sample;
                let answers = [sent.clone(), sent.clone().body_of(noise), sent.spoiled(Body::TooLong)]
                    .map(|sent| call(&mut sandbox(), &Sample { vendor, call: sent }).answer);
                prop_assert_eq!(bytes(&answers[0]), bytes(&answers[1]));
                prop_assert_eq!(bytes(&answers[0]), bytes(&answers[2]));
            }
        }
    }

    #[test]
    fn every_world_takes_an_event_twice() {
        let twice = |vendor: &fixtures::Vendor| {
            Active::new(&fixtures::Deviation {
                id: format!("{}.section.rule.twice", vendor.name()),
                breaks: Vec::new(),
                shows: None,
                says: None,
                overlay: fixtures::Overlay {
                    events: Some(fixtures::Quantity::Twice),
                    ..fixtures::Overlay::default()
                },
            })
        };
        let twice: Vec<Active> = fixtures::VENDORS
            .iter()
            .map(|vendor| twice(vendor).unwrap())
            .collect();
        let (mut one, mut other) = (sandbox(), sandbox());
        other.deviations = twice;
        for sample in samples() {
            call(&mut one, &sample);
            call(&mut other, &sample);
        }
        assert_eq!(other.accepted, 2 * one.accepted);
        assert!(other.deviations.iter().all(|twice| twice.activations() > 0));
        let later = Timestamp::UNIX_EPOCH;
        assert_eq!(
            other.conversions(0, later).len(),
            2 * one.conversions(0, later).len()
        );
        seeds_of(other.document()).map(drop).unwrap();
    }

    #[test]
    fn the_feed_is_bounded_over_all_vendors() {
        let mut sandbox = sandbox();
        let accepted: Vec<Sample> = samples()
            .into_iter()
            .filter(|sample| {
                let before = sandbox.accepted;
                call(&mut sandbox, sample);
                sandbox.accepted > before
            })
            .collect();
        assert!(
            accepted
                .iter()
                .map(|sample| sample.vendor)
                .collect::<std::collections::BTreeSet<_>>()
                .len()
                > 1
        );
        // Some of them meet a rate limit in the end; enough do not.
        for sample in accepted
            .iter()
            .cycle()
            .take(accepted.len() * (FEED_LIMIT + 10))
        {
            call(&mut sandbox, sample);
            if sandbox.accepted == FEED_LIMIT as u64 + 10 {
                break;
            }
        }
        assert!(sandbox.accepted > FEED_LIMIT as u64);
        let numbers: Vec<u64> = sandbox
            .conversions(0, Timestamp::UNIX_EPOCH)
            .into_iter()
            .map(|(n, ..)| n)
            .collect();
        let last = sandbox.accepted;
        assert_eq!(
            numbers,
            (last - FEED_LIMIT as u64 + 1..=last).collect::<Vec<_>>()
        );
        assert!(!sandbox.feed_is_complete(0) && sandbox.feed_is_complete(last - FEED_LIMIT as u64));
    }
}
