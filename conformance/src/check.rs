//! Checks: what a rule sends, and how the answers are judged. Data and pure functions; nothing here sends.
//!
//! A check has cases; a case has steps. Steps are sent in order, each with what the transcript so far has to offer, and
//! every step says what its answer must look like. Of a **setup** step and of a **twin** that is the condition for going
//! on: if it does not hold, the case proves nothing. Of a **tested** step it is the rule itself.

use std::borrow::Cow;
use std::rc::Rc;

use jiff::Timestamp;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

use crate::exchange::{Exchange, Party, Request, Role, Transcript};
use crate::expect::{Breach, Expect, status_from};
use crate::judge::Ruling;
use crate::world::{Blocked, World};

/// A rule and how its check is made: one line of a vendor's list.
pub type Entry = (&'static str, MakeCheck);

/// How a check is made from what a target has to offer.
pub type MakeCheck = fn(&World) -> Result<Check, Blocked>;

/// How a rule is checked.
#[derive(Default)]
pub struct Check {
    /// The table: boundary values and documented examples, all of them always.
    pub cases: Vec<Case>,
    /// Random cases.
    pub random: Option<Random>,
    /// What every exchange of the run is judged by.
    pub invariant: Option<Invariant>,
}

/// Judges one exchange of the run; `None` if the rule says nothing about it.
pub type Invariant = Rc<dyn Fn(&Exchange) -> Option<Result<(), Breach>>>;

/// Random cases, and their shrinking.
pub struct Random {
    /// The most steps a case has.
    pub steps: u32,
    /// The next case.
    pub(crate) draw: DrawCase,
}

type DrawCase = Box<dyn Fn(&mut TestRunner) -> Result<Box<dyn Drawn>, String>>;

/// A case that was drawn, and its simpler relatives.
pub(crate) trait Drawn {
    /// The case as it stands.
    fn case(&self) -> Case;
    /// Makes it simpler; false if it cannot be.
    fn simplify(&mut self) -> bool;
    /// Takes part of the last simplification back; false if it cannot be.
    fn complicate(&mut self) -> bool;
}

struct DrawnFrom<T, F> {
    tree: T,
    case: Rc<F>,
}

impl<T: ValueTree, F: Fn(T::Value) -> Case> Drawn for DrawnFrom<T, F> {
    fn case(&self) -> Case {
        (self.case)(self.tree.current())
    }

    fn simplify(&mut self) -> bool {
        self.tree.simplify()
    }

    fn complicate(&mut self) -> bool {
        self.tree.complicate()
    }
}

impl Check {
    /// A check without cases yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// A check of one case.
    pub fn of(case: Case) -> Self {
        Self::new().case(case)
    }

    /// The same with one more case of the table.
    #[must_use]
    pub fn case(mut self, case: Case) -> Self {
        self.cases.push(case);
        self
    }

    /// The same with more cases of the table.
    #[must_use]
    pub fn cases(mut self, cases: impl IntoIterator<Item = Case>) -> Self {
        self.cases.extend(cases);
        self
    }

    /// The same with random cases of at most `steps` steps each.
    #[must_use]
    pub fn random<S: Strategy + 'static>(
        mut self,
        steps: u32,
        strategy: S,
        case: impl Fn(S::Value) -> Case + 'static,
    ) -> Self {
        let case = Rc::new(case);
        self.random = Some(Random {
            steps,
            draw: Box::new(move |runner| {
                let tree = strategy
                    .new_tree(runner)
                    .map_err(|reason| reason.to_string())?;
                Ok(Box::new(DrawnFrom {
                    tree,
                    case: Rc::clone(&case),
                }))
            }),
        });
        self
    }

    /// A rule about every exchange of the run.
    pub fn invariant(judge: impl Fn(&Exchange) -> Option<Result<(), Breach>> + 'static) -> Self {
        Self {
            invariant: Some(Rc::new(judge)),
            ..Self::default()
        }
    }
}

