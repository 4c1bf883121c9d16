//! The program itself: exit codes, one clear line for what is wrong, flags, environment and configuration, and its end.

use std::fs::{self, File};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use fixtures::VENDORS;
use serde_json::Value;
use tempfile::TempDir;
use ureq::Agent;

use super::every;

/// How long anything may take before it counts as hanging.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long calls in flight may hold up the end of the program.
const GRACE: Duration = Duration::from_secs(5);

const ANY_PORT: [&str; 2] = ["--listen", "127.0.0.1:0"];

type Check = fn(&Path) -> anyhow::Result<()>;

/// Checks a built program, all at once.
pub(super) fn check(program: &Path) -> anyhow::Result<()> {
    let checks: &[(&str, Check)] = &[
        ("wrong usage", wrong_usage),
        ("seeds", seeds),
        ("wrong seeds", wrong_seeds),
        ("openapi", openapi),
        ("healthcheck", healthcheck),
        ("flag over environment over file", precedence),
        ("listening", listening),
        ("the admin token", admin_token),
        ("the admin listener", admin_listener),
        ("the log", log),
        ("bounds of the journal", journal_bounds),
        ("the random seed", random_seed),
        ("SIGTERM", sigterm),
        ("SIGTERM with calls in flight", sigterm_with_calls_in_flight),
        ("the end of standard input", exit_with_stdin),
        ("the exit code of run", run_exit_codes),
        ("the variables of run", run_variables),
        ("the verdict of run", run_verdicts),
        ("signals to run", run_signals),
        ("env", env),
    ];
    thread::scope(|scope| {
        let running: Vec<_> = checks
            .iter()
            .map(|(name, check)| (name, scope.spawn(move || check(program))))
            .collect();
        every(running.into_iter().map(|(name, check)| {
            let held = check.join().unwrap_or_else(|_| bail!("panicked"));
            held.with_context(|| (*name).to_owned())
        }))
    })
}

/// Whatever is wrong with a command line, its environment or its configuration: exit code 2 and one line that names it.
fn wrong_usage(program: &Path) -> anyhow::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let taken = listener.local_addr()?.to_string();
    let folder = tempfile::tempdir()?;
    let write = |name: &str, text: &str| write(&folder, name, text);
    let listens_on_taken = write("taken.toml", &format!("listen = \"{taken}\"\n"))?;
    let unknown_key = write("key.toml", "lisen = \"127.0.0.1:0\"\n")?;
    let no_toml = write("no.toml", "listen =\n")?;
    let too_much = write("much.toml", "min-coverage = 101.0\n")?;
    let missing = folder.path().join("missing.toml").display().to_string();

    let cases: &[(&[&str], &[&str])] = &[
        (&["--listen", &taken], &[&taken]),
        (&["--listen", "nowhere"], &["nowhere"]),
        (&["--lisen", "127.0.0.1:0"], &["--lisen"]),
        (&["sreve"], &["sreve"]),
        (&["--listen", "0.0.0.0:0"], &["--admin-token"]),
        (
            &["--listen", "127.0.0.1:0", "--admin-listen", "0.0.0.0:0"],
            &["--admin-token"],
        ),
        (
            &["--listen", "127.0.0.1:0", "--clock", "yesterday"],
            &["yesterday"],
        ),
        (
            &["--listen", "127.0.0.1:0", "--seed", &missing],
            &["missing.toml"],
        ),
        (
            &["--listen", "127.0.0.1:0", "--config", &missing],
            &["missing.toml"],
        ),
        (
            &["--listen", "127.0.0.1:0", "--config", &unknown_key],
            &["key.toml", "lisen", "listen"],
        ),
        (
            &["--listen", "127.0.0.1:0", "--config", &no_toml],
            &["no.toml"],
        ),
        (&["--config", &listens_on_taken], &[&taken]),
        (&["openapi", "acme"], &["acme"]),
        (&["run"], &["COMMAND"]),
        (&["run", "--"], &["COMMAND"]),
        (&["run", "sh"], &["sh"]),
        (
            &["run", "--fail-on", "refuse", "--", "sh"],
            &["refuse", "refused, unmatched, unretried"],
        ),
        (
            &["run", "--min-coverage", "100.1", "--", "sh"],
            &["--min-coverage", "0 to 100"],
        ),
        (
            &["run", "--min-coverage", "NaN", "--", "sh"],
            &["--min-coverage", "0 to 100"],
        ),
        (
            &["run", "--config", &too_much, "--", "sh"],
            &["--min-coverage", "0 to 100"],
        ),
        (
            &["run", "--exit-with-stdin", "--", "sh"],
            &["--exit-with-stdin"],
        ),
        (&["run", "--listen", &taken, "--", "sh"], &[&taken]),
        (
            &["env", "--format", "yaml"],
            &["yaml", "shell, dotenv, github, json"],
        ),
        (&["seed", "check", &missing], &["missing.toml"]),
    ];
    every(
        cases
            .iter()
            .map(|(arguments, named)| refused(program, arguments, &[], named))
            .chain(
                ["nowhere", &taken]
                    .map(|wrong| refused(program, &[], &[("MOCK_LISTEN", wrong)], &[wrong])),
            ),
    )
}

