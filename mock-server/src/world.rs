//! One vendor inside one sandbox: its seed, its state, its counts and its feed of conversions.
//!
//! The engines differ in their types; what holds them does not care. The three traits here are a vendor, a seed and a
//! world with those types erased, and each has one implementation, for every [`Vendor`].

use std::any::Any;
use std::collections::VecDeque;
use std::fmt::Debug;
use std::marker::PhantomData;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::document::{self, Mistake};
use crate::engine::{Conversion, Effect, Fresh, Head, Outcome, Parts, Request, Usage, Vendor};
use crate::fault::{self, Asked, Faults};
use crate::overlay::{self, Active};

/// A vendor, whichever it is.
pub trait Kind: Debug + Sync {
    /// [`Vendor::NAME`].
    fn name(&self) -> &'static str;
    /// [`Vendor::TITLE`].
    fn title(&self) -> &'static str;
    /// [`Vendor::HOSTS`].
    fn hosts(&self) -> &'static [&'static str];
    /// [`Vendor::PATHS`].
    fn paths(&self) -> &'static [&'static str];
    /// [`Vendor::ROUTES`].
    fn routes(&self) -> &'static [&'static str];
    /// [`Vendor::BODY_LIMIT`].
    fn body_limit(&self) -> usize;
    /// [`Vendor::HEADER_NAMES`].
    fn header_names(&self) -> &'static [&'static str];
    /// [`Vendor::STATUSES`].
    fn statuses(&self) -> &'static [u16];
    /// [`Vendor::conditions`].
    fn conditions(&self) -> Vec<String>;
    /// The only route on which a condition can happen, if there is only one.
    fn condition_route(&self, name: &str) -> Option<&'static str>;
    /// Whether a condition is about what a call causes, and not about its answer.
    fn condition_is_of_events(&self, name: &str) -> bool;
    /// [`Vendor::identity`].
    fn identity(&self, parts: &Parts<'_>) -> Option<String>;
    /// Whether a document can be read, contradictions aside.
    ///
    /// # Errors
    ///
    /// The first member that cannot.
    fn check(&self, document: Value) -> Result<(), Mistake>;
    /// Reads and indexes a document.
    ///
    /// # Errors
    ///
    /// The first member that is wrong.
    fn seed(&self, document: Value) -> Result<Box<dyn AnySeed>, Mistake>;
}

/// A vendor's seed.
pub trait AnySeed: Any + Send + Sync {
    /// [`Vendor::identities`].
    fn identities(&self) -> Vec<String>;
    /// [`Vendor::credentials`].
    fn credentials(&self) -> Map<String, Value>;
    /// [`Vendor::personal`].
    fn personal(&self, fresh: &Fresh<'_>) -> Box<dyn AnySeed>;
    /// A world that starts from this seed.
    fn start(&self) -> Box<dyn AnyWorld>;
}

/// A vendor inside a sandbox.
pub trait AnyWorld: Send {
    /// [`Vendor::head`] with `deviations` around it, and `faults` around both.
    fn head(
        &self,
        parts: &Parts<'_>,
        now: Timestamp,
        deviations: &[Active],
        faults: &Faults,
    ) -> Head;
    /// [`Vendor::decide`] with `deviations` around it, `faults` around both, and everything that this causes: events are
    /// folded, counts added, conversions numbered on from `accepted`.
    fn call(
        &mut self,
        request: &Request<'_>,
        now: Timestamp,
        accepted: &mut u64,
        deviations: &mut [Active],
        faults: &mut Faults,
    ) -> Outcome<()>;
    /// The documented route that a request would meet, and whether it would cause anything. Changes nothing.
    fn foresee(&self, request: &Request<'_>, now: Timestamp) -> (Option<&'static str>, bool);
    /// The seed that a reset leads back to.
    fn seed(&self) -> Box<dyn AnySeed>;
    /// The seed that the present state began with.
    fn present(&self) -> Box<dyn AnySeed>;
    /// [`Vendor::document`].
    fn document(&self) -> Value;
    /// Goes on from another seed. The seed that a reset leads back to stays, and so do counts and feed.
    fn adopt(&mut self, seed: &dyn AnySeed);
    /// Back to the seed.
    fn reset(&mut self);
    /// Counts nothing so far.
    fn reset_counts(&mut self);
    /// Forgets the conversions of the feed.
    fn clear_feed(&mut self);
    /// The number of the feed's oldest conversion.
    fn oldest(&self) -> Option<u64>;
    /// How many conversions the feed holds.
    fn feed_len(&self) -> usize;
    /// Forgets the oldest conversion of the feed.
    fn drop_oldest(&mut self);
    /// The feed behind the conversion `since` as it stands at `now`, oldest first, also what is not visible yet.
    fn conversions(&self, since: u64, now: Timestamp) -> Vec<(u64, Conversion)>;
}

/// The [`Kind`] of a [`Vendor`].
pub struct KindOf<V>(PhantomData<fn() -> V>);

impl<V> KindOf<V> {
    /// The only value there is.
    pub const NEW: Self = Self(PhantomData);
}

impl<V: Vendor> Debug for KindOf<V> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(V::NAME)
    }
}

