//! A run: every planned rule is driven and judged, several at a time where the target allows it.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::time::Duration;

use fixtures::{Needs, Vendor};
use jiff::Timestamp;
use tokio::task::LocalSet;

use crate::catalogue::{self, Item};
use crate::check::{Case, Check, Drawn, Invariant};
use crate::client::{Client, NoAnswer};
use crate::driver::{Driven, Session};
use crate::exchange::{Party, Role, Transcript};
use crate::expect::Breach;
use crate::judge::Ruling;
use crate::pace::Pace;
use crate::plan::{self, Fate, MOST_SHRINKS, Planned, Selection, SelectionError};
use crate::property;
use crate::result::{Evidence, Failure, RuleResult, Source, Verdict};
use crate::sandbox::{self, Maker, Sandbox};
use crate::secret::Redactor;
use crate::show::Show;
use crate::target::{Target, VendorTarget, is_documented};
use crate::vendors::VENDORS;
use crate::world::World;

/// The most requests that ask a vendor whether the credentials are good: one, and one more after a 429.
const HELLOS: u64 = 2;

/// How a target is to be judged.
#[derive(Clone, Debug)]
pub struct Options {
    /// Which rules.
    pub selection: Selection,
    /// The access asked for; nothing means what the target grants.
    pub access: Option<Needs>,
    /// Whether all levels gate.
    pub strict: bool,
    /// The seed of the random cases.
    pub seed: u64,
    /// How many random cases a property has.
    pub cases: u32,
    /// The most requests.
    pub budget: Option<u64>,
    /// The most requests a second.
    pub rate: Option<f64>,
    /// How many rules at a time; nothing means eight with a sandbox each, else one.
    pub jobs: Option<usize>,
    /// How long to wait for an answer.
    pub timeout: Duration,
    /// The account that may be written to although the host is the vendor's own.
    pub write_to: Option<String>,
}

/// A run that does not begin.
#[derive(Debug, thiserror::Error)]
pub enum Unfit {
    /// Wrong usage.
    #[error("{0}")]
    Usage(String),
    /// A selector that matches nothing.
    #[error(transparent)]
    Selection(#[from] SelectionError),
    /// Refused for safety.
    #[error("refused before sending anything: {0}")]
    Unsafe(String),
    /// Nobody answers, or the credentials are refused.
    #[error("{0}")]
    Unreachable(String),
    /// The target asks to be left alone.
    #[error("{0}")]
    Busy(String),
    /// A fault of this program or of the mock.
    #[error("{0}")]
    Fault(String),
}

/// A run that is ready to begin.
pub struct Run {
    /// The target.
    pub target: Target,
    /// How it is judged.
    pub options: Options,
    /// The access granted.
    pub access: Needs,
    /// Whether every rule has a sandbox of its own.
    pub with_sandboxes: bool,
    /// What becomes of each selected rule.
    pub planned: Vec<Planned>,
    /// What all rules share.
    pub pace: Rc<Pace>,
    client: Rc<Client>,
    maker: Option<Rc<Maker>>,
    redactor: Redactor,
    salt: String,
    /// What the rules of a vendor can count on.
    worlds: BTreeMap<&'static str, World>,
    /// By vendor, what every exchange is judged by.
    invariants: BTreeMap<&'static str, Vec<(String, Invariant)>>,
}

/// What became of a rule, and what its exchanges say about invariants.
#[derive(Clone, Debug)]
pub struct RuleRun {
    /// The rule's own result.
    pub result: RuleResult,
    /// By rule id: how many exchanges an invariant looked at, and the first that breaks it.
    pub seen: BTreeMap<String, Seen>,
    /// How often each deviation took effect.
    pub activations: BTreeMap<String, u64>,
}

/// What a mock is to do wrong meanwhile.
#[derive(Clone, Debug, Default)]
pub struct Deviations {
    /// The ids of deviations.
    pub ids: Vec<String>,
    /// Whether they only count the calls that each of them would change.
    pub watched: bool,
}

/// What an invariant saw.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// How many exchanges it looked at.
    pub exchanges: u32,
    /// The first that breaks it.
    pub broken: Option<Failure>,
}