/// What is wrong with a seed is named by file, line and member, whoever reads it.
fn wrong_seeds(program: &Path) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let cases: &[(&str, &str, &[&str])] = &[
        (
            "a.toml",
            "[comm100]\n\nstrict_htps = true\n",
            &["a.toml:3:", "strict_htps", "did you mean", "strict_https"],
        ),
        (
            "b.toml",
            "[chase]\nlog_delay_ms = \"soon\"\n",
            &["b.toml:2:", "log_delay_ms"],
        ),
        (
            "c.toml",
            "\n[com100]\n",
            &["c.toml:2:", "com100", "did you mean", "comm100"],
        ),
        ("d.toml", "[chase]\nlog_delay_ms = \n", &["d.toml:2:"]),
        (
            "e.json",
            "{\n\"chase\": {\n\"log_delay_sm\": 1}}",
            &["e.json:3:", "log_delay_sm", "did you mean", "log_delay_ms"],
        ),
        (
            "f.toml",
            "[comm100.accounts.one.agents.\"a@example.com\"]\napi_key = \"0f5b1f3c2d7e4a6b8c9d0e1f2a3b4c5d\"\n\
             [comm100.accounts.two.agents.\"A@example.com\"]\napi_key = \"1a2b3c4d5e6f40718293a4b5c6d7e8f9\"\n",
            &["f.toml", "@example.com"],
        ),
    ];
    every(cases.iter().map(|(name, text, named)| {
        let path = write(&folder, name, text)?;
        refused(program, &["seed", "check", &path], &[], named)?;
        refused(
            program,
            &[&ANY_PORT[..], &["--seed", &path]].concat(),
            &[],
            named,
        )
    }))
}

/// The built-in seed passes its own check and can be served from; so do the seeds of the checks.
fn seeds(program: &Path) -> anyhow::Result<()> {
    let printed = succeeds(program, &["seed", "print"])?;
    let folder = tempfile::tempdir()?;
    let path = write(&folder, "printed.toml", &printed)?;
    succeeds(program, &["seed", "check", &path])?;
    let files = super::seeds();
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    succeeds(program, &[&["seed", "check"], &files[..]].concat())?;
    let built_in = Running::start(program, &ANY_PORT)?;
    let from_file = Running::start(program, &[&ANY_PORT[..], &["--seed", &path]].concat())?;
    let state = |server: &Running| get(&format!("{}/__admin/state", server.http()?));
    ensure!(
        state(&built_in)? == state(&from_file)?,
        "the printed seed is not the built-in one"
    );
    Ok(())
}

/// The descriptions are JSON, the vendors' those of the contract, the admin API's what the server shows.
fn openapi(program: &Path) -> anyhow::Result<()> {
    for vendor in VENDORS {
        let printed: Value =
            serde_json::from_str(&succeeds(program, &["openapi", vendor.name()])?)?;
        let wanted: Value = serde_json::from_str(vendor.openapi())?;
        ensure!(
            printed == wanted,
            "{} is described otherwise in its contract",
            vendor.name()
        );
    }
    let printed: Value = serde_json::from_str(&succeeds(program, &["openapi", "admin"])?)?;
    let server = Running::start(program, &ANY_PORT)?;
    ensure!(
        get(&format!("{}/__admin/openapi.json", server.http()?))?.1 == printed,
        "the admin API has two descriptions"
    );
    Ok(())
}

/// 0 while it serves; 1 when nothing does, or what does never answers.
fn healthcheck(program: &Path) -> anyhow::Result<()> {
    let server = Running::start(program, &ANY_PORT)?;
    let http = server.http()?;
    succeeds(program, &["healthcheck", &http])?;
    drop(server);
    let silent = TcpListener::bind("127.0.0.1:0")?;
    every(
        [http, format!("http://{}", silent.local_addr()?)].map(|url| {
            let code = Running::start(program, &["healthcheck", &url])?
                .end(PATIENCE)?
                .code();
            ensure!(code == Some(1), "{url}: exit {code:?}");
            Ok(())
        }),
    )
}

