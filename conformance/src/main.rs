//! The program: parse, run, report, exit code.

use std::io::Write as _;
use std::process::ExitCode;
use std::rc::Rc;
use std::time::Instant;

use anyhow::Context as _;
use clap::Parser as _;
use conformance::assess::{self, code};
use conformance::flags::{Flags, Judging, Pointer, RunFlags, SelftestFlags, Task};
use conformance::known::Known;
use conformance::plan::Fate;
use conformance::report::{self, Destination, progress::Progress};
use conformance::run::{Run, Unfit};
use conformance::selftest::{self, Matrix};
use conformance::target::Target;
use conformance::{coverage, explain};
use fixtures::Vendor;
use jiff::Timestamp;

fn main() -> ExitCode {
    let flags = match Flags::try_parse() {
        Ok(flags) => flags,
        Err(error) => {
            let wrong = error.use_stderr();
            // Nobody is left to tell if neither stream can be written.
            let _printed = error.print();
            return ExitCode::from(if wrong { code::USAGE } else { 0 });
        }
    };
    let runtime = match tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return complain(&Unfit::Fault(format!("cannot start: {error}")).into()),
    };
    // What it was is already on stderr.
    match std::panic::catch_unwind(|| runtime.block_on(task(flags.task))) {
        Ok(Ok(code)) => ExitCode::from(code),
        Ok(Err(error)) => complain(&error),
        Err(_) => ExitCode::from(code::FAULT),
    }
}

/// Says what went wrong, and how that ends the program.
fn complain(error: &anyhow::Error) -> ExitCode {
    say(format_args!("error: {error:#}"));
    let code = error
        .downcast_ref::<Unfit>()
        .map_or(code::USAGE, Unfit::code);
    ExitCode::from(code)
}

async fn task(task: Task) -> anyhow::Result<u8> {
    match task {
        Task::Run(flags) => run(flags).await,
        Task::Plan(flags) => plan(&flags).await,
        Task::List(selectors) => {
            let items = selectors
                .selection()
                .items(&fixtures::VENDORS)
                .map_err(Unfit::from)?;
            print(&explain::list(&items)).map(|()| code::PROVEN)
        }
        Task::Explain { id } => print(&explain::explain(&id)?).map(|()| code::PROVEN),
        Task::Coverage { facts, report } => {
            print(&coverage::page(report.as_deref(), facts)?).map(|()| code::PROVEN)
        }
        Task::Doctor(flags) => doctor(&flags).await,
        Task::Selftest(flags) => self_test(flags).await,
    }
}

async fn run(flags: RunFlags) -> anyhow::Result<u8> {
    let destinations = if flags.report.is_empty() {
        vec![Destination::parse("human").expect("it is a form")]
    } else {
        flags.report
    };
    // What cannot be written or read is said before anything is sent.
    let reports = report::open(&destinations)?;
    let known = flags.known.as_deref().map(Known::read).transpose()?;
    let run = Rc::new(prepare(&flags.judging).await?);
    let started_at = Timestamp::now();
    let started = Instant::now();
    run.greet().await?;
    let progress = Rc::new(Progress::new(run.planned.len() as u64));
    let shown = Rc::clone(&progress);
    let runs = run.rules(move |rule| shown.rule_done(rule)).await;
    progress.finish();
    let mut rules = assess::results(runs);
    let today = started_at.to_zoned(jiff::tz::TimeZone::UTC).date();
    let stale = known.map_or_else(Vec::new, |known| {
        known.apply(&mut rules, &run.target.name, today)
    });
    let report = assess::report(
        &run,
        rules,
        stale,
        flags.min_proven,
        started_at,
        started.elapsed(),
    );
    for open in reports {
        open.write(&report)?;
    }
    Ok(report.exit.code)
}

async fn plan(flags: &Judging) -> anyhow::Result<u8> {
    let run = prepare(flags).await?;
    let mut page = String::new();
    for planned in &run.planned {
        let fate = match &planned.fate {
            Fate::Runs => format!(
                "{:>5} requests, {:>5} writes",
                planned.requests, planned.writes
            ),
            Fate::Blocked(blocked) => format!("blocked: {blocked}"),
            Fate::NotRun(why, way) => format!("not run: {why}; {way}"),
        };
        page.push_str(&format!("{:<50} {fate}\n", planned.item.id));
    }
    let (requests, writes) = run.worst_case();
    let runs = run
        .planned
        .iter()
        .filter(|planned| planned.fate == Fate::Runs);
    page.push_str(&format!(
        "{} of {} rules, {requests} requests at the most, {writes} of them writes\n",
        runs.count(),
        run.planned.len(),
    ));
    print(&page)?;
    Ok(code::PROVEN)
}

