//! The tasks of this workspace, as `cargo xtask --help` prints them.

mod bench;
mod clients;
mod conformance;
mod install;
mod peers;
mod rules;
mod server;
mod soak;
mod test;
mod tidy;

use std::io::Write;
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};
use xshell::Shell;

/// The tasks of this workspace.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Everything that must pass: check, the engines alone, docs, tests, rules, conformance, selftest, clients, peers
    Test {
        /// Which client languages must be there: those that are found, or all of them
        #[arg(long, default_value = "found")]
        clients: Clients,
    },
    /// Judge mock-server, or `--base-url URL`, or `--target FILE`; any flag of `conformance run`
    Conformance {
        /// Flags of `conformance run`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        flags: Vec<String>,
    },
    /// Break every rule once and see its check fail
    Selftest {
        /// With how many seeds
        #[arg(long, default_value_t = 1)]
        seeds: u64,
        /// Commit to what was seen: writes conformance/selftest.json and selftest.md
        #[arg(long)]
        accept: bool,
    },
    /// The quick part of `test`: format, lints, invariants
    Check,
    /// Which fact stands behind which rule, and where each is enforced, checked and broken; fails on a gap
    Rules {
        /// Only rules that begin like this, each with its sentence: `comm100.mark`
        prefix: Option<String>,
    },
    /// Real curl, Python and Node clients, and the example suites, against the real program
    Clients {
        /// Which of them must be there
        #[arg(default_value = "all")]
        clients: Clients,
    },
    /// Servers that are not ours: the framework that Chase runs on answers random calls as the engine does, and it and a
    /// mock of any OpenAPI description are judged as committed
    Peers {
        /// How many calls
        #[arg(long, default_value_t = 5_000)]
        cases: u32,
        /// What the calls derive from
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// Ten thousand sandboxes with a hundred calls each, and a hundred thousand calls that fail by chance
    Soak,
    /// Throughput beside two plain hyper servers, CPU per call, memory, start
    Bench {
        /// Seconds of load a round
        #[arg(long, default_value_t = 5)]
        seconds: u64,
    },
}

/// Which client languages a run must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Clients {
    /// Those that are on this machine; the others are named at the end.
    Found,
    /// All of them.
    All,
}

fn main() -> ExitCode {
    match run(Cli::parse().task) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            say(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// Runs a task; the exit code is that of the program behind it.
fn run(task: Task) -> anyhow::Result<u8> {
    let shell = Shell::new()?;
    match task {
        // What the judge has to say, it has said.
        Task::Conformance { flags } => return conformance::judge(&flags),
        Task::Selftest { seeds, accept } => conformance::selftest(seeds, accept),
        Task::Test { clients } => test::run(&shell, clients),
        Task::Check => test::check(&shell),
        Task::Rules { prefix: None } => rules::run(),
        Task::Rules {
            prefix: Some(prefix),
        } => rules::explain(&prefix),
        Task::Clients { clients } => {
            clients::run(&shell, clients).map(|left_out| clients::report(&left_out))
        }
        Task::Peers { cases, seed } => peers::run(&shell, Clients::All, cases, seed),
        Task::Soak => soak::run(),
        Task::Bench { seconds } => bench::run(&shell, seconds),
    }?;
    Ok(0)
}

/// One line for whoever runs the task.
fn say(line: &str) {
    // A reader that has seen enough, such as `head`, closes the pipe.
    let _said = writeln!(std::io::stdout(), "{line}");
}