/// Each of the three says where to listen; what must lose names an address that is taken.
fn precedence(program: &Path) -> anyhow::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let taken = listener.local_addr()?.to_string();
    let folder = tempfile::tempdir()?;
    let loses = write(&folder, "taken.toml", &format!("listen = \"{taken}\"\n"))?;
    let wins = write(
        &folder,
        "free.toml",
        "listen = \"127.0.0.1:0\"\njournal-entries = 2\n",
    )?;
    Running::start_with(
        program,
        &["--config", &loses],
        &[("MOCK_LISTEN", "127.0.0.1:0")],
    )?
    .http()?;
    let flags = [&ANY_PORT[..], &["--config", &loses]].concat();
    Running::start_with(program, &flags, &[("MOCK_LISTEN", &taken)])?.http()?;
    Running::start_with(program, &ANY_PORT, &[("MOCK_LISTEN", "nowhere")])?.http()?;
    Running::start(program, &["--config", &wins])?.http()?;
    Running::start_with(program, &[], &[("MOCK_CONFIG", &wins)])?.http()?;
    // The subcommand may be named.
    Running::start(program, &[&["serve"], &ANY_PORT[..]].concat())?.http()?;
    Ok(())
}

/// The first line on stdout says where, and so does the ready file; nothing else is on stdout.
fn listening(program: &Path) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let ready = folder.path().join("ready.json").display().to_string();
    let flags = [&ANY_PORT[..], &["--ready-file", &ready]].concat();
    let mut server = Running::start(program, &flags)?;
    let line = server.listening()?;
    ensure!(
        line["event"] == "listening" && line.get("admin").is_none() && line.get("https").is_none(),
        "{line}"
    );
    let http = server.http()?;
    ensure!(
        !http.ends_with(":0") && http.starts_with("http://127.0.0.1:"),
        "port 0 became {http}"
    );
    ensure!(
        get(&format!("{http}/__admin/health"))?.0 == 200,
        "it listens before it serves"
    );
    let file = fs::read_to_string(&ready).context("the ready file")?;
    ensure!(
        serde_json::from_str::<Value>(&file)? == line,
        "the ready file says {file}"
    );
    server.signal("TERM")?;
    server.end(PATIENCE)?;
    let printed = server.stdout()?;
    ensure!(printed.lines().count() == 1, "more on stdout: {printed}");
    Ok(())
}

/// With a token, everything below /__admin but health asks for it; the vendors do not.
fn admin_token(program: &Path) -> anyhow::Result<()> {
    let server = Running::start_with(program, &ANY_PORT, &[("MOCK_ADMIN_TOKEN", "open-sesame")])?;
    let http = server.http()?;
    let status = |path: &str, authorization: &str| -> anyhow::Result<u16> {
        let answer = agent()
            .get(format!("{http}{path}"))
            .header("Authorization", authorization)
            .call()?;
        Ok(answer.status().as_u16())
    };
    for (path, authorization, wanted) in [
        ("/__admin/state", "", 401),
        ("/__admin/state", "Bearer open-sesam", 401),
        ("/__admin/nothing", "", 401),
        ("/__admin/health", "", 200),
        ("/__admin/state", "Bearer open-sesame", 200),
        ("/__admin/nothing", "Bearer open-sesame", 404),
        ("/api/v2/conversions", "", 405),
    ] {
        let found = status(path, authorization)?;
        ensure!(
            found == wanted,
            "{path} with {authorization:?}: wanted {wanted}, got {found}"
        );
    }
    let (status, problem) = get(&format!("{http}/__admin/state"))?;
    ensure!(
        status == 401 && problem["type"] == "urn:mock-server:unauthorized",
        "{status} {problem}"
    );
    ensure!(
        problem["hint"]
            .as_str()
            .is_some_and(|hint| hint.contains("Bearer")),
        "{problem}"
    );
    ensure!(
        !server.stderr()?.contains("open-sesame"),
        "the log shows the token"
    );
    Ok(())
}

/// The admin API at an address of its own is nowhere else.
fn admin_listener(program: &Path) -> anyhow::Result<()> {
    let server = Running::start(
        program,
        &[&ANY_PORT[..], &["--admin-listen", "127.0.0.1:0"]].concat(),
    )?;
    let line = server.listening()?;
    let admin = line["admin"]
        .as_str()
        .with_context(|| format!("no admin address: {line}"))?;
    ensure!(
        get(&format!("{admin}/__admin/state"))?.0 == 200,
        "no admin API at {admin}"
    );
    let (status, problem) = get(&format!("{}/__admin/state", server.http()?))?;
    ensure!(
        status == 404 && problem["type"] == "urn:mock-server:no-admin",
        "{status} {problem}"
    );
    let (_, sandbox) = get(&format!("{admin}/__admin/sandboxes/default"))?;
    let base_url = sandbox["base_url"].as_str();
    ensure!(
        base_url == Some(server.http()?.as_str()),
        "vendors are not served at {base_url:?}"
    );
    Ok(())
}

