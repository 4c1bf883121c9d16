//! Calls about the server itself.

use http::StatusCode;
use serde_json::{Value, json};

use super::{Call, Handled, OPENAPI, Reply, json_answer, with_type};
use crate::vendors::VENDORS;

/// `GET /__admin/health`: the server is serving. Needs no token.
#[expect(clippy::unnecessary_wraps, reason = "handlers look alike")]
pub(super) fn health(_: &Call<'_>) -> Handled {
    let body =
        json!({"status": "ok", "product": "mock-server", "version": env!("CARGO_PKG_VERSION")});
    Ok(json_answer(StatusCode::OK, &body))
}

/// `GET /__admin/vendors`: hosts, base URLs, routes.
#[expect(clippy::unnecessary_wraps, reason = "handlers look alike")]
pub(super) fn vendors(call: &Call<'_>) -> Handled {
    let vendors: Vec<Value> = VENDORS
        .iter()
        .map(|kind| {
            json!({
                "name": kind.name(),
                "title": kind.title(),
                "hosts": kind.hosts(),
                "base_url": format!("{}/{}", call.base_url, kind.name()),
                "routes": kind.routes(),
            })
        })
        .collect();
    Ok(json_answer(StatusCode::OK, &json!({"vendors": vendors})))
}

/// `GET /__admin/openapi.json`: the contract of this API.
#[expect(clippy::unnecessary_wraps, reason = "handlers look alike")]
pub(super) fn openapi(_: &Call<'_>) -> Handled {
    Ok(Reply::Answer(with_type(
        StatusCode::OK,
        "application/json",
        OPENAPI,
    )))
}
