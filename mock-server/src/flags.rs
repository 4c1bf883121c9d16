//! Every flag, environment variable and key of the configuration file.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::net::IpAddr;
use std::path::PathBuf;

use anyhow::{Context, anyhow, bail};
use clap::builder::BoolishValueParser;
use clap::{Args, Parser, Subcommand, ValueEnum};
use serde::Deserialize;
use serde_json::Value;

use crate::document;
use crate::log;
use crate::seed::line_at;
use crate::vendors::VENDORS;

/// Stands in for the conversion APIs of Comm100, Chase and impact.com.
#[derive(Debug, Parser)]
#[command(name = "mock-server", version, args_conflicts_with_subcommands = true)]
pub struct Cli {
    /// What to do; `serve` if nothing is named.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// The settings of `serve`.
    #[command(flatten)]
    pub settings: Settings,
}

/// What the program can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve the three APIs. This is what happens without a command, too
    Serve(Box<Settings>),
    /// Serve for as long as a command runs, and say what came of it
    Run(Box<Run>),
    /// Print the variables that lead a client to a running server
    Env(Env),
    /// Look at seed files
    Seed {
        /// What to do with them.
        #[command(subcommand)]
        command: SeedCommand,
    },
    /// Print the OpenAPI description of a vendor, or of the admin API
    Openapi {
        /// comm100, chase, impact or admin
        api: String,
    },
    /// Exit with 0 if a server is serving
    Healthcheck {
        /// Its base URL, or that of its admin API
        #[arg(default_value = "http://127.0.0.1:8080")]
        url: String,
    },
}

/// How to run a command against a server of its own.
#[derive(Debug, Args)]
pub struct Run {
    /// How to serve.
    #[command(flatten)]
    pub settings: Settings,
    /// What makes the verdict fail; may be given more than once
    #[arg(long, env = "MOCK_FAIL_ON", value_name = "WHAT", value_delimiter = ',')]
    pub fail_on: Option<Vec<FailOn>>,
    /// The part of the documented answers that must be met, in per cent
    #[arg(long, env = "MOCK_MIN_COVERAGE", value_name = "PERCENT")]
    pub min_coverage: Option<f64>,
    /// The command and its arguments
    #[arg(last = true, required = true, value_name = "COMMAND")]
    pub command: Vec<OsString>,
}

/// What makes the verdict on a run fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FailOn {
    /// Calls that a vendor refused
    Refused,
    /// Calls that fit no vendor
    Unmatched,
    /// Calls answered 429 or 5xx or not at all, after which no call of the same route was accepted
    Unretried,
    /// No call to any vendor at all: the client went elsewhere
    Uncalled,
}

/// Which server's variables to print, and how.
#[derive(Debug, Args)]
pub struct Env {
    /// Its base URL, or that of its admin API
    #[arg(default_value = "http://127.0.0.1:8080")]
    pub url: String,
    /// How to write them
    #[arg(long, env = "MOCK_ENV_FORMAT", default_value = "shell")]
    pub format: Format,
    /// The token that admin calls must show
    #[arg(
        long,
        env = "MOCK_ADMIN_TOKEN",
        value_name = "TOKEN",
        hide_env_values = true
    )]
    pub admin_token: Option<String>,
}

/// How variables are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Lines for a shell to evaluate: export NAME='value'
    Shell,
    /// A .env file
    Dotenv,
    /// Lines to append to $GITHUB_ENV
    Github,
    /// One JSON object
    Json,
}