impl Run {
    /// Looks for an admin API, settles the access, and plans. Asks the vendors nothing.
    ///
    /// # Errors
    ///
    /// Why the run must not begin.
    pub async fn prepare(mut target: Target, options: Options) -> Result<Self, Unfit> {
        // A mistaken selector is said while nobody is asked yet.
        options.selection.items(&fixtures::VENDORS)?;
        let client = Rc::new(Client::new(options.timeout));
        let wants_admin = options.access.is_none_or(|access| access == Needs::Admin)
            && target.access.is_none_or(|access| access == Needs::Admin);
        let mut maker = None;
        if let (Some(admin), true) = (&target.admin, wants_admin) {
            if is_documented(&admin.base_url.host) {
                return Err(Unfit::Unsafe(format!(
                    "{} is the vendor's own; it has no admin API, and is never asked for one",
                    admin.base_url.host
                )));
            }
            match Maker::is_there(&client, admin).await {
                Ok(true) => maker = Some(Rc::new(Maker::new(Rc::clone(&client), admin.clone()))),
                Ok(false) => {}
                Err(why) => return Err(Unfit::Unreachable(format!("{}: {why}", target.name))),
            }
        }
        let granted = match (target.access, options.access) {
            (Some(granted), Some(asked)) if asked > granted => {
                let [asked, granted] = [asked, granted].map(catalogue::access);
                return Err(Unfit::Unsafe(format!(
                    "--access {asked} is more than the target file grants; it says access = \"{granted}\""
                )));
            }
            (_, Some(access)) | (Some(access), None) => access,
            (None, None) if maker.is_some() => Needs::Admin,
            (None, None) => Needs::Read,
        };
        let with_sandboxes = maker.is_some();
        if granted == Needs::Admin && !with_sandboxes {
            return Err(Unfit::Usage(format!(
                "access admin needs an admin API, and {} has none; grant write, read or probe",
                target.name
            )));
        }
        if with_sandboxes {
            let mock = target
                .admin
                .as_ref()
                .expect("the maker came from it")
                .base_url
                .clone();
            target.vendors = fixtures::VENDORS
                .into_iter()
                .map(|vendor| VendorTarget {
                    vendor,
                    base_url: mock.with_path(&format!("{}/{}", mock.path, vendor.name())),
                    known: Rc::default(),
                    writes_to: None,
                })
                .collect();
        } else if target.vendors.len() > 1
            && target
                .vendors
                .windows(2)
                .all(|pair| pair[0].base_url.to_string() == pair[1].base_url.to_string())
        {
            let names: Vec<&str> = target
                .vendors
                .iter()
                .map(|vendor| vendor.vendor.name())
                .collect();
            return Err(Unfit::Usage(format!(
                "--base-url needs exactly one --vendor where no admin API is granted; choose one of {}",
                names.join(", ")
            )));
        }

        let here: Vec<Vendor> = target.vendors.iter().map(|vendor| vendor.vendor).collect();
        if let Some(vendor) = options
            .selection
            .vendors
            .iter()
            .find(|vendor| !here.contains(vendor))
        {
            return Err(Unfit::Usage(format!(
                "--vendor {}: the target does not name it",
                vendor.name()
            )));
        }
        let items = options.selection.items(&here)?;
        for vendor in &target.vendors {
            is_safe(vendor, granted, options.write_to.as_deref(), &items)?;
        }
        let now = if with_sandboxes {
            sandbox::instant()
        } else {
            Timestamp::now()
        };
        let salt = if with_sandboxes {
            String::new()
        } else {
            // Values that an earlier run has written must not come again.
            format!("{:x}-", now.as_millisecond())
        };
        let worlds = target.vendors.iter().map(|vendor| {
            let world = if with_sandboxes {
                World::of_sandbox(vendor.vendor, now)
            } else {
                World::of_target(vendor.vendor, Rc::clone(&vendor.known), now)
            };
            (vendor.vendor.name(), world)
        });
        let mut run = Self {
            worlds: worlds.collect(),
            invariants: BTreeMap::new(),
            redactor: target.redactor(),
            pace: Rc::new(Pace::new(granted, options.rate)),
            access: granted,
            with_sandboxes,
            planned: Vec::new(),
            target,
            options,
            client,
            maker,
            salt,
        };
        let mut left = run.options.budget.unwrap_or(u64::MAX);
        let mut greeted = None;
        for item in items {
            let world = run.world(&item);
            let mut planned = plan::plan(item, &world, run.access, run.options.cases);
            if planned.fate == Fate::Runs {
                let vendor = Some(planned.item.vendor.name());
                let hellos = if greeted == vendor { 0 } else { HELLOS };
                let requests = planned.requests.saturating_add(hellos);
                if requests > left {
                    let why = format!("its {requests} requests do not fit into the budget");
                    planned.fate = Fate::NotRun(why, "a larger --budget".to_owned());
                } else {
                    left -= requests;
                    greeted = vendor;
                }
            }
            if planned.fate == Fate::Runs
                && let Some(make) = planned.item.check
                && let Ok(Check {
                    invariant: Some(invariant),
                    ..
                }) = make(&world)
            {
                let of_vendor = run
                    .invariants
                    .entry(planned.item.vendor.name())
                    .or_default();
                of_vendor.push((planned.item.id.clone(), invariant));
            }
            run.planned.push(planned);
        }
        Ok(run)
    }

