//! How fast and how much may be sent: the budget, the rate, and what a target says about both.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use fixtures::Needs;
use tokio::time::Instant;

use crate::exchange::Answer;

/// How long a `Retry-After` may be for the run to wait; beyond it the run stops.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// How long to wait where a 429 does not say.
const USUAL_WAIT: Duration = Duration::from_secs(1);
/// How many of these in a row stop the run.
const MOST_TOO_MANY: u32 = 2;

/// After so many waits in vain for a state that a target comes to later, none is begun any more.
const MOST_IN_VAIN: u32 = 3;

/// What all rules of a run share.
#[derive(Debug)]
pub struct Pace {
    /// The access granted: nothing beyond it is sent.
    access: Needs,
    interval: Duration,
    next: Cell<Option<Instant>>,
    sent: Cell<u64>,
    writes: Cell<u64>,
    too_many: Cell<u32>,
    vain: Cell<u32>,
    stopped: RefCell<Option<String>>,
}

impl Pace {
    /// So many requests a second at the most, if there is a limit.
    pub fn new(access: Needs, rate: Option<f64>) -> Self {
        Self {
            access,
            interval: rate.map_or(Duration::ZERO, |rate| Duration::from_secs_f64(1.0 / rate)),
            next: Cell::new(None),
            sent: Cell::new(0),
            writes: Cell::new(0),
            too_many: Cell::new(0),
            vain: Cell::new(0),
            stopped: RefCell::new(None),
        }
    }

    /// Waits for the turn of a request that takes `needs`.
    ///
    /// # Errors
    ///
    /// Why it must not be sent.
    pub async fn turn(&self, needs: Needs) -> Result<(), String> {
        if let Some(why) = &*self.stopped.borrow() {
            return Err(why.clone());
        }
        if needs > self.access {
            let [needs, granted] = [needs, self.access].map(crate::catalogue::access);
            return Err(format!(
                "it takes --access {needs}, and {granted} is granted"
            ));
        }
        if !self.interval.is_zero() || self.next.get().is_some() {
            let now = Instant::now();
            let turn = self.next.get().map_or(now, |next| next.max(now));
            self.next.set(Some(turn + self.interval));
            tokio::time::sleep_until(turn).await;
        }
        self.sent.set(self.sent.get() + 1);
        if needs == Needs::Write {
            self.writes.set(self.writes.get() + 1);
        }
        Ok(())
    }

    /// Takes in an answer: whether it is a 429 that nobody waited for. Then the next request waits as long as it asks
    /// for, or, if that is too long or not the first time, none is sent any more.
    pub fn is_too_many(&self, answer: &Answer, awaited: bool) -> bool {
        if answer.status != 429 || awaited {
            self.too_many.set(0);
            return false;
        }
        let wait = answer
            .header("retry-after")
            .and_then(asked_for)
            .unwrap_or(USUAL_WAIT);
        self.too_many.set(self.too_many.get() + 1);
        if self.too_many.get() >= MOST_TOO_MANY {
            self.stop(format!("{MOST_TOO_MANY} answers with 429 in a row"));
        } else if wait > LONGEST_WAIT {
            self.stop(format!(
                "a 429 that asks to come back in {} s",
                wait.as_secs()
            ));
        } else {
            self.next.set(Some(Instant::now() + wait));
        }
        true
    }

    /// Whether what was waited for has come so far. Where it never does, a run would wait for hours.
    pub fn is_worth_waiting(&self) -> bool {
        self.vain.get() < MOST_IN_VAIN
    }

    /// Takes in that what was waited for did not come.
    pub fn waited_in_vain(&self) {
        self.vain.set(self.vain.get() + 1);
    }

    /// Sends nothing from now on.
    pub fn stop(&self, why: String) {
        self.stopped.borrow_mut().get_or_insert(why);
    }

    /// Why nothing is sent any more.
    pub fn stopped(&self) -> Option<String> {
        self.stopped.borrow().clone()
    }

    /// How many requests were sent, and how many of these may have changed something.
    pub fn sent(&self) -> (u64, u64) {
        (self.sent.get(), self.writes.get())
    }
}

/// What `Retry-After` asks for: seconds, or a date.
fn asked_for(value: &str) -> Option<Duration> {
    if let Ok(seconds) = value.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = jiff::fmt::rfc2822::parse(value.trim()).ok()?;
    let wait = date.timestamp().duration_since(jiff::Timestamp::now());
    Some(Duration::try_from(wait).unwrap_or(Duration::ZERO))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        assert_eq!(asked_for(" 7 "), Some(Duration::from_secs(7)));
        assert_eq!(
            asked_for("Wed, 21 Oct 2015 07:28:00 GMT"),
            Some(Duration::ZERO)
        );
        let far = asked_for("Fri, 21 Oct 2095 07:28:00 GMT").unwrap();
        assert!(far > LONGEST_WAIT);
        for nothing in ["", "soon", "-1"] {
            assert_eq!(asked_for(nothing), None);
        }
    }
}
