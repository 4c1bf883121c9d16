//! The self-test: one deviation after another is turned on at a mock, and exactly the rules that it names must fail.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt::Write as _;
use std::rc::Rc;

use fixtures::{Deviation, Vendor};
use serde::{Deserialize, Serialize};

use crate::catalogue::{Item, has_prefix};
use crate::result::Verdict;
use crate::run::{Deviations, Options, RuleRun, Run, Unfit};
use crate::target::Target;

/// What the self-test found out: rule by deviation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Matrix {
    /// With how many seeds nothing else was seen.
    pub seeds: u64,
    /// By deviation: by rule that failed, what was wrong.
    pub kills: BTreeMap<String, BTreeMap<String, String>>,
}

/// What went wrong: one line each, nothing if all is well.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    /// Complaints.
    pub complaints: Vec<String>,
    /// What was seen, umbrella rules left out.
    pub matrix: Matrix,
    /// How many deviations were tried.
    pub deviations: usize,
    /// How many rules were driven again, all deviations together.
    pub judged: usize,
}

/// Runs the self-test for the deviations with one of the prefixes `only`, or all.
///
/// # Errors
///
/// When the target is no mock, a selector matches nothing, or the mock cannot be asked.
pub async fn selftest(
    target: &Target,
    options: &Options,
    only: &[String],
    mut tried: impl FnMut(&str, bool),
) -> Result<Findings, Unfit> {
    let mut findings = Findings::default();
    let mut matched = false;
    for vendor in fixtures::VENDORS {
        if !options.selection.vendors.is_empty() && !options.selection.vendors.contains(&vendor) {
            continue;
        }
        let all = Deviation::read_all(vendor).map_err(|error| Unfit::Fault(error.to_string()))?;
        let deviations: Vec<Deviation> = all
            .into_iter()
            .filter(|deviation| {
                only.is_empty() || only.iter().any(|prefix| has_prefix(&deviation.id, prefix))
            })
            .collect();
        if deviations.is_empty() {
            continue;
        }
        matched = true;
        let run = prepared(target, options, vendor).await?;
        // Without any deviation, while each counts the calls that it would change.
        let all = (0..run.planned.len()).collect();
        let watching = Deviations {
            ids: deviations
                .iter()
                .map(|deviation| deviation.id.clone())
                .collect(),
            watched: true,
        };
        let untouched = run.some_rules(all, watching, |_| {}).await;
        let mut baseline: Vec<RuleRun> = untouched.values().cloned().collect();
        run.judge_invariants(&mut baseline);
        let mut sound = true;
        for rule in baseline
            .iter()
            .filter(|rule| rule.result.verdict != Verdict::Pass)
        {
            sound = false;
            findings.complaints.push(format!(
                "{} is {} without any deviation: {}",
                rule.result.id,
                rule.result.verdict.as_str(),
                rule.result.reason.as_deref().unwrap_or_default()
            ));
        }
        tried(&format!("{}, without deviation", vendor.name()), sound);
        let umbrellas: BTreeMap<String, Vec<String>> = run
            .planned
            .iter()
            .filter(|planned| planned.item.is_umbrella())
            .map(|planned| (planned.item.id.clone(), planned.item.rule.covers.clone()))
            .collect();
        for deviation in &deviations {
            // A deviation that would change none of a rule's calls leaves its exchanges, and so its verdict, as they are:
            // the same calls in the same order meet the same answers. Only the other rules are driven again.
            let touched: VecDeque<usize> = untouched
                .iter()
                .filter(|(_, rule)| rule.activations.get(&deviation.id) != Some(&0))
                .filter(|(_, rule)| !rule.activations.is_empty())
                .map(|(number, _)| *number)
                .collect();
            findings.deviations += 1;
            findings.judged += touched.len();
            let breaking = Deviations {
                ids: vec![deviation.id.clone()],
                watched: false,
            };
            let again = run.some_rules(touched, breaking, |_| {}).await;
            let mut runs: Vec<RuleRun> = untouched
                .iter()
                .map(|(number, rule)| match again.get(number) {
                    Some(again) => again.clone(),
                    None => rule.without_activations(),
                })
                .collect();
            run.judge_invariants(&mut runs);
            let complaints = judge(deviation, &runs, &baseline, &umbrellas);
            tried(&deviation.id, complaints.is_empty());
            findings.complaints.extend(complaints);
            let failed = runs
                .iter()
                .filter(|rule| !umbrellas.contains_key(&rule.result.id))
                .filter_map(|rule| {
                    let failure = rule.result.failure.as_ref()?;
                    Some((rule.result.id.clone(), failure.aspect.clone()))
                });
            findings
                .matrix
                .kills
                .insert(deviation.id.clone(), failed.collect());
        }
        if only.is_empty() {
            let items = run.planned.iter().map(|planned| &planned.item);
            findings
                .complaints
                .extend(unwitnessed(items, &findings.matrix));
        }
    }
    if !matched {
        return Err(Unfit::Usage(format!(
            "no deviation begins with {}",
            only.join(" or ")
        )));
    }
    Ok(findings)
}