    /// The most requests that are sent, and those of them that write: by the rules that run, and to ask each vendor
    /// whether the credentials are good.
    pub fn worst_case(&self) -> (u64, u64) {
        let runs = || {
            self.planned
                .iter()
                .filter(|planned| planned.fate == Fate::Runs)
        };
        let mut vendors: Vec<&str> = runs().map(|planned| planned.item.vendor.name()).collect();
        vendors.dedup();
        (
            runs().map(|planned| planned.requests).sum::<u64>() + vendors.len() as u64 * HELLOS,
            runs().map(|planned| planned.writes).sum(),
        )
    }

    /// Whether the budget left a rule out.
    pub fn over_budget(&self) -> bool {
        self.planned.iter().any(
            |planned| matches!(&planned.fate, Fate::NotRun(_, way) if way.contains("--budget")),
        )
    }

    fn vendor_target(&self, vendor: Vendor) -> &VendorTarget {
        self.target
            .vendors
            .iter()
            .find(|target| target.vendor == vendor)
            .expect("rules are selected from the vendors of the target")
    }

    /// What a rule's check can count on.
    fn world(&self, item: &Item) -> World {
        let salt = property::salt(self.options.seed, &item.id);
        self.worlds[item.vendor.name()].of_rule(&format!("{}{salt}", self.salt))
    }

    /// Asks each vendor for something that changes nothing: is anybody there, and are the credentials good?
    ///
    /// # Errors
    ///
    /// Why there is no use in going on.
    pub async fn greet(&self) -> Result<Vec<String>, Unfit> {
        let mut greeted = Vec::new();
        for checks in VENDORS {
            let Some(planned) = self.planned.iter().find(|planned| {
                planned.item.vendor.name() == checks.vendor && planned.fate == Fate::Runs
            }) else {
                continue;
            };
            let vendor = planned.item.vendor;
            let Ok(hello) = (checks.hello)(&self.world(&planned.item)) else {
                greeted.push(format!("{}: no credentials are known", vendor.name()));
                continue;
            };
            let sandbox = self
                .sandbox(vendor, &Deviations::default())
                .await
                .map_err(Unfit::Fault)?;
            let target = self.vendor_target(vendor);
            let base_url = sandbox
                .as_ref()
                .map_or(&target.base_url, |made| &made.vendor);
            // Who may only probe asks as nobody.
            let hello = if hello.needs() > self.access {
                hello.by_nobody().probe()
            } else {
                hello
            };
            let asked_as_nobody = hello.credentials.is_none();
            self.pace.turn(hello.needs()).await.map_err(Unfit::Fault)?;
            let answer = self.client.send(base_url, &hello).await.map_err(|why| {
                let shown = format!("{} at {}: {why}", vendor.name(), target.base_url);
                match why {
                    NoAnswer::Connect(_) | NoAnswer::Timeout(_) | NoAnswer::Broken(_) => {
                        Unfit::Unreachable(self.redactor.text(&shown))
                    }
                }
            })?;
            self.drop_sandbox(sandbox.as_ref())
                .await
                .map_err(Unfit::Fault)?;
            if self.pace.is_too_many(&answer, false) {
                // Once more, as late as it asks; whoever says it twice is left alone.
                if let Some(why) = self.pace.stopped() {
                    return Err(Unfit::Busy(format!("{}: {why}", vendor.name())));
                }
                self.pace.turn(hello.needs()).await.map_err(Unfit::Busy)?;
                let again = self.client.send(base_url, &hello).await;
                if again.is_ok_and(|answer| self.pace.is_too_many(&answer, false)) {
                    let why = self.pace.stopped().unwrap_or_default();
                    return Err(Unfit::Busy(format!("{}: {why}", vendor.name())));
                }
            }
            if (checks.is_stranger)(&answer) && !asked_as_nobody {
                return Err(Unfit::Unreachable(format!(
                    "{} at {} refuses the credentials with {}",
                    vendor.name(),
                    target.base_url,
                    answer.status
                )));
            }
            greeted.push(format!(
                "{} at {} answers {}",
                vendor.name(),
                target.base_url,
                answer.status
            ));
        }
        Ok(greeted)
    }

