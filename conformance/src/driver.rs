//! The driver: turns a case into a transcript. It sends, waits and counts; what the answers mean, the judge says.

use std::rc::Rc;
use std::time::Duration;

use serde_json::json;

use crate::check::{Case, MOST_REPEATS, Step};
use crate::client::{BaseUrl, Client};
use crate::exchange::{Answer, Exchange, Party, Request, Transcript};
use crate::pace::Pace;

/// How far a sandbox's clock is moved on before a request is repeated.
const STEP_MS: u64 = 5_000;
/// How long it is waited at a target whose clock is its own.
const PAUSE: Duration = Duration::from_secs(2);

/// One rule's way to its target.
#[derive(Clone)]
pub struct Session {
    /// Sends.
    pub client: Rc<Client>,
    /// What all rules share.
    pub pace: Rc<Pace>,
    /// The vendor's API.
    pub vendor: BaseUrl,
    /// The admin API of the rule's own sandbox, if it has one.
    pub sandbox: Option<SandboxUrl>,
}

/// The admin API of a sandbox.
#[derive(Clone)]
pub struct SandboxUrl {
    /// `…/__admin/sandboxes/{id}`.
    pub base_url: BaseUrl,
    /// What the admin API asks for: `Authorization: Bearer …`.
    pub token: Option<crate::secret::Secret>,
}

/// What became of a case.
pub struct Driven {
    /// What was exchanged.
    pub transcript: Transcript,
    /// Why it was not driven to its end, where no answer says so.
    pub stopped: Option<String>,
}

impl Session {
    /// Sends the steps of a case in order, as long as the answers give reason to go on.
    pub async fn drive(&self, case: &Case) -> Driven {
        let mut driven = Driven {
            transcript: Transcript::default(),
            stopped: None,
        };
        for step in &case.steps {
            let request = match step.make.request(&driven.transcript) {
                Ok(request) => request,
                Err(missing) => {
                    driven.stopped = Some(missing);
                    break;
                }
            };
            let answer = match self.exchange(step, &request).await {
                Ok(answer) => answer,
                Err(why) => {
                    driven.stopped = Some(format!("`{}`: {why}", step.label));
                    break;
                }
            };
            let goes_on = answer.as_ref().is_ok_and(|answer| {
                let counts = step
                    .until
                    .as_ref()
                    .is_none_or(|until| until.judge(answer).is_ok());
                counts && step.expect.judge(answer).is_ok()
            });
            driven.transcript.0.push(Exchange {
                label: Rc::clone(&step.label),
                role: step.role,
                party: step.party,
                request,
                answer,
            });
            if !goes_on {
                break;
            }
        }
        driven
    }

    /// Sends a step's request until its answer counts. The outer error: it must not be sent.
    async fn exchange(
        &self,
        step: &Step,
        request: &Request,
    ) -> Result<Result<Answer, String>, String> {
        let Some(until) = &step.until else {
            return self.send(step, request).await;
        };
        let counts = |answer: &Result<Answer, String>| {
            answer
                .as_ref()
                .map_or(true, |answer| until.judge(answer).is_ok())
        };
        let mut answer = self.send(step, request).await?;
        for _ in 1..MOST_REPEATS {
            if counts(&answer) || (self.sandbox.is_none() && !self.pace.is_worth_waiting()) {
                return Ok(answer);
            }
            match &self.sandbox {
                Some(sandbox) => {
                    let advance = Request::post("/clock/advance").json(&json!({"ms": STEP_MS}));
                    self.ask_admin(sandbox, advance).await?;
                }
                None => tokio::time::sleep(PAUSE).await,
            }
            answer = self.send(step, request).await?;
        }
        if !counts(&answer) {
            self.pace.waited_in_vain();
        }
        Ok(answer)
    }

    async fn send(&self, step: &Step, request: &Request) -> Result<Result<Answer, String>, String> {
        match step.party {
            Party::Admin => {
                let sandbox = self
                    .sandbox
                    .as_ref()
                    .ok_or("it takes the admin API of a mock")?;
                self.ask_admin(sandbox, request.clone()).await.map(Ok)
            }
            Party::Vendor => {
                let awaited = step.expect.awaits_too_many() || self.sandbox.is_some();
                self.ask_vendor(request, awaited).await
            }
        }
    }

    /// Nothing is sent twice: a 429 that nobody waits for says nothing about the rule, and leaves it unproven.
    async fn ask_vendor(
        &self,
        request: &Request,
        awaited: bool,
    ) -> Result<Result<Answer, String>, String> {
        for _ in 0..request.calls() {
            self.pace.turn(request.needs()).await?;
        }
        match self.client.send(&self.vendor, request).await {
            Ok(answer) if self.pace.is_too_many(&answer, awaited) => {
                Err("the target answered 429".to_owned())
            }
            Ok(answer) => Ok(Ok(answer)),
            Err(why) => Ok(Err(why.to_string())),
        }
    }

    async fn ask_admin(&self, sandbox: &SandboxUrl, request: Request) -> Result<Answer, String> {
        let answer = ask_admin(&self.client, sandbox, request).await?;
        if (200..300).contains(&answer.status) {
            Ok(answer)
        } else {
            Err(format!(
                "the admin API answered {}: {}",
                answer.status,
                answer.text()
            ))
        }
    }
}

/// Sends a request to an admin API.
///
/// # Errors
///
/// Why there is no answer.
pub async fn ask_admin(
    client: &Client,
    admin: &SandboxUrl,
    request: Request,
) -> Result<Answer, String> {
    let request = match &admin.token {
        Some(token) => request.header("Authorization", format!("Bearer {}", token.reveal())),
        None => request,
    };
    client
        .send(&admin.base_url, &request)
        .await
        .map_err(|why| format!("the admin API: {why}"))
}
