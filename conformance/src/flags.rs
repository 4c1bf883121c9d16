//! Every flag of the program.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use fixtures::{Needs, Vendor};

use crate::plan::Selection;
use crate::report::Destination;
use crate::run::Options;
use crate::target::Variables;

/// Judges an implementation of the conversion APIs of Comm100, Chase and impact.com by its base URL.
#[derive(Debug, Parser)]
#[command(name = "conformance", version, about, after_help = AFTER_HELP)]
pub struct Flags {
    /// What to do.
    #[command(subcommand)]
    pub task: Task,
}

const AFTER_HELP: &str = "\
Exit codes: 0 everything selected and gating is proven; 1 a gating rule failed; 2 wrong usage; 3 the known-failures
file is stale; 4 too little was proven; 5 the target cannot be reached or refuses the credentials; 6 stopped by budget
or quota; 7 refused for safety before sending; 70 a fault of this program.";

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Task {
    /// Judge a target and write reports
    Run(RunFlags),
    /// Say what a run would send, without sending it
    Plan(Judging),
    /// List the rules
    List(Selectors),
    /// Say what a rule demands, what it rests on, and how its check is shown to see
    Explain {
        /// The rule's id.
        id: String,
    },
    /// Count the facts that are proven, tested but unproven, and untestable
    Coverage {
        /// Prints every fact, not the counts alone
        #[arg(long)]
        facts: bool,
        /// A JSON report: proven is what passed there, instead of what the committed self-test shows
        #[arg(long, value_name = "FILE")]
        report: Option<PathBuf>,
    },
    /// Ask whether the target is there, and whether it takes the credentials
    Doctor(Judging),
    /// Show that every check fails when its rule is broken, at a mock-server
    Selftest(SelftestFlags),
}

/// What is judged.
#[derive(Args, Clone, Debug)]
#[group(multiple = false)]
pub struct Pointer {
    /// The base URL: of a mock-server, or of the one --vendor [env: CONFORMANCE_BASE_URL]
    #[arg(long, value_name = "URL")]
    pub base_url: Option<String>,
    /// A target file: base URLs, access granted, credentials, known objects [env: CONFORMANCE_TARGET]
    #[arg(long, value_name = "FILE")]
    pub target: Option<PathBuf>,
}

impl Pointer {
    /// The flag, or else the variable that stands for it: one flag outweighs both variables, which clap would not let it.
    #[must_use]
    pub fn or_variables(self, variables: Variables<'_>) -> Self {
        if self.base_url.is_some() || self.target.is_some() {
            return self;
        }
        let variable = |name: &str| variables(name).filter(|value| !value.is_empty());
        Self {
            base_url: variable("CONFORMANCE_BASE_URL"),
            target: variable("CONFORMANCE_TARGET").map(PathBuf::from),
        }
    }
}

/// Which rules.
#[derive(Args, Clone, Debug)]
pub struct Selectors {
    /// Only this vendor (repeatable): comm100, chase, impact
    #[arg(long, value_name = "VENDOR", value_parser = vendor)]
    pub vendor: Vec<Vendor>,
    /// Only rules whose id begins like this (repeatable): impact.items
    #[arg(long, value_name = "ID-PREFIX")]
    pub only: Vec<String>,
    /// No rules whose id begins like this (repeatable)
    #[arg(long, value_name = "ID-PREFIX")]
    pub skip: Vec<String>,
    /// Only the K-th of N parts
    #[arg(long, value_name = "K/N", value_parser = shard)]
    pub shard: Option<(u32, u32)>,
}

/// How to judge.
#[derive(Args, Clone, Debug)]
pub struct Judging {
    /// What is judged.
    #[command(flatten)]
    pub pointer: Pointer,
    /// Which rules.
    #[command(flatten)]
    pub selectors: Selectors,
    /// The most that may be done: what must be refused, safe methods, writes, a mock's admin API. Else what the target
    /// file grants, admin at a mock on this machine, or read
    #[arg(long, value_enum)]
    pub access: Option<Access>,
    /// Let should and info gate like must
    #[arg(long)]
    pub strict: bool,
    /// The seed of the random cases
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// How many random cases a property has, beside its table
    #[arg(long, value_name = "N", default_value_t = 16)]
    pub cases: u32,
    /// The most requests to the target
    #[arg(long, value_name = "N")]
    pub budget: Option<u64>,
    /// The most requests a second: 5/s
    #[arg(long, value_name = "N/s", value_parser = rate)]
    pub rate: Option<f64>,
    /// How many rules at a time [default: 8 with a sandbox for each, else 1]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=64))]
    pub jobs: Option<u16>,
    /// How many seconds to wait for an answer
    #[arg(long, value_name = "S", default_value = "10", value_parser = seconds)]
    pub timeout: Duration,
    /// The account that may be written to although the host is the vendor's own; the target file has to name it too
    #[arg(long, value_name = "ACCOUNT")]
    pub write_to: Option<String>,
}

/// How to judge and report.
#[derive(Args, Clone, Debug)]
pub struct RunFlags {
    /// How to judge.
    #[command(flatten)]
    pub judging: Judging,
    /// A file of known failures: rule prefix, target, reason, expiry
    #[arg(long, value_name = "FILE")]
    pub known: Option<PathBuf>,
    /// How many percent of the selected gating rules must be proven
    #[arg(long, value_name = "PCT", default_value = "100", value_parser = percent)]
    pub min_proven: f64,
    /// human, github, json=FILE, junit=FILE, html=FILE or md=FILE (repeatable) [default: human]
    #[arg(long, value_name = "FORM", value_parser = Destination::parse)]
    pub report: Vec<Destination>,
}