    /// Drives and judges every rule that runs; `done` hears of each as it ends. The results come in the order of the plan.
    pub async fn rules(self: &Rc<Self>, done: impl Fn(&RuleResult) + 'static) -> Vec<RuleRun> {
        let all = (0..self.planned.len()).collect();
        let runs = self.some_rules(all, Deviations::default(), done).await;
        let mut runs: Vec<RuleRun> = runs.into_values().collect();
        self.judge_invariants(&mut runs);
        runs
    }

    /// Drives and judges the rules of these places in the plan. What invariants saw is not judged yet.
    pub async fn some_rules(
        self: &Rc<Self>,
        numbers: VecDeque<usize>,
        deviations: Deviations,
        done: impl Fn(&RuleResult) + 'static,
    ) -> BTreeMap<usize, RuleRun> {
        let jobs = self
            .options
            .jobs
            .unwrap_or(if self.with_sandboxes { 8 } else { 1 });
        let queue = Rc::new(RefCell::new(numbers));
        let results: Rc<RefCell<BTreeMap<usize, RuleRun>>> = Rc::default();
        let deviations = Rc::new(deviations);
        let done = Rc::new(done);
        let local = LocalSet::new();
        for _ in 0..jobs.max(1) {
            let (run, queue, results) = (Rc::clone(self), Rc::clone(&queue), Rc::clone(&results));
            let (deviations, done) = (Rc::clone(&deviations), Rc::clone(&done));
            local.spawn_local(async move {
                loop {
                    let Some(number) = queue.borrow_mut().pop_front() else {
                        break;
                    };
                    let (inner, deviations) = (Rc::clone(&run), Rc::clone(&deviations));
                    // A task of its own, so that a panic of a check ends this rule alone.
                    let rule = tokio::task::spawn_local(async move {
                        inner.rule(&inner.planned[number], &deviations).await
                    });
                    let ended = rule.await.unwrap_or_else(|error| {
                        let mut result = run.blank(&run.planned[number]);
                        result.verdict = Verdict::Error;
                        result.reason = Some(format!("its check broke: {error}"));
                        RuleRun::of(result)
                    });
                    done(&ended.result);
                    results.borrow_mut().insert(number, ended);
                }
            });
        }
        local.await;
        results.take()
    }

