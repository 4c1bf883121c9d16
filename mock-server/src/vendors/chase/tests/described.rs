//! `openapi.json` has every answer.

use super::*;

#[test]
fn every_status_is_met_and_every_one_that_is_met_is_described() {
    let calls = [
        Call::good(),
        Call::json(r#"{"email":"nobody@example.com"}"#),
        Call::good().to("/api/v2/conversions/"),
        Call::good().without("Host"),
        Call::json(b"\xFF"),
        Call::good().without("X-API-Key"),
        Call::good().with("X-API-Key", "nope"),
        Call::good().to("/x"),
        Call::good().by("GET"),
        Call::json("{"),
        Call::json("{}"),
        Call::json("NaN"),
        Call::good().spoiled(Body::TooLong),
    ];
    let met: Vec<String> = calls
        .iter()
        .map(|call| call.send().answer.status().as_str().to_owned())
        .collect();
    let openapi = testing::openapi::<Chase>();
    let described = &openapi["paths"]["/api/v2/conversions"]["post"]["responses"];
    let unrouted = "404".to_owned();
    for status in described.as_object().unwrap().keys().chain([&unrouted]) {
        assert!(met.contains(status), "{status}");
    }
}