async fn doctor(flags: &Judging) -> anyhow::Result<u8> {
    let run = prepare(flags).await?;
    let greeted = run.greet().await?;
    let mut page = format!(
        "{}: access {}{}\n",
        run.target.name,
        conformance::catalogue::access(run.access),
        if run.with_sandboxes {
            ", with a sandbox for each rule"
        } else {
            ""
        }
    );
    for line in greeted {
        page.push_str(&line);
        page.push('\n');
    }
    print(&page)?;
    Ok(code::PROVEN)
}

async fn self_test(flags: SelftestFlags) -> anyhow::Result<u8> {
    let target = of_url(&flags.base_url, &fixtures::VENDORS)?;
    let mut matrix: Option<Matrix> = None;
    let mut complaints = Vec::new();
    for seed in (0..flags.seeds).map(|further| flags.seed.wrapping_add(further)) {
        let started = Instant::now();
        let progress = Rc::new(std::cell::Cell::new(0_u32));
        let findings =
            selftest::selftest(&target, &flags.options(seed), &flags.only, |id, well| {
                progress.set(progress.get() + 1);
                if !well {
                    say(format_args!("not as it should be: {id}"));
                }
            })
            .await?;
        say(format_args!(
            "seed {seed}: {} deviations, {} verdicts, {} complaints, {:.1} s",
            findings.deviations,
            findings.judged,
            findings.complaints.len(),
            started.elapsed().as_secs_f64()
        ));
        complaints.extend(findings.complaints.into_iter().map(|line| (seed, line)));
        if matrix.is_none() {
            matrix = Some(findings.matrix);
        }
    }
    let matrix = Matrix {
        seeds: flags.seeds,
        ..matrix.unwrap_or_default()
    };
    for (file, text) in [
        (
            &flags.matrix,
            format!("{}\n", serde_json::to_string_pretty(&matrix)?),
        ),
        (&flags.page, matrix.page()),
    ] {
        if let Some(file) = file {
            std::fs::write(file, text)
                .with_context(|| format!("cannot write {}", file.display()))?;
        }
    }
    let mut page = String::new();
    for (seed, line) in &complaints {
        page.push_str(&format!("seed {seed}: {line}\n"));
    }
    print(&page)?;
    Ok(if complaints.is_empty() {
        code::PROVEN
    } else {
        code::FAILED
    })
}

async fn prepare(flags: &Judging) -> anyhow::Result<Run> {
    let pointer = flags.pointer.clone();
    let target = match pointer.or_variables(&|name| std::env::var(name).ok()) {
        Pointer {
            target: Some(_),
            base_url: Some(_),
        } => anyhow::bail!(
            "CONFORMANCE_BASE_URL and CONFORMANCE_TARGET are both set; --base-url or --target says which counts"
        ),
        Pointer {
            target: Some(file), ..
        } => {
            let (target, warnings) = Target::read(&file, &|name| std::env::var(name).ok())
                .map_err(|error| Unfit::Usage(error.to_string()))?;
            for warning in warnings {
                say(format_args!("warning: {warning}"));
            }
            target
        }
        Pointer {
            base_url: Some(url),
            ..
        } => {
            let vendors = &flags.selectors.vendor;
            of_url(
                &url,
                if vendors.is_empty() {
                    &fixtures::VENDORS
                } else {
                    vendors
                },
            )?
        }
        Pointer { .. } => anyhow::bail!("--base-url or --target says what to judge"),
    };
    Ok(Run::prepare(target, flags.options()).await?)
}

fn of_url(url: &str, vendors: &[Vendor]) -> Result<Target, Unfit> {
    Target::of_url(url, vendors, &|name| std::env::var(name).ok())
        .map_err(|error| Unfit::Usage(error.to_string()))
}

/// Prints a page to stdout.
fn print(page: &str) -> anyhow::Result<()> {
    let mut stdout = std::io::stdout().lock();
    stdout
        .write_all(page.as_bytes())
        .and_then(|()| stdout.flush())
        .context("cannot write to stdout")
}

/// Says something to whoever watches.
fn say(line: std::fmt::Arguments<'_>) {
    // Nobody is left to tell if stderr is gone.
    let _said = writeln!(std::io::stderr().lock(), "{line}");
}