/// A refusal is one line with the rule behind it, as text or JSON, and without secrets; --quiet is silent.
fn log(program: &Path) -> anyhow::Result<()> {
    let refuse = |flags: &[&str]| -> anyhow::Result<String> {
        let mut server = Running::start(program, &[&ANY_PORT[..], flags].concat())?;
        let http = server.http()?;
        let url = format!("{http}/chase/api/v2/conversions");
        let logged = |key: &str| {
            agent()
                .post(&url)
                .header("X-API-Key", key)
                .send("secret-text")
        };
        ensure!(
            logged("a-wrong-secret")?.status() == 401 && logged("mock-chase-key")?.status() == 422,
            "not refused"
        );
        server.signal("TERM")?;
        server.end(PATIENCE)?;
        server.stderr()
    };
    let text = refuse(&["-v"])?;
    ensure!(
        text.contains("401 POST") && text.contains("chase."),
        "no refusal in the log: {text}"
    );
    for secret in ["a-wrong-secret", "mock-chase-key"] {
        ensure!(!text.contains(secret), "the log shows {secret}: {text}");
    }
    let json = refuse(&["--log-format", "json"])?;
    let lines: Vec<Value> = json
        .lines()
        .map(serde_json::from_str)
        .collect::<Result<_, _>>()?;
    ensure!(
        lines
            .iter()
            .filter(|line| line.to_string().contains("\"chase"))
            .count()
            >= 2,
        "no refusals in {json}"
    );
    Ok(())
}

/// A journal keeps as many entries as it is told to, and counts them all.
fn journal_bounds(program: &Path) -> anyhow::Result<()> {
    let server = Running::start(
        program,
        &[&ANY_PORT[..], &["--journal-entries", "2"]].concat(),
    )?;
    let http = server.http()?;
    for _ in 0..3 {
        get(&format!("{http}/api/v2/conversions"))?;
    }
    let (_, listed) = get(&format!("{http}/__admin/requests"))?;
    let numbers: Vec<&Value> = listed["requests"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|entry| &entry["n"])
        .collect();
    ensure!(
        numbers == [3, 2] && listed["total"] == 3 && listed["complete"] == false,
        "{listed}"
    );
    let (status, problem) = get(&format!("{http}/__admin/requests/1"))?;
    ensure!(status == 410, "{status} {problem}");
    Ok(())
}

/// Credentials derive from it: the same for the same, others for others.
fn random_seed(program: &Path) -> anyhow::Result<()> {
    let key = |seed: &str| -> anyhow::Result<String> {
        let server = Running::start(program, &[&ANY_PORT[..], &["--random-seed", seed]].concat())?;
        let mut made = agent()
            .post(format!("{}/__admin/sandboxes", server.http()?))
            .send("{\"id\":\"a\"}")?;
        let made: Value = serde_json::from_str(&made.body_mut().read_to_string()?)?;
        Ok(made["vendors"]["chase"]["api_key"].to_string())
    };
    ensure!(
        key("7")? == key("7")? && key("7")? != key("8")?,
        "--random-seed does not decide"
    );
    Ok(())
}

/// An idle server ends at once, also with a connection that is kept open.
fn sigterm(program: &Path) -> anyhow::Result<()> {
    for signal in ["TERM", "INT"] {
        let mut server = Running::start(program, &ANY_PORT)?;
        let kept = agent();
        ensure!(
            kept.get(format!("{}/__admin/health", server.http()?))
                .call()?
                .status()
                == 200,
            "it does not serve"
        );
        server.signal(signal)?;
        let ended = Instant::now();
        let code = server.end(GRACE)?.code();
        ensure!(code == Some(0), "SIG{signal}: exit {code:?}");
        ensure!(
            ended.elapsed() < GRACE / 2,
            "SIG{signal}: an idle connection held it up for {:?}",
            ended.elapsed()
        );
    }
    Ok(())
}

