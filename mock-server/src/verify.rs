//! Whether the calls that were made are those that a test expects; if not, which ones come near, and where they differ.
//! No I/O, and nobody waits here.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::document::Mistake;
use crate::journal::{Entry, Filter, Journal};
use crate::matcher::{Difference, Match, Matcher};
use crate::sandbox::{Look, Slot};
use crate::tally::Tally;

/// How many calls that are nearly meant are shown.
const NEAREST: usize = 3;
/// How many numbers of calls that are meant are shown.
const SHOWN: usize = 100;

/// How many calls are expected: `exactly`, or one or both of the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Count {
    /// So many.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exactly: Option<u64>,
    /// So many or more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_least: Option<u64>,
    /// So many or fewer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_most: Option<u64>,
}

/// Whether the calls are as expected, and what else there is to say.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Verdict {
    /// Whether the calls are as expected.
    pub ok: bool,
    /// How many are meant.
    pub matched: u64,
    /// How many were expected.
    pub count: Count,
    /// Whether every call was looked at; if not, an upper bound cannot be confirmed.
    pub complete: bool,
    /// The numbers of those that are meant, oldest first, the last hundred at the most.
    pub requests: Vec<u64>,
    /// If it is not ok: calls that are nearly meant, nearest first, and where they differ.
    pub nearest: Vec<Near>,
}

/// A call that is nearly meant.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Near {
    /// Where it differs; empty for one that is meant, if there are too many of these.
    pub differences: Vec<Difference>,
    /// Its journal entry, without headers.
    #[serde(flatten)]
    pub call: serde_json::Map<String, Value>,
}

/// What is wanted, checked and compiled.
#[derive(Debug)]
pub struct Verifier {
    matcher: Matcher,
    count: Count,
    bounds: Bounds,
}

/// The least and the most that are expected.
#[derive(Clone, Copy, Debug)]
struct Bounds {
    least: u64,
    most: Option<u64>,
}

impl Verifier {
    /// Checks what is wanted.
    ///
    /// # Errors
    ///
    /// When a member is wrong or contradicts another one.
    pub fn new(wanted: Match, count: Count) -> Result<Self, Mistake> {
        Ok(Self {
            bounds: count.bounds()?,
            matcher: Matcher::new(wanted).map_err(|mistake| mistake.below("match"))?,
            count,
        })
    }

    /// Whether waiting longer cannot change a verdict for the better, or would make no difference.
    pub fn is_settled(&self, verdict: &Verdict) -> bool {
        match self.bounds.most {
            // Too many never become fewer.
            Some(most) if verdict.matched > most => true,
            // Enough are enough, unless the only question is whether there will be too many.
            most => verdict.ok && (self.bounds.least > 0 || most.is_none()),
        }
    }

    /// Holds the calls so far against what is wanted, for somebody who would wait `left_ms` for more of them.
    pub fn look(&self, slot: &Slot, left_ms: u64) -> Look<Verdict> {
        // Read before the journal: a change in between makes the next look come at once.
        let changes = slot.changes();
        let sandbox = slot.lock();
        let verdict = self.judge(&sandbox.journal, &sandbox.tally);
        drop(sandbox);
        if left_ms == 0 || self.is_settled(&verdict) {
            return Look::Found(verdict);
        }
        Look::Wait {
            changes,
            at_most_ms: left_ms,
        }
    }

    /// Holds a journal, and what is counted of it, against what is wanted.
    pub fn judge(&self, journal: &Journal, tally: &Tally) -> Verdict {
        let Self {
            matcher,
            count,
            bounds,
        } = self;
        // Calls whose entries somebody had forgotten are none any more, though they stay counted.
        let cleared = journal.cleared();
        let since = matcher.wanted().since.unwrap_or(0).max(cleared);
        let everything = Filter {
            since: Some(since),
            ..Filter::default()
        };
        let mut requests = Vec::new();
        let mut others: Vec<(Vec<Difference>, &Entry)> = Vec::new();
        let mut matched = 0;
        for entry in journal.matching(&everything, None) {
            match entry.judge(matcher) {
                Ok(()) => {
                    matched += 1;
                    if requests.len() < SHOWN {
                        requests.push(entry.n());
                    }
                }
                Err(differences) => {
                    others.push((differences, entry));
                    // Newest first, so of equals the newest stay; but what was refused is what a test wonders about.
                    others.sort_by_key(|(differences, entry)| {
                        (distance(differences), !entry.is_refused())
                    });
                    others.truncate(NEAREST);
                }
            }
        }
        requests.reverse();
        let mut complete = journal.is_complete(everything.since);
        if !complete && cleared == 0 && matcher.is_counted() {
            // What was dropped stays counted.
            matched = tally
                .counts()
                .filter(|(group, _)| {
                    let refused = group.refused_by.is_some();
                    matcher.meets_group(group.vendor, group.route, group.status, refused)
                })
                .map(|(_, calls)| calls)
                .sum();
            complete = true;
        }
        let within = matched >= bounds.least && bounds.most.is_none_or(|most| matched <= most);
        let ok = within && (complete || bounds.most.is_none());
        let near = |(differences, entry): (Vec<Difference>, &Entry)| Near {
            differences,
            call: entry.summary(),
        };
        let nearest: Vec<Near> = if ok {
            Vec::new()
        } else if matched < bounds.least {
            others.into_iter().map(near).collect()
        } else {
            // Too many: the ones that were not expected are among these.
            let newest = requests.iter().rev().take(NEAREST);
            newest
                .filter_map(|n| Some(near((Vec::new(), journal.get(*n)?))))
                .collect()
        };
        Verdict {
            ok,
            matched,
            count: *count,
            complete,
            requests,
            nearest,
        }
    }
}