    /// Gives the invariants their verdicts, from what all rules saw.
    pub fn judge_invariants(&self, runs: &mut [RuleRun]) {
        let mut seen: BTreeMap<String, Seen> = BTreeMap::new();
        for run in runs.iter() {
            for (rule, here) in &run.seen {
                let all = seen.entry(rule.clone()).or_default();
                all.exchanges += here.exchanges;
                if all.broken.is_none() {
                    all.broken.clone_from(&here.broken);
                }
            }
        }
        for (planned, run) in self.planned.iter().zip(runs.iter_mut()) {
            let result = &mut run.result;
            if !self.is_invariant(&planned.item) {
                continue;
            }
            let all = seen.remove(&planned.item.id).unwrap_or_default();
            result.evidence.exchanges += all.exchanges;
            if result.verdict == Verdict::Fail || result.verdict == Verdict::Error {
                continue;
            }
            if all.broken.is_some() {
                result.verdict = Verdict::Fail;
                result.reason = all.broken.as_ref().map(told);
                result.failure = all.broken;
            } else if all.exchanges > 0 {
                result.verdict = Verdict::Pass;
                result.reason = None;
            } else {
                result.verdict = Verdict::Unproven;
                result.reason = Some(
                    "no exchange of the selected rules shows it; select those that it covers too"
                        .to_owned(),
                );
            }
        }
    }

    fn invariants_of(&self, vendor: Vendor) -> &[(String, Invariant)] {
        self.invariants
            .get(vendor.name())
            .map_or(&[], Vec::as_slice)
    }

    fn is_invariant(&self, item: &Item) -> bool {
        self.invariants_of(item.vendor)
            .iter()
            .any(|(id, _)| *id == item.id)
    }

    async fn sandbox(
        &self,
        vendor: Vendor,
        deviations: &Deviations,
    ) -> Result<Option<Sandbox>, String> {
        let Some(maker) = &self.maker else {
            return Ok(None);
        };
        if !deviations.watched {
            return maker.make(vendor, &deviations.ids).await.map(Some);
        }
        let sandbox = maker.make(vendor, &[]).await?;
        maker.watch(&sandbox, &deviations.ids).await?;
        Ok(Some(sandbox))
    }

    async fn drop_sandbox(&self, sandbox: Option<&Sandbox>) -> Result<(), String> {
        match (&self.maker, sandbox) {
            (Some(maker), Some(sandbox)) => maker.discard(sandbox).await,
            _ => Ok(()),
        }
    }

    /// Drives and judges one rule.
    async fn rule(&self, planned: &Planned, deviations: &Deviations) -> RuleRun {
        let mut result = self.blank(planned);
        match &planned.fate {
            Fate::Blocked(blocked) => {
                result.verdict = Verdict::Blocked;
                result.reason = Some(blocked.why.clone());
                result.unblock = Some(blocked.line.clone());
                return RuleRun::of(result);
            }
            Fate::NotRun(why, way) => {
                result.reason = Some(why.clone());
                result.unblock = Some(way.clone());
                return RuleRun::of(result);
            }
            Fate::Runs => {}
        }
        let started = std::time::Instant::now();
        let mut ended = match self.sandboxed(planned, deviations, result.clone()).await {
            Ok(ended) => ended,
            Err(fault) => {
                result.verdict = Verdict::Error;
                result.reason = Some(self.redactor.text(&fault));
                RuleRun::of(result)
            }
        };
        ended.result.duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        ended
    }

    async fn sandboxed(
        &self,
        planned: &Planned,
        deviations: &Deviations,
        result: RuleResult,
    ) -> Result<RuleRun, String> {
        let item = &planned.item;
        let world = self.world(item);
        let make = item.check.expect("a rule without a check does not run");
        let check = make(&world).map_err(|blocked| blocked.to_string())?;
        if check.cases.is_empty() && check.random.is_none() {
            return Ok(RuleRun::of(result));
        }
        let sandbox = self.sandbox(item.vendor, deviations).await?;
        let target = self.vendor_target(item.vendor);
        let mut attempt = Attempt {
            run: self,
            session: Session {
                client: Rc::clone(&self.client),
                pace: Rc::clone(&self.pace),
                vendor: sandbox
                    .as_ref()
                    .map_or(&target.base_url, |made| &made.vendor)
                    .clone(),
                sandbox: sandbox.as_ref().map(|made| made.url.clone()),
            },
            show: Show {
                redactor: self.redactor.clone(),
                vendor: target.base_url.clone(),
                sandbox: sandbox.as_ref().map(|made| made.path.clone()),
            },
            // What one case leaves behind must not meet the next.
            resets: item.rule.needs == Needs::Admin,
            used: false,
            vendor: item.vendor,
            unproven: None,
            ended: RuleRun::of(result),
        };
        let judged = attempt.check(item, &check, sandbox.as_ref()).await;
        let mut ended = attempt.ended;
        if let (Some(maker), Some(sandbox)) = (&self.maker, &sandbox) {
            if !deviations.ids.is_empty() {
                ended.activations = maker.activations(sandbox).await?;
            }
            maker.discard(sandbox).await?;
        }
        judged.map(|()| ended)
    }

