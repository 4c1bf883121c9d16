//! Every rule is a test of its name: of the server at `CONFORMANCE_BASE_URL`, or else of a mock-server.
//!
//! `CONFORMANCE_VENDOR` says whose API is there where the server has no admin API; credentials and known objects come
//! from the variables that `conformance run` reads. All rules that are asked for are judged by one run, which the first
//! test starts.

#[path = "support/mock.rs"]
mod mock;

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::rc::Rc;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use conformance::catalogue::{self, Item};
use conformance::plan::Selection;
use conformance::report::Format;
use conformance::result::Verdict;
use conformance::run::{Options, Run};
use conformance::target::Target;
use conformance::{assess, result::RuleResult};
use fixtures::Vendor;
use jiff::Timestamp;
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use mock::Mock;

/// What became of a rule: its verdict, whether that gates, and what the report says about it.
type Judged = BTreeMap<String, (Verdict, bool, String)>;

/// What is judged, and which of its rules.
struct Question {
    base_url: Option<String>,
    vendor: Option<Vendor>,
    only: Vec<String>,
}

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let vendor = std::env::var("CONFORMANCE_VENDOR").ok().map(|name| {
        fixtures::vendor(&name).expect("CONFORMANCE_VENDOR is comm100, chase or impact")
    });
    let items: Vec<Item> = catalogue::all()
        .into_iter()
        .filter(|item| vendor.is_none_or(|vendor| item.vendor == vendor))
        .collect();
    let asked: Vec<&Item> = items
        .iter()
        .filter(|item| {
            let named = Trial::test(item.id.clone(), || Ok(())).with_kind(item.vendor.name());
            !arguments.is_filtered_out(&named)
        })
        .collect();
    let question = Question {
        base_url: std::env::var("CONFORMANCE_BASE_URL").ok(),
        vendor,
        only: if asked.len() == items.len() {
            Vec::new()
        } else {
            // A rule about whole answers looks at those of the rules that it covers.
            let covered = asked.iter().flat_map(|item| item.rule.covers.clone());
            asked
                .iter()
                .map(|item| item.id.clone())
                .chain(covered)
                .collect()
        },
    };
    let answer: Arc<(Question, OnceLock<Result<Judged, String>>)> =
        Arc::new((question, OnceLock::new()));
    let trials = items
        .iter()
        .map(|item| {
            let (id, answer) = (item.id.clone(), Arc::clone(&answer));
            let kind = item.vendor.name();
            Trial::ignorable_test(item.id.clone(), move || {
                let (question, judged) = &*answer;
                completion(&id, judged.get_or_init(|| judge_once(question)))
            })
            .with_kind(kind)
        })
        .collect();
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// What a test says about its rule. What does not gate, or was not to be run, is shown as ignored.
fn completion(id: &str, judged: &Result<Judged, String>) -> Result<Completion, Failed> {
    let (verdict, gating, text) = judged
        .as_ref()?
        .get(id)
        .ok_or_else(|| format!("{id} was not judged"))?;
    match verdict {
        Verdict::Pass => Ok(Completion::Completed),
        Verdict::NotRun => Ok(Completion::ignored_with("not run")),
        Verdict::Error => Err(text.into()),
        Verdict::Fail | Verdict::Unproven | Verdict::Blocked if *gating => Err(text.into()),
        verdict => Ok(Completion::ignored_with(format!(
            "{}, and does not gate",
            verdict.as_str()
        ))),
    }
}

/// A run that panics would begin anew with every test if nobody caught it.
fn judge_once(question: &Question) -> Result<Judged, String> {
    std::thread::scope(|scope| scope.spawn(|| judge(question)).join())
        .unwrap_or_else(|_| Err("the run panicked; its message stands above".to_owned()))
}

fn judge(question: &Question) -> Result<Judged, String> {
    let mock = question.base_url.is_none().then(Mock::start);
    let base_url = match (&question.base_url, &mock) {
        (Some(url), _) => url,
        (None, mock) => &mock.as_ref().expect("it was just started").http,
    };
    let vendors = question
        .vendor
        .map_or(fixtures::VENDORS.to_vec(), |vendor| vec![vendor]);
    let target = Target::of_url(base_url, &vendors, &|name| std::env::var(name).ok())
        .map_err(|error| error.to_string())?;
    let options = Options {
        selection: Selection {
            vendors: question.vendor.into_iter().collect(),
            only: question.only.clone(),
            ..Selection::default()
        },
        access: None,
        // Our own server keeps every level; another one's warn as they would in its own run.
        strict: mock.is_some(),
        seed: 1,
        cases: 16,
        budget: None,
        rate: None,
        jobs: None,
        timeout: Duration::from_secs(10),
        write_to: None,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?;
    runtime.block_on(async {
        let run = Run::prepare(target, options)
            .await
            .map_err(|unfit| unfit.to_string())?;
        let run = Rc::new(run);
        run.greet().await.map_err(|unfit| unfit.to_string())?;
        let results = assess::results(run.rules(|_| {}).await);
        Ok(results
            .into_iter()
            .map(|rule| {
                let text = told(&run, &rule);
                (rule.id, (rule.verdict, rule.gating, text))
            })
            .collect())
    })
}

/// The report for people, of this rule alone.
fn told(run: &Run, rule: &RuleResult) -> String {
    let (started_at, started) = (Timestamp::now(), Instant::now());
    let rules = vec![rule.clone()];
    let report = assess::report(run, rules, Vec::new(), 100.0, started_at, started.elapsed());
    Format::Human.render(&report)
}