/// One story: requests in order, and what their answers must look like.
#[derive(Clone)]
pub struct Case {
    /// What is special about it: "without OrderId".
    pub name: Cow<'static, str>,
    /// The steps in order.
    pub steps: Vec<Step>,
    /// What the answers together must look like.
    pub(crate) judge: Option<JudgeAll>,
}

/// Judges the answers of a case together.
type JudgeAll = Rc<dyn Fn(&Transcript) -> Result<(), Breach>>;

/// One request of a case.
#[derive(Clone)]
pub struct Step {
    /// What the case calls it.
    pub label: Rc<str>,
    /// What it is for.
    pub role: Role,
    /// Whom it goes to.
    pub party: Party,
    /// The request, built from what was answered before.
    pub(crate) make: Make,
    /// What its answer must look like.
    pub expect: Expect,
    /// What the answer must look like before it counts; the request is repeated until then.
    pub until: Option<Expect>,
}

/// A request, or how it is built from what was answered before.
#[derive(Clone)]
pub enum Make {
    /// As it is.
    Ready(Box<Request>),
    /// From the transcript so far; an error is what is missing there.
    From(MakeRequest),
}

/// Builds a request from what was answered before.
type MakeRequest = Rc<dyn Fn(&Transcript) -> Result<Request, String>>;

impl Make {
    pub(crate) fn request(&self, transcript: &Transcript) -> Result<Request, String> {
        match self {
            Self::Ready(request) => Ok((**request).clone()),
            Self::From(make) => make(transcript),
        }
    }
}

impl From<Request> for Make {
    fn from(request: Request) -> Self {
        Self::Ready(Box::new(request))
    }
}

impl<F: Fn(&Transcript) -> Result<Request, String> + 'static> From<F> for Make {
    fn from(make: F) -> Self {
        Self::From(Rc::new(make))
    }
}

/// How often a request is repeated while its answer does not count yet.
pub const MOST_REPEATS: u32 = 10;

impl Case {
    /// A case without steps yet.
    pub fn new(name: impl Into<Cow<'static, str>>) -> Self {
        Self {
            name: name.into(),
            steps: Vec::new(),
            judge: None,
        }
    }

    fn step(mut self, label: &str, role: Role, party: Party, make: Make, expect: Expect) -> Self {
        self.steps.push(Step {
            label: label.into(),
            role,
            party,
            make,
            expect,
            until: None,
        });
        self
    }

    /// The same request as the tested one with only the defect repaired. It must be accepted, or nothing is proven.
    #[must_use]
    pub fn twin(self, request: impl Into<Make>, accepted: Expect) -> Self {
        self.step("twin", Role::Twin, Party::Vendor, request.into(), accepted)
    }

    /// A request that leads up to the tested one. It must be answered as expected, or nothing is proven.
    #[must_use]
    pub fn given(self, label: &str, request: impl Into<Make>, expect: Expect) -> Self {
        self.step(label, Role::Setup, Party::Vendor, request.into(), expect)
    }

    /// What the rule is about.
    #[must_use]
    pub fn tested(self, label: &str, request: impl Into<Make>, expect: Expect) -> Self {
        self.step(label, Role::Tested, Party::Vendor, request.into(), expect)
    }

    /// What the rule is about, after a while: repeated until the answer counts, which the world's time is moved on for, or
    /// else waited for. If it never counts, nothing is proven.
    #[must_use]
    pub fn eventually(
        self,
        label: &str,
        request: impl Into<Make>,
        until: Expect,
        expect: Expect,
    ) -> Self {
        let mut case = self.tested(label, request, expect);
        if let Some(step) = case.steps.last_mut() {
            step.until = Some(until);
        }
        case
    }

    /// The same as [`Case::eventually`] as a step that leads up to the tested one.
    #[must_use]
    pub fn given_eventually(self, label: &str, request: impl Into<Make>, until: Expect) -> Self {
        let mut case = self.given(label, request, Expect::anything());
        if let Some(step) = case.steps.last_mut() {
            step.until = Some(until);
        }
        case
    }