/// What can be done with seed files.
#[derive(Debug, Subcommand)]
pub enum SeedCommand {
    /// Say what is wrong with seed files, merged in this order
    Check {
        /// The files
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// Print the built-in seed, with comments
    Print,
}

/// How to serve. A flag wins over its environment variable, that over the configuration file.
#[derive(Clone, Debug, Default, Args, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Settings {
    /// Where to listen; port 0 picks a free one [default: 127.0.0.1:8080; for `run`, 127.0.0.1:0]
    #[arg(long, env = "MOCK_LISTEN", value_name = "ADDRESS")]
    pub listen: Option<String>,
    /// A seed file, TOML or JSON; several merge, the later ones on top
    #[arg(
        long = "seed",
        env = "MOCK_SEED",
        value_name = "FILE",
        value_delimiter = ','
    )]
    pub seed: Option<Vec<PathBuf>>,
    /// A TOML file with these settings: their long names as keys
    #[arg(long, env = "MOCK_CONFIG", value_name = "FILE")]
    #[serde(skip)]
    pub config: Option<PathBuf>,
    /// `system`, or an instant at which the clock of every sandbox stands still, such as 2026-01-31T00:00:00Z
    #[arg(long, env = "MOCK_CLOCK", value_name = "TIME")]
    pub clock: Option<String>,
    /// What generated credentials and ids derive from [default: 0]
    #[arg(long, env = "MOCK_RANDOM_SEED", value_name = "NUMBER")]
    pub random_seed: Option<u64>,
    /// An address of its own for the admin API
    #[arg(long, env = "MOCK_ADMIN_LISTEN", value_name = "ADDRESS")]
    pub admin_listen: Option<String>,
    /// The token that admin calls must show; needed beyond loopback
    #[arg(
        long,
        env = "MOCK_ADMIN_TOKEN",
        value_name = "TOKEN",
        hide_env_values = true
    )]
    pub admin_token: Option<String>,
    /// Calls that the journal of a sandbox keeps [default: 1000]
    #[arg(long, env = "MOCK_JOURNAL_ENTRIES", value_name = "NUMBER")]
    pub journal_entries: Option<usize>,
    /// Bytes that all journals together keep [default: 67108864]
    #[arg(long, env = "MOCK_JOURNAL_BYTES", value_name = "BYTES")]
    pub journal_bytes: Option<usize>,
    /// Bytes of a vendor's request bodies that are read, such as chase=1048576; may be given once a vendor
    /// [default: comm100=1048576, chase=16777216, impact=1048576]
    #[arg(
        long,
        env = "MOCK_BODY_LIMIT",
        value_name = "VENDOR=BYTES",
        value_delimiter = ','
    )]
    pub body_limit: Option<Vec<String>>,
    /// A deviation: a breach of rules, on purpose, in the default sandbox until it is reset; may be given more than once
    #[arg(
        long = "deviation",
        env = "MOCK_DEVIATION",
        value_name = "ID",
        value_delimiter = ','
    )]
    pub deviation: Option<Vec<String>>,
    /// How log lines look [default: text]
    #[arg(long, env = "MOCK_LOG_FORMAT", value_name = "FORMAT")]
    pub log_format: Option<log::Format>,
    /// Log accepted calls too; they are on a terminal
    #[arg(short, long, env = "MOCK_VERBOSE", value_parser = BoolishValueParser::new(), conflicts_with = "quiet")]
    pub verbose: bool,
    /// Print no introduction and log no accepted calls, not on a terminal either; after `run`, print the verdict only
    /// when something failed
    #[arg(short, long, env = "MOCK_QUIET", value_parser = BoolishValueParser::new())]
    pub quiet: bool,
    /// A file that gets the first line of the output once the server is serving
    #[arg(long, env = "MOCK_READY_FILE", value_name = "FILE")]
    pub ready_file: Option<PathBuf>,
    /// Stop when standard input ends: when the parent does
    #[arg(long, env = "MOCK_EXIT_WITH_STDIN", value_parser = BoolishValueParser::new())]
    pub exit_with_stdin: bool,
    /// [`Run::fail_on`]: a flag of `run` alone, but a key of the file.
    #[arg(skip)]
    pub fail_on: Option<Vec<FailOn>>,
    /// [`Run::min_coverage`], likewise.
    #[arg(skip)]
    pub min_coverage: Option<f64>,
}

impl Settings {
    /// These settings, with what they leave out taken from the configuration file, if one is named.
    ///
    /// # Errors
    ///
    /// When the file cannot be read, is no TOML, or has unknown keys.
    pub fn with_config(self) -> anyhow::Result<Self> {
        let Some(path) = &self.config else {
            return Ok(self);
        };
        let name = path.display();
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read --config {name}"))?;
        let value: Value = toml::from_str(&text).map_err(|error| {
            let offset = error.span().map_or(0, |span| span.start);
            anyhow!(
                "--config {name}:{}: {}",
                line_at(&text, offset),
                error.message()
            )
        })?;
        let file: Self =
            document::read(value).with_context(|| format!("--config {name} has a mistake"))?;
        Ok(Self {
            listen: self.listen.or(file.listen),
            seed: self.seed.or(file.seed),
            config: self.config,
            clock: self.clock.or(file.clock),
            random_seed: self.random_seed.or(file.random_seed),
            admin_listen: self.admin_listen.or(file.admin_listen),
            admin_token: self.admin_token.or(file.admin_token),
            journal_entries: self.journal_entries.or(file.journal_entries),
            journal_bytes: self.journal_bytes.or(file.journal_bytes),
            body_limit: self.body_limit.or(file.body_limit),
            deviation: self.deviation.or(file.deviation),
            log_format: self.log_format.or(file.log_format),
            verbose: self.verbose || file.verbose && !self.quiet,
            quiet: self.quiet || file.quiet && !self.verbose,
            ready_file: self.ready_file.or(file.ready_file),
            exit_with_stdin: self.exit_with_stdin || file.exit_with_stdin,
            fail_on: self.fail_on.or(file.fail_on),
            min_coverage: self.min_coverage.or(file.min_coverage),
        })
    }