/// A call in flight is finished; one that would take longer than the grace does not hold it up; a second signal ends it.
fn sigterm_with_calls_in_flight(program: &Path) -> anyhow::Result<()> {
    let wait = |server: &Running, ms: u32| {
        let url = format!("{}/__admin/conversions?wait_ms={ms}", server.http()?);
        let call = thread::spawn(move || get(&url));
        thread::sleep(Duration::from_millis(200));
        anyhow::Ok(call)
    };
    let mut short = Running::start(program, &ANY_PORT)?;
    let call = wait(&short, 800)?;
    short.signal("TERM")?;
    let (status, found) = call
        .join()
        .map_err(|_| anyhow::anyhow!("the call panicked"))??;
    ensure!(
        status == 200 && found["conversions"] == Value::Array(Vec::new()),
        "{status} {found}"
    );
    ensure!(short.end(GRACE)?.success(), "it did not end well");

    let mut long = Running::start(program, &ANY_PORT)?;
    let _cut = wait(&long, 600_000)?;
    let mut twice = Running::start(program, &ANY_PORT)?;
    let _cut = wait(&twice, 600_000)?;
    long.signal("TERM")?;
    twice.signal("TERM")?;
    thread::sleep(Duration::from_millis(200));
    twice.signal("TERM")?;
    twice.end(GRACE / 2).context("after a second signal")?;
    let code = long.end(GRACE + Duration::from_secs(1))?.code();
    ensure!(code == Some(0), "exit {code:?}");
    Ok(())
}

/// With --exit-with-stdin it ends when its parent does; without, it does not care.
fn exit_with_stdin(program: &Path) -> anyhow::Result<()> {
    let mut server = Running::start(program, &[&ANY_PORT[..], &["--exit-with-stdin"]].concat())?;
    server.http()?;
    ensure!(
        server.child.try_wait()?.is_none(),
        "it ended before its standard input did"
    );
    drop(server.child.stdin.take());
    ensure!(server.end(GRACE)?.success(), "it did not end well");

    let mut other = Running::start(program, &ANY_PORT)?;
    let http = other.http()?;
    drop(other.child.stdin.take());
    thread::sleep(Duration::from_millis(100));
    ensure!(
        get(&format!("{http}/__admin/health"))?.0 == 200,
        "it ended with its standard input"
    );
    Ok(())
}

/// The command's own, as a shell has it; 127 if it is not there, 126 if it cannot be run.
fn run_exit_codes(program: &Path) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let no_program = write(&folder, "script", "exit 0\n")?;
    let cases: &[(&[&str], i32, &str)] = &[
        (&["sh", "-c", "exit 0"], 0, "0 calls"),
        (&["sh", "-c", "exit 3"], 3, "0 calls"),
        (&["sh", "-c", "kill -TERM $$"], 143, "0 calls"),
        (&["sh", "-c", "kill -KILL $$"], 137, "0 calls"),
        (&["no-such-command"], 127, "cannot run no-such-command"),
        (&[&no_program], 126, "cannot run"),
    ];
    every(cases.iter().map(|(command, wanted, says)| {
        let mut run = Running::start(program, &[&["run", "--"], *command].concat())?;
        let code = run.end(PATIENCE)?.code();
        let (stdout, stderr) = (run.stdout()?, run.stderr()?);
        ensure!(
            code == Some(*wanted) && stdout.is_empty(),
            "{command:?}: exit {code:?}, {stdout}"
        );
        ensure!(
            stderr.lines().count() == 1 && stderr.contains(says),
            "{command:?}: {stderr}"
        );
        Ok(())
    }))
}

/// The command finds the server by them, and stdout is its own.
fn run_variables(program: &Path) -> anyhow::Result<()> {
    for admin in [&[][..], &["--admin-listen", "127.0.0.1:0"]] {
        let flags = [&["--admin-token", "open-sesame"], admin].concat();
        let mut run = Commanded::start(program, &flags, 0)?;
        let sandbox = run.admin("sandboxes/default")?;
        let wanted = |pointer: &str| {
            let value = sandbox.pointer(pointer).and_then(Value::as_str);
            value.unwrap_or_default().to_owned()
        };
        for (name, pointer) in [
            ("MOCK_URL", "/base_url"),
            ("COMM100_BASE_URL", "/vendors/comm100/base_url"),
            ("COMM100_USERNAME", "/vendors/comm100/username"),
            ("COMM100_PASSWORD", "/vendors/comm100/password"),
            ("CHASE_BASE_URL", "/vendors/chase/base_url"),
            ("CHASE_API_KEY", "/vendors/chase/api_key"),
            ("IMPACT_BASE_URL", "/vendors/impact/base_url"),
            ("IMPACT_ACCOUNT_SID", "/vendors/impact/account_sid"),
            ("IMPACT_AUTH_TOKEN", "/vendors/impact/auth_token"),
            (
                "IMPACT_MEDIA_PARTNER_ID",
                "/vendors/impact/media_partner_id",
            ),
        ] {
            let (wanted, found) = (wanted(pointer), run.variable(name)?);
            ensure!(
                !wanted.is_empty() && found == wanted,
                "{name} is {found}, not {wanted}"
            );
        }
        let (url, admin_url) = (run.variable("MOCK_URL")?, run.variable("MOCK_ADMIN_URL")?);
        ensure!(
            (admin_url == format!("{url}/__admin")) == admin.is_empty(),
            "{url} and {admin_url}"
        );
        run.finish(0, &[])?;
        let stdout = run.running.stdout()?;
        ensure!(
            stdout.lines().all(|line| line.contains('=')),
            "more on stdout than the command's: {stdout}"
        );
        ensure!(get(&url).is_err(), "it still serves");
    }
    let run = Commanded::start(program, &[], 0)?;
    ensure!(
        run.variable("MOCK_ADMIN_TOKEN").is_err(),
        "a token that there is none of"
    );
    Ok(())
}