async fn prepared(target: &Target, options: &Options, vendor: Vendor) -> Result<Rc<Run>, Unfit> {
    let mut options = options.clone();
    options.selection.vendors = vec![vendor];
    let run = Run::prepare(target.clone(), options).await?;
    if run.with_sandboxes {
        Ok(Rc::new(run))
    } else {
        Err(Unfit::Usage(format!(
            "the self-test needs a mock-server, and {} has no admin API",
            run.target.name
        )))
    }
}

/// What is wrong with what a deviation led to.
fn judge(
    deviation: &Deviation,
    runs: &[RuleRun],
    baseline: &[RuleRun],
    umbrellas: &BTreeMap<String, Vec<String>>,
) -> Vec<String> {
    let mut complaints = Vec::new();
    let mut complain = |text: String| complaints.push(format!("{}: {text}", deviation.id));
    let active: u64 = runs
        .iter()
        .filter_map(|rule| rule.activations.get(&deviation.id))
        .sum();
    if active == 0 {
        complain("it never took effect".to_owned());
    }
    for (rule, before) in runs.iter().zip(baseline) {
        let result = &rule.result;
        let named = deviation.breaks.contains(&result.id);
        if before.result.verdict != Verdict::Pass {
            continue;
        }
        match result.verdict {
            Verdict::Fail if named => {
                let aspect = result
                    .failure
                    .as_ref()
                    .map_or("", |failure| &failure.aspect);
                if let Some(shows) = &deviation.shows
                    && !aspect.starts_with(shows.as_str())
                {
                    complain(format!(
                        "{} fails for its {aspect}, not its {shows}",
                        result.id
                    ));
                }
            }
            Verdict::Fail => {
                let covered = umbrellas.get(&result.id).is_some_and(|covers| {
                    covers.iter().any(|prefix| {
                        deviation
                            .breaks
                            .iter()
                            .any(|broken| has_prefix(broken, prefix))
                    })
                });
                if !covered {
                    complain(format!(
                        "{} fails too: {}",
                        result.id,
                        result.reason.as_deref().unwrap_or_default()
                    ));
                }
            }
            Verdict::Error => complain(format!(
                "{} could not be judged: {}",
                result.id,
                result.reason.as_deref().unwrap_or_default()
            )),
            verdict if named => complain(format!(
                "{} is {}, although it is broken{}",
                result.id,
                verdict.as_str(),
                result
                    .reason
                    .as_ref()
                    .map(|why| format!(": {why}"))
                    .unwrap_or_default()
            )),
            _ => {}
        }
    }
    complaints
}

/// The rules that no deviation shows to fail alone.
fn unwitnessed<'a>(items: impl Iterator<Item = &'a Item>, matrix: &Matrix) -> Vec<String> {
    let alone: BTreeSet<&str> = matrix
        .kills
        .values()
        .filter(|failed| failed.len() == 1)
        .flat_map(|failed| failed.keys().map(String::as_str))
        .collect();
    items
        .filter(|item| !item.is_umbrella() && item.rule.inseparable.is_none())
        .filter(|item| !alone.contains(item.id.as_str()))
        .map(|item| format!("{} is never the only rule that fails", item.id))
        .collect()
}

impl Matrix {
    /// The matrix as a page: by vendor, each rule with the deviations that show it, and what was wrong.
    pub fn page(&self) -> String {
        let mut shown: BTreeMap<&str, Vec<(&str, &str, usize)>> = BTreeMap::new();
        for (deviation, failed) in &self.kills {
            for (rule, aspect) in failed {
                shown
                    .entry(rule)
                    .or_default()
                    .push((deviation, aspect, failed.len() - 1));
            }
        }
        let mut page = String::from(
            "# What the checks see\n\n\
             One row a rule: the deviations that it was seen to fail under, and what was wrong with the answer. A number in\n\
             brackets: so many other rules failed beside it. Written by the self-test.\n\n",
        );
        let _ = writeln!(
            page,
            "{} deviations; seeds: {}.",
            self.kills.len(),
            self.seeds
        );
        for vendor in fixtures::VENDORS {
            let rules = shown
                .iter()
                .filter(|(rule, _)| has_prefix(rule, vendor.name()));
            let _ = write!(
                page,
                "\n## {}\n\n| rule | deviation: what was wrong |\n| --- | --- |\n",
                vendor.name()
            );
            for (rule, deviations) in rules {
                let cells: Vec<String> = deviations
                    .iter()
                    .map(|(deviation, aspect, others)| {
                        let name = deviation
                            .strip_prefix(&format!("{rule}."))
                            .unwrap_or(deviation);
                        let beside = if *others > 0 {
                            format!(" ({others})")
                        } else {
                            String::new()
                        };
                        format!("{name}: {aspect}{beside}").replace('|', "\\|")
                    })
                    .collect();
                let _ = writeln!(page, "| {rule} | {} |", cells.join("<br>"));
            }
        }
        page
    }
}
