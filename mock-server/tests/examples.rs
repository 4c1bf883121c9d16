//! Every documented exchange, answered as documented: status, headers with their spelling and order, and body.

use crate::support::Server;

#[test]
fn documented_exchanges_are_answered_byte_for_byte() {
    for vendor in fixtures::VENDORS {
        for example in vendor.examples().unwrap() {
            // A server each: an example must not depend on the one before.
            let server = Server::start(&["--clock", "2026-06-10T18:00:00Z"]);
            let name = format!("{}/{}", vendor.name(), example.name);
            let (method, target) = example.request.start.split_once(' ').unwrap();
            let headers: Vec<(&str, &str)> = example
                .request
                .headers
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str()))
                .collect();
            let reply = server.call(method, target, &headers, example.request.body);
            assert_eq!(
                reply.status.to_string(),
                example.response.start,
                "{name}: {reply:?}"
            );
            let framing = ["date", "content-length"];
            let headers: Vec<_> = reply
                .headers
                .iter()
                .filter(|(name, _)| !framing.contains(&name.to_ascii_lowercase().as_str()))
                .cloned()
                .collect();
            assert_eq!(headers, example.response.headers, "{name}");
            assert_eq!(
                reply.text(),
                String::from_utf8_lossy(example.response.body),
                "{name}"
            );
        }
    }
}