impl Verdict {
    /// Goes on if the calls are as expected.
    ///
    /// # Panics
    ///
    /// If they are not, with everything that there is to say.
    #[track_caller]
    pub fn assert(&self) {
        assert!(self.ok, "{self}");
    }
}

/// `1 call is meant, exactly 2 were expected`, and a line for each call that is nearly meant.
impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.matched {
            1 => f.write_str("1 call is meant")?,
            matched => write!(f, "{matched} calls are meant")?,
        }
        write!(f, ", {} expected", self.count)?;
        if !self.complete {
            f.write_str("; older calls are no longer kept, so there may have been more")?;
        }
        for near in &self.nearest {
            let told = |member: &str| match near.call.get(member) {
                Some(Value::String(text)) => text.clone(),
                Some(value) => value.to_string(),
                None => String::new(),
            };
            let [n, method, target, status] = ["n", "method", "target", "status"].map(told);
            write!(f, "\n  {n}: {method} {target}, answered {status}")?;
            for difference in &near.differences {
                let Difference {
                    member,
                    wanted,
                    found,
                    why,
                } = difference;
                write!(f, "; {member}: wanted {wanted}, found {found}")?;
                why.iter().try_for_each(|why| write!(f, " ({why})"))?;
            }
            if near.call.get("why").is_some_and(|why| !why.is_null()) {
                write!(f, "; {}", told("why"))?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.exactly, self.at_least, self.at_most) {
            (Some(n), ..) => write!(f, "exactly {n}"),
            (None, Some(least), Some(most)) => write!(f, "{least} to {most}"),
            (None, None, Some(most)) => write!(f, "at most {most}"),
            (None, least, None) => write!(f, "at least {}", least.unwrap_or(1)),
        }
    }
}

/// How far a call is from what is meant: another vendor or route is another call altogether, another value may be another
/// order, a value that is missing is rather this one, and so is one that was only answered differently.
fn distance(differences: &[Difference]) -> usize {
    let each = differences
        .iter()
        .map(|difference| match difference.member.as_str() {
            "vendor" | "route" | "method" | "path" | "unmatched" => 4,
            "status" | "refused" | "refused_by" | "fault" => 1,
            // With a reason it is missing because such a call never has it.
            _ if difference.found.is_null() && difference.why.is_some() => 3,
            _ if difference.found.is_null() => 1,
            _ => 2,
        });
    each.sum()
}

impl Count {
    /// So many.
    pub fn exactly(n: u64) -> Self {
        Self {
            exactly: Some(n),
            ..Self::default()
        }
    }

    /// So many or more.
    pub fn at_least(n: u64) -> Self {
        Self {
            at_least: Some(n),
            ..Self::default()
        }
    }

    /// So many or fewer.
    pub fn at_most(n: u64) -> Self {
        Self {
            at_most: Some(n),
            ..Self::default()
        }
    }

    /// From the first to the second.
    pub fn between(least: u64, most: u64) -> Self {
        Self {
            exactly: None,
            at_least: Some(least),
            at_most: Some(most),
        }
    }

    fn bounds(self) -> Result<Bounds, Mistake> {
        match (self.exactly, self.at_least, self.at_most) {
            (Some(n), None, None) => Ok(Bounds {
                least: n,
                most: Some(n),
            }),
            (Some(_), ..) => Err(Mistake::new(
                ["count"],
                "exactly stands alone; leave at_least and at_most out",
            )),
            (None, Some(least), Some(most)) if least > most => Err(Mistake::new(
                ["count"],
                format!("at_least {least} and at_most {most} contradict each other"),
            )),
            (None, None, None) => Ok(Bounds {
                least: 1,
                most: None,
            }),
            (None, least, most) => Ok(Bounds {
                least: least.unwrap_or(0),
                most,
            }),
        }
    }
}
