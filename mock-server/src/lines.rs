//! What the log says of calls: one readable line a refusal, and one an accepted call.

use crate::engine::{Delivery, Outcome};
use crate::journal::Sent;
use crate::sentences::sentence;

/// A vendor's answer: `Chase 401 POST /api/v2/conversions: X-API-Key matches no key (default; chase.key.known: …)`, with
/// the rule's sentence. What a fault did is always logged, like a refusal.
pub fn call(vendor: &str, sandbox: &str, sent: &Sent<'_>, outcome: &Outcome<()>) {
    let status = outcome.answer.status().as_u16();
    // A query may hold a key that was put into the wrong place.
    let (method, target) = (
        sent.method,
        sent.target.split('?').next().unwrap_or_default(),
    );
    if let Some(fault) = outcome.fault.as_deref() {
        let why = &*outcome.why;
        let shown = if Delivery::reaches(&outcome.answer) {
            status.to_string()
        } else {
            "no answer".to_owned()
        };
        tracing::warn!(
            vendor,
            status = shown,
            method,
            target,
            sandbox,
            fault,
            why,
            "{vendor} {shown} {method} {target}: {why} ({sandbox})"
        );
        return;
    }
    if outcome.refused_by.is_empty() && !outcome.why.is_empty() {
        let why = &*outcome.why;
        tracing::warn!(
            vendor,
            status,
            method,
            target,
            sandbox,
            why,
            "{vendor} {status} {method} {target}: {why} ({sandbox})"
        );
        return;
    }
    if outcome.refused_by.is_empty() {
        tracing::info!(
            vendor,
            status,
            method,
            target,
            sandbox,
            "{vendor} {status} {method} {target} ({sandbox})"
        );
        return;
    }
    let rules: Vec<&str> = outcome
        .refused_by
        .iter()
        .map(|rule| rule.as_str())
        .collect();
    let (refused_by, why) = (rules.join(", "), &*outcome.why);
    // The first rule is the one that decided.
    let says = sentence(rules[0]);
    tracing::warn!(
        vendor,
        status,
        method,
        target,
        sandbox,
        refused_by,
        why,
        says,
        "{vendor} {status} {method} {target}: {why} ({sandbox}; {refused_by}: {says})"
    );
}

/// A call that fits no vendor or no sandbox.
pub fn unrouted(sent: &Sent<'_>, why: &str) {
    let (method, target) = (
        sent.method,
        sent.target.split('?').next().unwrap_or_default(),
    );
    tracing::warn!(
        status = 404,
        method,
        target,
        why,
        "mock-server 404 {method} {target}: {why}"
    );
}
