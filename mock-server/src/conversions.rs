//! The accepted conversions of all vendors in one normal form: which ones, and whether there are enough yet. No I/O, and
//! nobody waits here.

use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;

use crate::document::Mistake;
use crate::engine::Conversion;
use crate::sandbox::{Look, Slot};
use crate::sandboxes::vendor_named;

/// Which conversions are wanted. Everything that is not given matches.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// The vendor's name.
    pub vendor: Option<String>,
    /// Whom it is about.
    pub who: Option<String>,
    /// What kind of conversion it is.
    pub name: Option<String>,
    /// The caller's own number for it.
    pub order_id: Option<String>,
    /// The vendor's word for where it stands.
    pub state: Option<String>,
    /// Conversions after this number.
    pub since: Option<u64>,
}

/// A conversion that a vendor accepted.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Accepted {
    /// Its number, counted from 1 over all vendors.
    pub n: u64,
    /// The vendor's name.
    pub vendor: &'static str,
    /// What was accepted.
    #[serde(flatten)]
    pub conversion: Conversion,
}

/// The conversions that can be seen.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Found {
    /// Those that match, oldest first.
    pub conversions: Vec<Accepted>,
    /// Whether the feed still holds all that there were.
    pub complete: bool,
    /// Whether there are as many as were waited for.
    pub satisfied: bool,
    /// False if there are not, and a clock that stands still keeps those that are under way from ever showing up.
    pub reachable: bool,
}

impl Filter {
    /// Conversions of a vendor.
    pub fn vendor(name: impl Into<String>) -> Self {
        Self {
            vendor: Some(name.into()),
            ..Self::default()
        }
    }

    /// Only those with this order id.
    #[must_use]
    pub fn order_id(self, order_id: impl Into<String>) -> Self {
        Self {
            order_id: Some(order_id.into()),
            ..self
        }
    }

    /// Only those that stand there, in the vendor's word: `COMPLETED`.
    #[must_use]
    pub fn state(self, state: impl Into<String>) -> Self {
        Self {
            state: Some(state.into()),
            ..self
        }
    }

    /// Refuses a vendor that there is none of.
    ///
    /// # Errors
    ///
    /// For the member `vendor`.
    pub fn check(&self) -> Result<(), Mistake> {
        let vendor = self.vendor.as_deref().map(vendor_named).transpose();
        vendor.map(drop).map_err(|mistake| mistake.below("vendor"))
    }

    /// The conversions that can be seen now.
    pub fn find(&self, slot: &Arc<Slot>, system: Timestamp) -> Found {
        match self.look(slot, system, 0, 0) {
            Look::Found(found) => found,
            Look::Wait { .. } => unreachable!("without time to wait there is an answer"),
        }
    }

    /// The conversions that can be seen now, for somebody who would wait `left_ms` of real time for `at_least` of them. A
    /// wait also ends when those that are still missing can never show up.
    pub fn look(&self, slot: &Slot, system: Timestamp, at_least: u64, left_ms: u64) -> Look<Found> {
        let since = self.since.unwrap_or(0);
        // Read before the state: a change in between makes the next look come at once.
        let changes = slot.changes();
        let sandbox = slot.lock();
        // Looking through a long feed at every call of others would hold them up, so first: can there be enough?
        if left_ms > 0 && sandbox.accepted_after(since) < at_least {
            return Look::Wait {
                changes,
                at_most_ms: left_ms,
            };
        }
        let now = sandbox.clock.now(system);
        let all = sandbox.conversions(since, system);
        let due: Option<Timestamp> = all
            .iter()
            .flat_map(|(.., conversion)| [Some(conversion.visible_at), conversion.changes_at])
            .flatten()
            .filter(|due| *due > now)
            .min();
        let until = due.and_then(|due| sandbox.clock.until(due, system));
        let reachable = due.is_none() || until.is_some();
        let complete = sandbox.feed_is_complete(since);
        drop(sandbox);

        let conversions: Vec<Accepted> = all
            .into_iter()
            .filter(|(_, vendor, conversion)| {
                conversion.visible_at <= now && self.matches(vendor, conversion)
            })
            .map(|(n, vendor, conversion)| Accepted {
                n,
                vendor,
                conversion,
            })
            .collect();
        let satisfied = conversions.len() >= usize::try_from(at_least).unwrap_or(usize::MAX);
        if satisfied || left_ms == 0 || !reachable {
            return Look::Found(Found {
                conversions,
                complete,
                satisfied,
                reachable: satisfied || reachable,
            });
        }
        let due_ms = until
            .and_then(|wait| u64::try_from(wait.as_millis()).ok())
            .map_or(u64::MAX, |ms| ms.saturating_add(1));
        Look::Wait {
            changes,
            at_most_ms: left_ms.min(due_ms),
        }
    }

    fn matches(&self, vendor: &str, conversion: &Conversion) -> bool {
        let is = |wanted: &Option<String>, found: Option<&str>| {
            wanted.is_none() || wanted.as_deref() == found
        };
        is(&self.vendor, Some(vendor))
            && is(&self.who, Some(&conversion.who))
            && is(&self.name, conversion.name.as_deref())
            && is(&self.order_id, conversion.order_id.as_deref())
            && is(&self.state, conversion.state.as_deref())
    }
}
