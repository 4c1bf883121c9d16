//! Stands in for the conversion APIs of Comm100, Chase and impact.com.
//!
//! A call comes in at [`serve`], which asks [`sandboxes`] where it belongs: to which of the [`vendors`], and to which
//! [`sandbox`]. There a [`world`] of that vendor hands it to the vendor's engine, in the words of [`engine`]; the
//! [`journal`] writes it down, and [`coverage`] keeps which documented answers were met. An [`overlay`] around the engine breaks rules on purpose. What begins with `/__admin` goes to [`admin`] instead.
//!
//! # In Rust, without a process
//!
//! A [`MockServer`] has a socket, a [`Mock`] has none; both are made of sandboxes, one for each test. Everything that the
//! admin API offers is a method of [`MockSandbox`]. Whoever writes tests turns the feature `program` off, and with it the
//! command line: `mock-server = { …, default-features = false, features = ["server"] }`.
//!
//! A server on a free port, stopped when it is dropped. `start_blocking` does the same for tests that are not asynchronous:
//!
//! ```
//! # #[cfg(feature = "server")] mod example {
//! use mock_server::MockServer;
//!
//! # pub async fn test() -> Result<(), Box<dyn std::error::Error>> {
//! let server = MockServer::start().await?;
//! let sandbox = server.sandbox();
//! let chase = sandbox.chase();
//! // What the code under test takes in place of https://services.meetchase.ai and its key.
//! assert!(chase.base_url.starts_with(server.url()));
//! assert_eq!(chase.base_url, format!("{}/chase", sandbox.url()));
//! assert!(!chase.api_key.is_empty());
//! # Ok(()) }
//! # }
//! # #[cfg(feature = "server")] tokio::runtime::Runtime::new().unwrap().block_on(example::test()).unwrap();
//! ```
//!
//! Something goes wrong, and the code under test has to try again. Here it is two lines that call without a socket:
//!
//! ```
//! # #[cfg(feature = "server")] fn test() -> Result<(), Box<dyn std::error::Error>> {
//! use mock_server::fault::Fault;
//! use mock_server::matcher::Match;
//! use mock_server::verify::Count;
//! use mock_server::Mock;
//!
//! let mock = Mock::new();
//! let sandbox = mock.sandbox();
//! let route = "POST /api/v2/conversions";
//! sandbox.fault(Fault::status(500).times(1).on(Match::vendor("chase").route(route)))?;
//!
//! let chase = sandbox.chase();
//! let request = http::Request::post(format!("{}/api/v2/conversions", chase.base_url))
//!     .header("X-API-Key", chase.api_key)
//!     .header("Content-Type", "application/json")
//!     .body(r#"{"email":"user@example.com","conversion_type":"purchase"}"#)?;
//! assert_eq!(sandbox.call(request.clone())?.status(), 500);
//! assert_eq!(sandbox.call(request)?.status(), 202);
//!
//! let wanted = Match::vendor("chase").route(route).json("email", "user@example.com");
//! // Says, if it fails, which calls came near and where they differ.
//! sandbox.verify(wanted, Count::exactly(2))?.assert();
//! # Ok(()) }
//! # #[cfg(feature = "server")] test().unwrap();
//! ```
//!
//! A background worker reports a conversion some time later; the test waits for that, and no longer:
//!
//! ```
//! # #[cfg(feature = "server")] fn test() -> Result<(), Box<dyn std::error::Error>> {
//! use std::time::Duration;
//!
//! use mock_server::Mock;
//! use mock_server::matcher::Match;
//! use mock_server::verify::Count;
//!
//! let mock = Mock::new();
//! let sandbox = mock.sandbox();
//! let worker = || {
//!     let chase = sandbox.chase();
//!     let request = http::Request::post("/chase/api/v2/conversions")
//!         .header("X-API-Key", chase.api_key)
//!         .header("Content-Type", "application/json")
//!         .body(r#"{"email":"user@example.com"}"#)
//!         .unwrap();
//!     sandbox.call(request).unwrap();
//! };
//! std::thread::scope(|scope| {
//!     scope.spawn(worker);
//!     let patience = Duration::from_secs(10);
//!     let verdict = sandbox.verify_within_blocking(Match::vendor("chase"), Count::at_least(1), patience);
//!     verdict.unwrap().assert();
//!     // In an asynchronous test: `sandbox.wait_for_conversions(1, patience).await`.
//!     let found = sandbox.wait_for_conversions_blocking(1, patience);
//!     assert!(found.satisfied);
//!     assert_eq!(found.conversions[0].conversion.who, "user@example.com");
//! });
//! # Ok(()) }
//! # #[cfg(feature = "server")] test().unwrap();
//! ```
//!
//! Everything that the vendors do over time follows the sandbox's clock:
//!
//! ```
//! # #[cfg(feature = "server")] fn test() -> Result<(), Box<dyn std::error::Error>> {
//! use std::time::Duration;
//!
//! use mock_server::Mock;
//!
//! let mock = Mock::builder().clock("2026-01-31T00:00:00Z".parse()?).without_socket()?;
//! let sandbox = mock.sandbox();
//! let chase = sandbox.chase();
//! let request = http::Request::post("/chase/api/v2/conversions")
//!     .header("X-API-Key", chase.api_key)
//!     .header("Content-Type", "application/json")
//!     .body(r#"{"email":"user@example.com"}"#)?;
//! sandbox.call(request)?;
//! // Chase logs in the background.
//! assert!(sandbox.conversions().is_empty());
//! sandbox.advance(Duration::from_secs(1))?;
//! assert_eq!(sandbox.conversions().len(), 1);
//! # Ok(()) }
//! # #[cfg(feature = "server")] test().unwrap();
//! ```
//!
//! With the feature `wiremock` a sandbox is mounted on a `wiremock::MockServer` that is already there:
//!
//! ```
//! # #[cfg(feature = "wiremock")] mod example {
//! use mock_server::Mock;
//! use wiremock::matchers::path_regex;
//!
//! # pub async fn test() {
//! let mock = Mock::new();
//! let sandbox = mock.sandbox();
//! let server = wiremock::MockServer::start().await;
//! wiremock::Mock::given(path_regex("^/Mediapartners/"))
//!     .respond_with(sandbox.responder())
//!     .mount(&server)
//!     .await;
//! # }
//! # }
//! # #[cfg(feature = "wiremock")] tokio::runtime::Runtime::new().unwrap().block_on(example::test());
//! ```
//!
//! # Features
//!
//! `program` and `server` are on unless turned off. Without `server` only the engines and what holds them are built: no
//! clock, no socket, no file.

pub mod admin;
pub mod clock;
pub mod conversions;
pub mod coverage;
pub mod credentials;
#[cfg(feature = "server")]
mod delivery;
pub mod document;
pub mod engine;
#[cfg(feature = "program")]
pub mod env;
pub mod fault;
#[cfg(feature = "program")]
pub mod flags;
pub mod form;
#[cfg(feature = "server")]
pub mod in_process;
pub mod journal;
#[cfg(feature = "server")]
pub mod lines;
#[cfg(feature = "program")]
pub mod log;
pub mod matcher;
pub mod overlay;
pub mod quota;
#[cfg(feature = "program")]
pub mod run;
pub mod sandbox;
pub mod sandboxes;
pub mod seed;
pub mod sentences;
#[cfg(feature = "server")]
pub mod serve;
#[cfg(feature = "program")]
pub mod start;
pub mod tally;
#[cfg(test)]
mod testing;
pub mod vendors;
pub mod verify;
#[cfg(feature = "wiremock")]
pub mod wiremock;
pub mod world;

#[cfg(feature = "server")]
pub use in_process::{Builder, Mock, MockSandbox, MockServer};

#[cfg(feature = "wiremock")]
pub use crate::wiremock::Responder;