/// It names what happened in any sandbox, and fails only on what it is told to fail on.
fn run_verdicts(program: &Path) -> anyhow::Result<()> {
    let eventful = |flags: &[&str], code: i32, wanted: i32, says: &[&str]| {
        let mut run = Commanded::start(program, flags, code)?;
        let (url, admin) = (run.variable("MOCK_URL")?, run.variable("MOCK_ADMIN_URL")?);
        let chase = |base_url: &str, key: &str| {
            let url = format!("{base_url}/chase/api/v2/conversions");
            let call = agent()
                .post(&url)
                .header("X-API-Key", key)
                .content_type("application/json");
            let body = r#"{"email":"user@example.com","conversion_type":"purchase"}"#;
            anyhow::Ok(call.send(body)?.status().as_u16())
        };
        ensure!(chase(&url, "mock-chase-key")? == 202, "not accepted");
        agent()
            .post(format!("{admin}/sandboxes"))
            .send("{\"id\":\"gone\"}")?;
        ensure!(
            chase(&format!("{url}/s/gone"), "wrong")? == 401,
            "not refused"
        );
        agent().delete(format!("{admin}/sandboxes/gone")).call()?;
        // What a reset forgets is not forgotten.
        agent().post(format!("{admin}/reset")).send_empty()?;
        ensure!(get(&format!("{url}/nowhere"))?.0 == 404, "not unmatched");
        run.finish(wanted, says)?;
        run.running.stderr()
    };
    let all = [
        "3 calls, 1 conversion",
        "1 x Chase 401 chase.key.known: ",
        "unmatched by any vendor: 1 call\n  GET /nowhere",
    ];
    let passed = eventful(&[], 0, 0, &all)?;
    ensure!(!passed.contains("failed"), "it failed: {passed}");
    eventful(&["--fail-on", "unretried"], 0, 0, &all)?;
    let failed = [&all[..], &["failed: 1 call refused, 1 call unmatched"]].concat();
    eventful(&["--fail-on", "refused,unmatched,unretried"], 0, 1, &failed)?;
    eventful(
        &["--fail-on", "unmatched"],
        0,
        1,
        &["failed: 1 call unmatched"],
    )?;
    // The command's own code says more.
    eventful(&["--fail-on", "refused"], 7, 7, &["failed: 1 call refused"])?;
    let quiet = eventful(&["--quiet"], 0, 0, &[])?;
    ensure!(!quiet.contains("3 calls"), "not quiet: {quiet}");
    eventful(&["--quiet", "--fail-on", "refused"], 0, 1, &all)?;
    eventful(&["--quiet"], 7, 7, &all)?;
    Ok(())
}

/// They reach the command, and how it ends is how the run ends.
fn run_signals(program: &Path) -> anyhow::Result<()> {
    let script =
        "trap 'kill $!; exit 9' TERM; trap 'kill $!; exit 8' INT; sleep 60 & echo a=ready; wait";
    every([("TERM", 9), ("INT", 8)].map(|(signal, wanted)| {
        let command = ["run", "--", "sh", "-c", script];
        let mut run = Running::start(program, &command)?;
        run.line("a=")?;
        run.signal(signal)?;
        let code = run.end(PATIENCE)?.code();
        ensure!(code == Some(wanted), "SIG{signal}: exit {code:?}");
        ensure!(run.stderr()?.contains("0 calls"), "no verdict");
        Ok(())
    }))?;
    let mut run = Running::start(
        program,
        &["run", "--", "sh", "-c", "echo a=ready; exec cat"],
    )?;
    run.line("a=")?;
    run.signal("TERM")?;
    let code = run.end(PATIENCE)?.code();
    ensure!(code == Some(143), "exit {code:?}");
    Ok(())
}