    /// Bytes of a body that are read, for each of [`VENDORS`].
    ///
    /// # Errors
    ///
    /// When a limit is not `VENDOR=BYTES`, or names no vendor.
    pub fn body_limits(&self) -> anyhow::Result<Vec<usize>> {
        let mut given: BTreeMap<&str, usize> = BTreeMap::new();
        for limit in self.body_limit.iter().flatten() {
            let parsed = limit
                .split_once('=')
                .and_then(|(vendor, bytes)| Some((vendor, bytes.parse().ok()?)));
            let Some((vendor, bytes)) = parsed else {
                bail!("--body-limit {limit}: expected VENDOR=BYTES")
            };
            crate::sandboxes::vendor_named(vendor)
                .with_context(|| format!("--body-limit {limit}"))?;
            given.insert(vendor, bytes);
        }
        Ok(VENDORS
            .iter()
            .map(|kind| given.get(kind.name()).copied().unwrap_or(kind.body_limit()))
            .collect())
    }
}

/// Whether an address ends in a port.
pub fn has_port(address: &str) -> bool {
    let port = address
        .rsplit_once(':')
        .map(|(_, port)| port.parse::<u16>());
    port.is_some_and(|port| port.is_ok())
}

/// Whether an address is for this machine alone. A name counts only if it is `localhost`.
pub fn is_loopback(address: &str) -> bool {
    let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || host
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_sound() {
        <Cli as clap::CommandFactory>::command().debug_assert();
        let _: Cli = Cli::parse_from(["mock-server"]);
    }

    #[test]
    fn a_run_has_flags_of_its_own_and_those_of_the_server() {
        let parsed = |arguments: &str| Cli::try_parse_from(arguments.split(' '));
        let wanted = parsed(
            "mock-server run --seed a.toml --fail-on refused,unretried --min-coverage 12.5 -q -- sh -c --seed",
        );
        let Some(Command::Run(run)) = wanted.unwrap().command else {
            panic!("another command")
        };
        assert_eq!(run.settings.seed.unwrap(), [PathBuf::from("a.toml")]);
        assert_eq!(run.fail_on.unwrap(), [FailOn::Refused, FailOn::Unretried]);
        assert_eq!(run.min_coverage, Some(12.5));
        assert_eq!(run.command, ["sh", "-c", "--seed"]);
        for (wrong, named) in [
            ("run", "COMMAND"),
            ("run --quiet", "COMMAND"),
            ("run --", "COMMAND"),
            ("run sh", "'sh'"),
            (
                "run --fail-on refuse -- sh",
                "refused, unmatched, unretried",
            ),
            (
                "run --fail-on refused,, -- sh",
                "refused, unmatched, unretried",
            ),
            ("run --min-coverage all -- sh", "--min-coverage"),
            ("env --format yaml", "shell, dotenv, github, json"),
        ] {
            let complaint = parsed(&format!("mock-server {wrong}")).unwrap_err();
            assert!(
                complaint.to_string().contains(named),
                "{wrong}: {complaint}"
            );
        }
    }

    #[test]
    fn only_this_machine_is_loopback() {
        for address in ["127.0.0.1:0", "localhost:80", "[::1]:80", "127.8.8.8:1"] {
            assert!(is_loopback(address), "{address}");
        }
        for address in [
            "0.0.0.0:80",
            "[::]:80",
            "192.168.0.1:80",
            "example.com:80",
            ":80",
        ] {
            assert!(!is_loopback(address), "{address}");
        }
    }

    #[test]
    fn body_limits_name_their_vendor() {
        let limits = |limit: &str| {
            Settings {
                body_limit: Some(vec![limit.to_owned()]),
                ..Settings::default()
            }
            .body_limits()
        };
        assert_eq!(limits("chase=5").unwrap(), [1 << 20, 5, 1 << 20]);
        assert!(format!("{:#}", limits("chse=5").unwrap_err()).contains("did you mean `chase`?"));
        assert!(
            limits("chase")
                .unwrap_err()
                .to_string()
                .contains("expected VENDOR=BYTES")
        );
    }
}
