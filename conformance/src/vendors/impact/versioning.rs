//! Page "Versioning": which version a call asks for.

use super::{accepted, get, refused};
use crate::check::{Case, Check, Entry, Refusal};
use crate::exchange::Request;
use crate::expect::{body, status};
use crate::world::{Blocked, World};

/// The checks of this page.
pub(super) const CHECKS: &[Entry] = &[
    ("impact.versions.by_query", by_query),
    ("impact.versions.by_header", by_header),
    ("impact.versions.known", known),
    ("impact.versions.query_first", query_first),
];

fn in_query(request: Request, version: &str) -> Request {
    request.target_and(&format!("?IrVersion={version}"))
}

fn in_header(request: Request, version: &str) -> Request {
    request.header("IR-Version", version)
}

/// Every version there has been is served, and one that has not been is not.
fn served(world: &World, ask: fn(Request, &str) -> Request) -> Result<Check, Blocked> {
    let request = get(world, "Actions")?;
    let mut case = Case::new("every version").given("none", ask(request.clone(), "10"), refused());
    for version in ["11", "12", "13", "14", "15", "16"] {
        case = case.tested(version, ask(request.clone(), version), accepted());
    }
    Ok(Check::of(case))
}

/// The query parameter asks for a version.
fn by_query(world: &World) -> Result<Check, Blocked> {
    served(world, in_query)
}

/// The header asks for a version.
fn by_header(world: &World) -> Result<Check, Blocked> {
    served(world, in_header)
}

/// A version that there is none of is refused by name.
fn known(world: &World) -> Result<Check, Blocked> {
    let twin = get(world, "Actions")?;
    let named = || status(400).and(body().matches(r#""Field"\s*:\s*"IrVersion""#));
    let mut refusal = Refusal::of(twin, accepted());
    for version in ["10", "17", "1", "016", "16.0", "v16", "-16", "latest"] {
        refusal = refusal
            .broken(
                format!("{version} in the query"),
                |request| in_query(request, version),
                named(),
            )
            .broken(
                format!("{version} in the header"),
                |request| in_header(request, version),
                named(),
            );
    }
    Ok(refusal.into())
}

/// The query counts where it and the header disagree.
fn query_first(world: &World) -> Result<Check, Blocked> {
    let request = get(world, "Actions")?;
    let both = |query, header| in_header(in_query(request.clone(), query), header);
    Ok(Check::of(
        Case::new("one of them known")
            .given("query alone", in_query(request.clone(), "10"), refused())
            .given("header alone", in_header(request.clone(), "10"), refused())
            .tested("query known", both("16", "10"), accepted())
            .tested("header known", both("10", "16"), refused()),
    ))
}
