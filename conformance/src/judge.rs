//! The judge: a pure function from a transcript to a verdict. Nothing here sends, waits or looks at a clock.

use crate::check::Case;
use crate::exchange::{Role, Transcript};
use crate::expect::Breach;

/// What a transcript says about a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ruling {
    /// Everything was as the rule demands.
    Kept,
    /// The exchange of this number shows a breach.
    Broken {
        /// Where it stands in the transcript.
        exchange: usize,
        /// What is wrong with it.
        breach: Breach,
    },
    /// What leads up to the tested request did not go as it must.
    Unproven(String),
}

/// What `transcript` says about `case`. It may end early: where the driver had no reason to go on.
pub fn judge(case: &Case, transcript: &Transcript) -> Ruling {
    for (number, step) in case.steps.iter().enumerate() {
        let Some(exchange) = transcript.0.get(number) else {
            return Ruling::Unproven(format!("`{}` was not sent", step.label));
        };
        let judged = match &exchange.answer {
            Ok(answer) => match &step.until {
                Some(until) if step.role == Role::Tested && until.judge(answer).is_err() => {
                    return Ruling::Unproven(format!(
                        "`{}` did not come to the state that is waited for in time",
                        step.label
                    ));
                }
                Some(until) => until.judge(answer).and_then(|()| step.expect.judge(answer)),
                None => step.expect.judge(answer),
            },
            Err(why) => Err(Breach::new("answer", "an answer", why.clone())),
        };
        let Err(breach) = judged else { continue };
        return match step.role {
            Role::Tested => Ruling::Broken {
                exchange: number,
                breach,
            },
            Role::Twin => Ruling::Unproven(format!(
                "the twin was not accepted: {} is {}, not {}",
                breach.aspect, breach.got, breach.wanted
            )),
            Role::Setup => Ruling::Unproven(format!(
                "`{}` did not go well: {} is {}, not {}",
                step.label, breach.aspect, breach.got, breach.wanted
            )),
        };
    }
    match case.judge.as_ref().map(|judge| judge(transcript)) {
        Some(Err(breach)) => {
            let tested = transcript
                .0
                .iter()
                .rposition(|exchange| exchange.role == Role::Tested);
            Ruling::Broken {
                exchange: tested.unwrap_or(transcript.0.len().saturating_sub(1)),
                breach,
            }
        }
        _ => Ruling::Kept,
    }
}