/// It prints what `run` exports, in each format; without a server it says so.
fn env(program: &Path) -> anyhow::Result<()> {
    let server = Running::start_with(program, &ANY_PORT, &[("MOCK_ADMIN_TOKEN", "open-sesame")])?;
    let http = server.http()?;
    let printed = |format: &str| {
        let flags = ["--format", format, "--admin-token", "open-sesame"];
        succeeds(program, &[&["env", &http], &flags[..]].concat())
    };
    let variables: Value = serde_json::from_str(&printed("json")?)?;
    ensure!(
        variables["MOCK_ADMIN_URL"] == format!("{http}/__admin")
            && variables["MOCK_ADMIN_TOKEN"] == "open-sesame"
            && variables["CHASE_API_KEY"] == "mock-chase-key",
        "{variables}"
    );
    let lines: Vec<String> = variables
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, value)| format!("{name}={}", value.as_str().unwrap_or_default()))
        .collect();
    ensure!(lines.len() == 12, "{lines:?}");
    for format in ["github", "dotenv"] {
        let found = printed(format)?;
        ensure!(found.lines().eq(&lines), "{format}: {found}");
    }
    let script = format!("{}\nenv", printed("shell")?);
    let read = Command::new("sh").args(["-c", &script]).output()?;
    let read = String::from_utf8(read.stdout)?;
    for line in &lines {
        ensure!(
            read.lines().any(|found| found == line),
            "a shell does not find {line}"
        );
    }
    // The base URL of the admin API will do, too.
    let flags = ["--admin-token", "open-sesame"];
    let admin = format!("{http}/__admin/");
    succeeds(program, &[&["env", &admin], &flags[..]].concat())?;

    let other = TcpListener::bind("127.0.0.1:0")?;
    let nobody = format!("http://{}", other.local_addr()?);
    drop(other);
    for (url, says) in [(&http, "--admin-token"), (&nobody, "cannot ask")] {
        let mut run = Running::start(program, &["env", url])?;
        let code = run.end(PATIENCE)?.code();
        let (stdout, stderr) = (run.stdout()?, run.stderr()?);
        ensure!(
            code == Some(1) && stdout.is_empty() && stderr.contains(says),
            "{url}: exit {code:?}, {stderr}"
        );
    }
    Ok(())
}

/// A run of a command that says what variables it has, and ends with its standard input.
struct Commanded {
    running: Running,
}

impl Commanded {
    /// The command ends with exit code `code`.
    fn start(program: &Path, flags: &[&str], code: i32) -> anyhow::Result<Self> {
        let script = format!("env; echo MOCK_COMMAND=waits; read line; exit {code}");
        let command = ["--", "sh", "-c", &script];
        let arguments = [&["run"], flags, &command].concat();
        let running = Running::start(program, &arguments)?;
        running.line("MOCK_COMMAND=")?;
        Ok(Self { running })
    }

    fn variable(&self, name: &str) -> anyhow::Result<String> {
        let stdout = self.running.stdout()?;
        let value = stdout
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        Ok(value.with_context(|| format!("no {name}"))?.to_owned())
    }

    /// The answer to an admin call.
    fn admin(&self, path: &str) -> anyhow::Result<Value> {
        let token = self.variable("MOCK_ADMIN_TOKEN")?;
        let mut answer = agent()
            .get(format!("{}/{path}", self.variable("MOCK_ADMIN_URL")?))
            .header("Authorization", format!("Bearer {token}"))
            .call()?;
        Ok(serde_json::from_str(&answer.body_mut().read_to_string()?)?)
    }

    /// Ends the command, and looks at the exit code and what the verdict says.
    fn finish(&mut self, wanted: i32, says: &[&str]) -> anyhow::Result<()> {
        drop(self.running.child.stdin.take());
        let code = self.running.end(PATIENCE)?.code();
        let stderr = self.running.stderr()?;
        ensure!(code == Some(wanted), "exit {code:?}: {stderr}");
        for part in says {
            ensure!(stderr.contains(part), "no {part:?} in {stderr}");
        }
        Ok(())
    }
}