    /// Changes the sandbox's state, by a JSON merge patch of the seed document: `{"comm100": {…}}`. Takes admin access.
    #[must_use]
    #[expect(
        clippy::needless_pass_by_value,
        reason = "callers write the patch in place"
    )]
    pub fn state(self, patch: Value) -> Self {
        self.admin("state", Request::new("PATCH", "/state").json(&patch))
    }

    /// Starts the sandbox anew, from the vendor's documented objects alone. Takes admin access.
    ///
    /// # Panics
    ///
    /// When the seed is no TOML: a mistake of the fixtures, which their tests look for.
    #[must_use]
    pub fn documented_seed(self, vendor: fixtures::Vendor) -> Self {
        let seed: toml::Table = toml::from_str(vendor.seed()).expect("tests read every seed");
        let seed = serde_json::to_value(seed).expect("tables have text keys");
        self.admin("seed", Request::new("PUT", "/state").json(&seed))
    }

    /// Stops the sandbox's clock at an instant. Takes admin access.
    #[must_use]
    pub fn clock(self, now: Timestamp) -> Self {
        let setting = json!({"mode": "fixed", "now": now});
        self.admin("clock", Request::new("PUT", "/clock").json(&setting))
    }

    /// Moves the sandbox's clock on. Takes admin access.
    #[must_use]
    pub fn advance(self, ms: u64) -> Self {
        let step = json!({"ms": ms});
        self.admin("advance", Request::post("/clock/advance").json(&step))
    }

    fn admin(self, label: &str, request: Request) -> Self {
        self.step(
            label,
            Role::Setup,
            Party::Admin,
            request.into(),
            status_from(200, 299),
        )
    }

    /// What the sandbox's feed of conversions shows: `{"conversions": […]}`, oldest first. Takes admin access.
    #[must_use]
    pub fn feed(self, label: &str, expect: Expect) -> Self {
        let request = Request::get("/conversions");
        self.step(label, Role::Tested, Party::Admin, request.into(), expect)
    }

    /// What the answers together must look like, looked at when every step went as expected.
    #[must_use]
    pub fn judge(mut self, judge: impl Fn(&Transcript) -> Result<(), Breach> + 'static) -> Self {
        self.judge = Some(Rc::new(judge));
        self
    }

    /// What a transcript says about this case.
    pub fn ruling(&self, transcript: &Transcript) -> Ruling {
        crate::judge::judge(self, transcript)
    }

    /// The most requests that the vendor gets to see.
    pub fn worst_case(&self) -> u32 {
        self.steps
            .iter()
            .filter(|step| step.party == Party::Vendor)
            .map(Step::worst_case)
            .sum()
    }
}

impl Step {
    /// The most requests that it takes.
    pub(crate) fn worst_case(&self) -> u32 {
        let repeats = self.until.as_ref().map_or(1, |_| MOST_REPEATS);
        let calls = match &self.make {
            Make::Ready(request) => request.calls(),
            Make::From(_) => 1,
        };
        repeats * calls
    }
}

/// A refusal: a request that is accepted, and the same with one defect at a time.
pub struct Refusal {
    twin: Request,
    accepted: Expect,
    check: Check,
}

impl Refusal {
    /// Around a request that `accepted` says yes to.
    pub fn of(twin: Request, accepted: Expect) -> Self {
        Self {
            twin,
            accepted,
            check: Check::new(),
        }
    }

    /// With this defect it is answered otherwise.
    #[must_use]
    pub fn broken(
        self,
        defect: impl Into<Cow<'static, str>>,
        by: impl FnOnce(Request) -> Request,
        refused: Expect,
    ) -> Self {
        let Self {
            twin,
            accepted,
            check,
        } = self;
        let case = Case::new(defect)
            .twin(twin.clone(), accepted.clone())
            .tested("broken", by(twin.clone()), refused);
        Self {
            check: check.case(case),
            twin,
            accepted,
        }
    }
}

impl From<Refusal> for Check {
    fn from(refusal: Refusal) -> Self {
        refusal.check
    }
}