    /// A rule's result before anything is known of it.
    fn blank(&self, planned: &Planned) -> RuleResult {
        let item = &planned.item;
        RuleResult {
            id: item.id.clone(),
            vendor: item.vendor.name().to_owned(),
            says: item.rule.says.clone(),
            level: catalogue::level(item.rule.level).to_owned(),
            needs: catalogue::access(item.rule.needs).to_owned(),
            sources: item
                .facts
                .iter()
                .map(|(fact, standing)| Source {
                    fact: fact.clone(),
                    standing: catalogue::standing(*standing).to_owned(),
                })
                .collect(),
            verdict: Verdict::NotRun,
            gating: item.gates(self.options.strict),
            reason: None,
            unblock: None,
            known: None,
            evidence: Evidence::default(),
            failure: None,
            duration_ms: 0,
        }
    }
}

impl RuleRun {
    fn of(result: RuleResult) -> Self {
        Self {
            result,
            seen: BTreeMap::new(),
            activations: BTreeMap::new(),
        }
    }

    /// The same, where nothing took effect.
    #[must_use]
    pub fn without_activations(&self) -> Self {
        Self {
            activations: BTreeMap::new(),
            ..self.clone()
        }
    }
}

/// Writing to a vendor's own host takes a grant and the account's name.
fn is_safe(
    target: &VendorTarget,
    access: Needs,
    write_to: Option<&str>,
    items: &[Item],
) -> Result<(), Unfit> {
    let vendor = target.vendor;
    let writes = access >= Needs::Write && items.iter().any(|item| item.vendor == vendor);
    if !(writes && is_documented(&target.base_url.host)) {
        return Ok(());
    }
    let host = &target.base_url.host;
    match (&target.writes_to, write_to) {
        (Some(granted), Some(named)) if granted == named => Ok(()),
        (Some(_), Some(named)) => Err(Unfit::Unsafe(format!(
            "--write-to {named} is not the account that writes_to names for {}",
            vendor.name()
        ))),
        (Some(_), None) => Err(Unfit::Unsafe(format!(
            "{host} is the vendor's own; writing there takes --write-to ACCOUNT, as writes_to names it"
        ))),
        (None, _) => Err(Unfit::Unsafe(format!(
            "{host} is the vendor's own; writing there takes writes_to = \"ACCOUNT\" below [{}] of the target file, and --write-to ACCOUNT",
            vendor.name()
        ))),
    }
}

/// One rule being judged.
struct Attempt<'a> {
    run: &'a Run,
    session: Session,
    show: Show,
    resets: bool,
    used: bool,
    vendor: Vendor,
    unproven: Option<String>,
    ended: RuleRun,
}

