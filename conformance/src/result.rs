//! What a run found out: the one model that every report is written from.
//!
//! Secrets are already replaced by their names here, and bodies cut to a length that a reader can take.

use serde::{Deserialize, Serialize};

/// The version of the report's form; it changes when a member changes its meaning or goes away.
pub const FORM: u32 = 1;

/// Everything about one run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Report {
    /// [`FORM`].
    pub form: u32,
    /// The program's version.
    pub version: String,
    /// What was judged.
    pub target: TargetShown,
    /// How it was judged.
    pub run: Run,
    /// How many requests the run could have sent, and how many it sent.
    pub requests: Requests,
    /// One entry a vendor and level, in the order of the catalogue.
    pub summary: Vec<Share>,
    /// Every rule that was looked at, in the order of the catalogue.
    pub rules: Vec<RuleResult>,
    /// Lines of the known-failures file that are stale, each with what to do.
    pub stale: Vec<String>,
    /// How it ended.
    pub exit: Exit,
}

/// What was judged.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TargetShown {
    /// The name from the target file, else the base URL.
    pub name: String,
    /// The vendors' base URLs, by vendor.
    pub base_urls: std::collections::BTreeMap<String, String>,
    /// Whether an admin API was there and granted.
    pub admin: bool,
}

/// How it was judged.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Run {
    /// The seed of the random cases.
    pub seed: u64,
    /// How many random cases a property had.
    pub cases: u32,
    /// The access granted: probe, read, write or admin.
    pub access: String,
    /// Whether all levels gate.
    pub strict: bool,
    /// `1/3`, if it was a shard.
    pub shard: Option<String>,
    /// Rule prefixes that were asked for; none means all.
    pub only: Vec<String>,
    /// Rule prefixes that were left out.
    pub skip: Vec<String>,
    /// When it began, RFC 3339 in UTC.
    pub started_at: String,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
}

/// Requests to the vendors' APIs; calls of the admin API do not count.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Requests {
    /// The most that the plan allows for.
    pub planned: u64,
    /// Those of the plan that may change the vendor's data.
    pub planned_writes: u64,
    /// How many were sent.
    pub sent: u64,
    /// How many of these may have changed the vendor's data.
    pub sent_writes: u64,
}

/// How many rules of one vendor and level ended in which way.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Share {
    /// The vendor.
    pub vendor: String,
    /// must, should or info.
    pub level: String,
    /// Whether a failure of this level fails the run.
    pub gating: bool,
    /// Selected rules: all but those not run.
    pub selected: u32,
    /// Verdicts.
    pub pass: u32,
    /// Verdicts.
    pub fail: u32,
    /// Those of `fail` that the known-failures file lists.
    pub known: u32,
    /// Verdicts.
    pub unproven: u32,
    /// Verdicts.
    pub blocked: u32,
    /// Verdicts.
    pub not_run: u32,
    /// Verdicts.
    pub error: u32,
}

/// What became of one rule.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RuleResult {
    /// Such as `comm100.mark.unknown_name`.
    pub id: String,
    /// The first part of the id.
    pub vendor: String,
    /// The obligation, as one sentence.
    pub says: String,
    /// must, should or info.
    pub level: String,
    /// probe, read, write or admin.
    pub needs: String,
    /// What the rule rests on.
    pub sources: Vec<Source>,
    /// What became of it.
    pub verdict: Verdict,
    /// Whether a failure of it fails the run.
    pub gating: bool,
    /// Why it is not proven, for people. Nothing for a pass.
    pub reason: Option<String>,
    /// What would unblock or run it: a line of the target file, or a flag.
    pub unblock: Option<String>,
    /// The reason from the known-failures file, if it lists the rule.
    pub known: Option<String>,
    /// What was looked at.
    pub evidence: Evidence,
    /// The failure, if it failed.
    pub failure: Option<Failure>,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
}

/// A fact that a rule rests on.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Source {
    /// Such as `C100-MRK-06`.
    pub fact: String,
    /// seed, documented, inferred or assumed.
    pub standing: String,
}

/// What became of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Kept, with evidence.
    Pass,
    /// Broken, and the failure shows it.
    Fail,
    /// Nothing speaks against it, but too little for it: a twin was refused, or an answer lacked what the next call needs.
    Unproven,
    /// State or access is missing.
    Blocked,
    /// Not selected, or the run stopped before.
    NotRun,
    /// A fault of this program.
    Error,
}

impl Verdict {
    /// As it stands in reports: `not-run`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Unproven => "unproven",
            Self::Blocked => "blocked",
            Self::NotRun => "not-run",
            Self::Error => "error",
        }
    }
}

/// What a verdict rests on.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Evidence {
    /// Cases that were judged: rows of the table and random ones.
    pub cases: u32,
    /// Exchanges that were judged.
    pub exchanges: u32,
    /// Accepted twins.
    pub twins: u32,
}

/// A breach, and the request that repeats it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Failure {
    /// The case, in words: `a conversion without OrderId`.
    pub case: String,
    /// What is wrong: `status`, `header Allow`, `body /errors/0/field`.
    pub aspect: String,
    /// What the rule demands.
    pub wanted: String,
    /// What came.
    pub got: String,
    /// Everything that led to it, in order; the exchange that shows the breach is the one with `breach`.
    pub exchanges: Vec<Exchange>,
    /// A curl line that repeats the request, with `$NAME` where a secret belongs.
    pub curl: String,
    /// How many steps the shrinking took, if the case was a random one.
    pub shrunk: Option<u32>,
}

/// A request and its answer, as they may be shown.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Exchange {
    /// What it is for: `submit`, `record`.
    pub label: String,
    /// setup, twin, tested or admin.
    pub role: String,
    /// Whether this one shows the breach.
    pub breach: bool,
    /// What was sent.
    pub request: RequestShown,
    /// What came back.
    pub answer: Option<AnswerShown>,
    /// Why nothing came back.
    pub error: Option<String>,
}

/// A request, as it may be shown.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RequestShown {
    /// The method.
    pub method: String,
    /// The whole URL.
    pub url: String,
    /// Headers in order.
    pub headers: Vec<(String, String)>,
    /// The body; what is no text is escaped, what is long is cut.
    pub body: String,
}

/// An answer, as it may be shown.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AnswerShown {
    /// The status.
    pub status: u16,
    /// Headers in order.
    pub headers: Vec<(String, String)>,
    /// The body; what is no text is escaped, what is long is cut.
    pub body: String,
}

/// How the run ended.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Exit {
    /// The exit code.
    pub code: u8,
    /// Why, in one line.
    pub reason: String,
}
