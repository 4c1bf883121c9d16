//! Page "Versioning": which version of the API a call asks for.

use fixtures::rule;

use crate::engine::{Refusal, ensure};
use crate::form::Form;

use super::errors;
use super::requests::Call;

/// Every version there has been. Later ones only added to what is served here, so all are answered alike.
const VERSIONS: [&str; 6] = ["11", "12", "13", "14", "15", "16"];

/// Refuses a version that does not exist. The query counts before the header; without either, that of the token does.
///
/// Rules: impact.versions.by_query, impact.versions.by_header, impact.versions.query_first, impact.versions.known.
pub(super) fn check(call: &Call<'_>) -> Result<(), Refusal> {
    let query = call
        .parts
        .query
        .map(|query| Form::parse(query.as_bytes()))
        .unwrap_or_default();
    let header = call.parts.header("IR-Version");
    let known = match query.first("IrVersion") {
        Some(version) => VERSIONS.contains(&version),
        None => header.is_none_or(|version| {
            VERSIONS
                .iter()
                .any(|known| version.as_bytes() == known.as_bytes())
        }),
    };
    ensure(known, || {
        let answer = errors::field(&call.reply, "IrVersion", "Not a supported version");
        Refusal::new(
            rule("impact.versions.known"),
            "IR-Version, or IrVersion: there is no such version",
            answer,
        )
    })
}