impl Attempt<'_> {
    /// The table, then random cases; the first breach ends it.
    async fn check(
        &mut self,
        item: &Item,
        check: &Check,
        sandbox: Option<&Sandbox>,
    ) -> Result<(), String> {
        for case in &check.cases {
            if self.is_broken(case, sandbox).await? {
                return Ok(());
            }
        }
        if let Some(random) = &check.random {
            for number in 0..self.run.options.cases {
                let mut runner = property::runner(self.run.options.seed, &item.id, number + 1);
                let mut drawn = (random.draw)(&mut runner)?;
                let case = drawn.case();
                if case.worst_case() > random.steps {
                    return Err(format!(
                        "a random case has {} steps, and was planned with {}",
                        case.worst_case(),
                        random.steps
                    ));
                }
                if self.is_broken(&case, sandbox).await? {
                    return self.shrink(drawn.as_mut(), sandbox).await;
                }
            }
        }
        let result = &mut self.ended.result;
        (result.verdict, result.reason) = match self.unproven.take() {
            Some(why) => (Verdict::Unproven, Some(why)),
            None => (Verdict::Pass, None),
        };
        Ok(())
    }

    /// Makes a failing case simpler as long as it fails.
    async fn shrink(
        &mut self,
        drawn: &mut dyn Drawn,
        sandbox: Option<&Sandbox>,
    ) -> Result<(), String> {
        let mut steps = 0;
        let mut goes_on = drawn.simplify();
        while goes_on && steps < MOST_SHRINKS {
            steps += 1;
            goes_on = if self.is_broken(&drawn.case(), sandbox).await? {
                drawn.simplify()
            } else {
                drawn.complicate()
            };
        }
        if let Some(failure) = &mut self.ended.result.failure {
            failure.shrunk = Some(steps);
        }
        Ok(())
    }

    /// Drives a case, and notes what the judge says.
    async fn is_broken(&mut self, case: &Case, sandbox: Option<&Sandbox>) -> Result<bool, String> {
        if let (Some(maker), Some(sandbox), true) =
            (&self.run.maker, sandbox, self.resets && self.used)
        {
            maker.reset(sandbox).await?;
        }
        self.used = true;
        let Driven {
            transcript,
            stopped,
        } = self.session.drive(case).await;
        self.look_at_invariants(&transcript);
        let ruling = match stopped {
            Some(why) => Ruling::Unproven(why),
            None => case.ruling(&transcript),
        };
        let evidence = &mut self.ended.result.evidence;
        evidence.cases += 1;
        evidence.exchanges += u32::try_from(transcript.0.len()).unwrap_or(u32::MAX);
        match ruling {
            Ruling::Kept => {
                let twins = transcript
                    .0
                    .iter()
                    .filter(|exchange| exchange.role == Role::Twin);
                evidence.twins += u32::try_from(twins.count()).unwrap_or(u32::MAX);
                Ok(false)
            }
            Ruling::Unproven(why) => {
                let why = format!("{}: {}", case.name, self.show.text(&why));
                self.unproven.get_or_insert(why);
                Ok(false)
            }
            Ruling::Broken { exchange, breach } => {
                let failure = failure(&self.show, &case.name, &transcript, exchange, &breach);
                self.ended.result.verdict = Verdict::Fail;
                self.ended.result.reason = Some(told(&failure));
                self.ended.result.failure = Some(failure);
                Ok(true)
            }
        }
    }

    fn look_at_invariants(&mut self, transcript: &Transcript) {
        for (rule, invariant) in self.run.invariants_of(self.vendor) {
            for (number, exchange) in transcript.0.iter().enumerate() {
                if exchange.party != Party::Vendor {
                    continue;
                }
                let Some(judged) = invariant(exchange) else {
                    continue;
                };
                let seen = self.ended.seen.entry(rule.clone()).or_default();
                seen.exchanges += 1;
                if let (Err(breach), None) = (judged, &seen.broken) {
                    let name = format!("an exchange of {}", self.ended.result.id);
                    let shown = failure(&self.show, &name, transcript, number, &breach);
                    seen.broken = Some(shown);
                }
            }
        }
    }
}

fn failure(
    show: &Show,
    case: &str,
    transcript: &Transcript,
    exchange: usize,
    breach: &Breach,
) -> Failure {
    let curl = transcript
        .0
        .get(exchange)
        .filter(|exchange| exchange.party == Party::Vendor)
        .or_else(|| {
            transcript
                .0
                .iter()
                .rfind(|exchange| exchange.party == Party::Vendor)
        })
        .map(|exchange| show.curl(&exchange.request));
    Failure {
        case: show.text(case),
        aspect: breach.aspect.clone(),
        wanted: show.text(&breach.wanted),
        got: show.text(&breach.got),
        exchanges: show.exchanges(transcript, exchange),
        curl: curl.unwrap_or_default(),
        shrunk: None,
    }
}

fn told(failure: &Failure) -> String {
    format!(
        "{}: {} is {}, not {}",
        failure.case, failure.aspect, failure.got, failure.wanted
    )
}