impl<V: Vendor> Kind for KindOf<V> {
    fn name(&self) -> &'static str {
        V::NAME
    }

    fn title(&self) -> &'static str {
        V::TITLE
    }

    fn hosts(&self) -> &'static [&'static str] {
        V::HOSTS
    }

    fn paths(&self) -> &'static [&'static str] {
        V::PATHS
    }

    fn routes(&self) -> &'static [&'static str] {
        V::ROUTES
    }

    fn body_limit(&self) -> usize {
        V::BODY_LIMIT
    }

    fn header_names(&self) -> &'static [&'static str] {
        V::HEADER_NAMES
    }

    fn statuses(&self) -> &'static [u16] {
        V::STATUSES
    }

    fn conditions(&self) -> Vec<String> {
        V::conditions()
    }

    fn condition_route(&self, name: &str) -> Option<&'static str> {
        V::condition(name)?.route
    }

    fn condition_is_of_events(&self, name: &str) -> bool {
        V::condition(name).is_some_and(|condition| matches!(condition.effect, Effect::Events(_)))
    }

    fn identity(&self, parts: &Parts<'_>) -> Option<String> {
        V::identity(parts)
    }

    fn check(&self, document: Value) -> Result<(), Mistake> {
        document::read::<V::Document>(document).map(drop)
    }

    fn seed(&self, document: Value) -> Result<Box<dyn AnySeed>, Mistake> {
        Ok(Box::new(SeedOf::<V>(Arc::new(V::seed(document::read(
            document,
        )?)?))))
    }
}

struct SeedOf<V: Vendor>(Arc<V::Seed>);

impl<V: Vendor> AnySeed for SeedOf<V> {
    fn identities(&self) -> Vec<String> {
        V::identities(&self.0)
    }

    fn credentials(&self) -> Map<String, Value> {
        V::credentials(&self.0)
    }

    fn personal(&self, fresh: &Fresh<'_>) -> Box<dyn AnySeed> {
        Box::new(Self(Arc::new(V::personal(&self.0, fresh))))
    }

    fn start(&self) -> Box<dyn AnyWorld> {
        Box::new(World::<V> {
            seed: Arc::clone(&self.0),
            present: Arc::clone(&self.0),
            state: V::start(&self.0),
            usage: Usage::default(),
            feed: VecDeque::new(),
        })
    }
}

struct World<V: Vendor> {
    /// What a reset leads back to.
    seed: Arc<V::Seed>,
    /// What the state began with: the seed, unless somebody edited the state since.
    present: Arc<V::Seed>,
    state: V::State,
    usage: Usage,
    feed: VecDeque<(u64, V::Event)>,
}

impl<V: Vendor> AnyWorld for World<V> {
    fn head(
        &self,
        parts: &Parts<'_>,
        now: Timestamp,
        deviations: &[Active],
        faults: &Faults,
    ) -> Head {
        fault::head(faults, || {
            if deviations.is_empty() {
                V::head(&self.state, parts, now)
            } else {
                overlay::head::<V>(&self.state, parts, now, deviations)
            }
        })
    }

    fn foresee(&self, request: &Request<'_>, now: Timestamp) -> (Option<&'static str>, bool) {
        let outcome = V::decide(&self.state, &self.usage, request, now);
        (outcome.route, !outcome.events.is_empty())
    }

    fn call(
        &mut self,
        request: &Request<'_>,
        now: Timestamp,
        accepted: &mut u64,
        deviations: &mut [Active],
        faults: &mut Faults,
    ) -> Outcome<()> {
        let (state, usage) = (&self.state, &self.usage);
        let plain = || V::decide(state, usage, request, now);
        let mut decide = || {
            if deviations.is_empty() {
                (plain(), now)
            } else {
                overlay::decide::<V>(state, usage, request, now, deviations)
            }
        };
        let (outcome, now) = if faults.is_empty() {
            decide()
        } else {
            let asked = Asked {
                state,
                usage,
                request,
                now,
            };
            fault::decide::<V>(&asked, faults, plain, decide)
        };
        let Outcome {
            answer,
            route,
            events,
            counts,
            refused_by,
            why,
            fault,
        } = outcome;
        for count in &counts {
            self.usage.count(count, now);
        }
        for event in events {
            V::apply(&mut self.state, &event);
            // Events that are no conversion, such as a changed visitor, are not for the feed.
            if V::is_conversion(&event) {
                *accepted += 1;
                self.feed.push_back((*accepted, event));
            }
        }
        Outcome {
            answer,
            route,
            events: Vec::new(),
            counts,
            refused_by,
            why,
            fault,
        }
    }

    fn seed(&self) -> Box<dyn AnySeed> {
        Box::new(SeedOf::<V>(Arc::clone(&self.seed)))
    }

    fn present(&self) -> Box<dyn AnySeed> {
        Box::new(SeedOf::<V>(Arc::clone(&self.present)))
    }

    fn document(&self) -> Value {
        serde_json::to_value(V::document(&self.state))
            .expect("documents have text keys and no failing members")
    }

    fn adopt(&mut self, seed: &dyn AnySeed) {
        let seed: &SeedOf<V> = (seed as &dyn Any)
            .downcast_ref()
            .expect("worlds adopt seeds of their own vendor");
        self.present = Arc::clone(&seed.0);
        self.state = V::start(&self.present);
    }

    fn reset(&mut self) {
        self.present = Arc::clone(&self.seed);
        self.state = V::start(&self.present);
    }

    fn reset_counts(&mut self) {
        self.usage = Usage::default();
    }

    fn clear_feed(&mut self) {
        self.feed = VecDeque::new();
    }

    fn feed_len(&self) -> usize {
        self.feed.len()
    }

    fn oldest(&self) -> Option<u64> {
        self.feed.front().map(|(n, _)| *n)
    }

    fn drop_oldest(&mut self) {
        self.feed.pop_front();
    }

    fn conversions(&self, since: u64, now: Timestamp) -> Vec<(u64, Conversion)> {
        let first = self.feed.partition_point(|(n, _)| *n <= since);
        self.feed
            .range(first..)
            .filter_map(|(n, event)| Some((*n, V::conversion(&self.state, event, now)?)))
            .collect()
    }
}