/// Ends with exit code 2, nothing on stdout, and one line on stderr that says what is wanted.
fn refused(
    program: &Path,
    arguments: &[&str],
    environment: &[(&str, &str)],
    named: &[&str],
) -> anyhow::Result<()> {
    let what = || format!("{environment:?} mock-server {}", arguments.join(" "));
    let mut run = Running::start_with(program, arguments, environment)?;
    let code = run.end(PATIENCE).with_context(what)?.code();
    let (stdout, stderr) = (run.stdout()?, run.stderr()?);
    ensure!(code == Some(2), "{}: exit {code:?}, {stderr}", what());
    ensure!(stdout.is_empty(), "{}: on stdout: {stdout}", what());
    ensure!(
        stderr.lines().count() == 1,
        "{}: not one line: {stderr}",
        what()
    );
    for part in named {
        ensure!(stderr.contains(part), "{}: no {part:?} in {stderr}", what());
    }
    Ok(())
}

/// Ends with exit code 0; returns stdout.
fn succeeds(program: &Path, arguments: &[&str]) -> anyhow::Result<String> {
    let mut run = Running::start(program, arguments)?;
    let status = run.end(PATIENCE).with_context(|| arguments.join(" "))?;
    ensure!(
        status.success(),
        "mock-server {}: {status}, {}",
        arguments.join(" "),
        run.stderr()?
    );
    run.stdout()
}

/// A run of the program, its output in files. Dropped means ended.
struct Running {
    child: Child,
    output: TempDir,
}

impl Running {
    fn start(program: &Path, arguments: &[&str]) -> anyhow::Result<Self> {
        Self::start_with(program, arguments, &[])
    }

    /// Starts it with these variables and none that the user has.
    fn start_with(
        program: &Path,
        arguments: &[&str],
        environment: &[(&str, &str)],
    ) -> anyhow::Result<Self> {
        let output = tempfile::tempdir()?;
        let file = |name: &str| File::create(output.path().join(name));
        let child = Command::new(program)
            .args(arguments)
            .env_clear()
            .envs(environment.iter().copied())
            .stdin(Stdio::piped())
            .stdout(file("stdout")?)
            .stderr(file("stderr")?)
            .spawn()?;
        Ok(Self { child, output })
    }

    fn stdout(&self) -> anyhow::Result<String> {
        Ok(fs::read_to_string(self.output.path().join("stdout"))?)
    }

    fn stderr(&self) -> anyhow::Result<String> {
        Ok(fs::read_to_string(self.output.path().join("stderr"))?)
    }

    /// The line that says where it serves, once it is there.
    fn listening(&self) -> anyhow::Result<Value> {
        let line = self.line("{")?;
        serde_json::from_str(&line).with_context(|| line)
    }

    /// The first whole line on stdout that begins so, once it is there.
    fn line(&self, start: &str) -> anyhow::Result<String> {
        let started = Instant::now();
        while started.elapsed() < PATIENCE {
            let stdout = self.stdout()?;
            let mut whole = stdout
                .split_inclusive('\n')
                .filter(|line| line.ends_with('\n'));
            if let Some(line) = whole.find(|line| line.starts_with(start)) {
                return Ok(line.to_owned());
            }
            thread::sleep(Duration::from_millis(2));
        }
        bail!("no line {start}… on stdout: {}", self.stderr()?)
    }

    /// Its base URL.
    fn http(&self) -> anyhow::Result<String> {
        let line = self.listening()?;
        Ok(line["http"]
            .as_str()
            .with_context(|| line.to_string())?
            .to_owned())
    }

    fn signal(&self, name: &str) -> anyhow::Result<()> {
        let sent = Command::new("kill")
            .args([&format!("-{name}"), &self.child.id().to_string()])
            .status()?;
        ensure!(sent.success(), "no signal was sent");
        Ok(())
    }

    /// Waits for its end, so long at most.
    fn end(&mut self, within: Duration) -> anyhow::Result<ExitStatus> {
        let started = Instant::now();
        while started.elapsed() < within {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            thread::sleep(Duration::from_millis(2));
        }
        bail!("still running after {within:?}")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _killed = self.child.kill();
        let _status = self.child.wait();
    }
}

fn agent() -> Agent {
    Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(PATIENCE))
        .build()
        .into()
}

/// The status and the JSON of an answer.
fn get(url: &str) -> anyhow::Result<(u16, Value)> {
    let mut answer = agent().get(url).call()?;
    let body = answer
        .body_mut()
        .with_config()
        .limit(1 << 24)
        .read_to_string()?;
    Ok((
        answer.status().as_u16(),
        serde_json::from_str(&body).with_context(|| body.clone())?,
    ))
}

/// Writes a file and returns its path.
fn write(folder: &TempDir, name: &str, text: &str) -> anyhow::Result<String> {
    let path: PathBuf = folder.path().join(name);
    fs::write(&path, text)?;
    Ok(path.display().to_string())
}