/// How to test the checks.
#[derive(Args, Clone, Debug)]
pub struct SelftestFlags {
    /// The base URL of a mock-server
    #[arg(long, value_name = "URL", env = "CONFORMANCE_BASE_URL")]
    pub base_url: String,
    /// Only this vendor (repeatable)
    #[arg(long, value_name = "VENDOR", value_parser = vendor)]
    pub vendor: Vec<Vendor>,
    /// Only deviations whose id begins like this (repeatable): a rule's id names all of its own
    #[arg(long, value_name = "ID-PREFIX")]
    pub only: Vec<String>,
    /// The seed of the random cases; with --seeds the first of them
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// With how many seeds, one after another
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=1000))]
    pub seeds: u64,
    /// How many random cases a property has
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub cases: u32,
    /// How many rules at a time
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub jobs: u16,
    /// Writes rule by deviation: JSON
    #[arg(long, value_name = "FILE")]
    pub matrix: Option<PathBuf>,
    /// Writes rule by deviation: a page
    #[arg(long, value_name = "FILE")]
    pub page: Option<PathBuf>,
}

/// The access ladder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Access {
    /// Requests that must be refused
    Probe,
    /// Safe methods
    Read,
    /// Calls that change the vendor's data
    Write,
    /// The admin API of a mock
    Admin,
}

impl From<Access> for Needs {
    fn from(access: Access) -> Self {
        match access {
            Access::Probe => Self::Probe,
            Access::Read => Self::Read,
            Access::Write => Self::Write,
            Access::Admin => Self::Admin,
        }
    }
}

impl Selectors {
    /// As a selection.
    pub fn selection(&self) -> Selection {
        Selection {
            vendors: self.vendor.clone(),
            only: self.only.clone(),
            skip: self.skip.clone(),
            shard: self.shard,
        }
    }
}

impl Judging {
    /// As options of a run.
    pub fn options(&self) -> Options {
        Options {
            selection: self.selectors.selection(),
            access: self.access.map(Needs::from),
            strict: self.strict,
            seed: self.seed,
            cases: self.cases,
            budget: self.budget,
            rate: self.rate,
            jobs: self.jobs.map(usize::from),
            timeout: self.timeout,
            write_to: self.write_to.clone(),
        }
    }
}

impl SelftestFlags {
    /// As options of a run with one seed.
    pub fn options(&self, seed: u64) -> Options {
        Options {
            selection: Selection {
                vendors: self.vendor.clone(),
                ..Selection::default()
            },
            access: None,
            strict: true,
            seed,
            cases: self.cases,
            budget: None,
            rate: None,
            jobs: Some(usize::from(self.jobs)),
            timeout: Duration::from_secs(30),
            write_to: None,
        }
    }
}

fn vendor(name: &str) -> Result<Vendor, String> {
    fixtures::vendor(name).ok_or_else(|| {
        let names: Vec<&str> = fixtures::VENDORS
            .iter()
            .map(|vendor| vendor.name())
            .collect();
        format!("the vendors are {}", names.join(", "))
    })
}

fn shard(text: &str) -> Result<(u32, u32), String> {
    let wrong = || "it has to be K/N with K from 1 to N, such as 1/3".to_owned();
    let (part, parts) = text.split_once('/').ok_or_else(wrong)?;
    match (part.parse(), parts.parse()) {
        (Ok(part), Ok(parts)) if (1..=parts).contains(&part) => Ok((part, parts)),
        _ => Err(wrong()),
    }
}

fn rate(text: &str) -> Result<f64, String> {
    positive(text.strip_suffix("/s").unwrap_or(text))
        .ok_or_else(|| "it has to be a number of requests a second above 0, such as 5/s".to_owned())
}

fn seconds(text: &str) -> Result<Duration, String> {
    positive(text)
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .filter(|timeout| *timeout <= Duration::from_secs(3600))
        .ok_or_else(|| "it has to be a number of seconds above 0, 3600 at the most".to_owned())
}

fn positive(text: &str) -> Option<f64> {
    text.parse()
        .ok()
        .filter(|number: &f64| *number > 0.0 && number.is_finite() && *number >= 0.001)
}

fn percent(text: &str) -> Result<f64, String> {
    text.trim_end_matches('%')
        .parse()
        .ok()
        .filter(|percent| (0.0..=100.0).contains(percent))
        .ok_or_else(|| "it has to be a number from 0 to 100".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flags_agree_with_each_other() {
        <Flags as clap::CommandFactory>::command().debug_assert();
    }

    #[test]
    fn values_are_looked_at() {
        assert_eq!(shard("2/3"), Ok((2, 3)));
        assert!(
            ["", "0/3", "4/3", "1/0", "a/b", "1"]
                .iter()
                .all(|text| shard(text).is_err())
        );
        assert_eq!(rate("0.5/s"), Ok(0.5));
        assert!(
            ["0", "-1/s", "inf", "nan", "x"]
                .iter()
                .all(|text| rate(text).is_err())
        );
        assert!(["0", "-1", "1e9"].iter().all(|text| seconds(text).is_err()));
        assert!(["101", "-1", "x"].iter().all(|text| percent(text).is_err()));
        assert_eq!(percent("95%"), Ok(95.0));
    }
}
