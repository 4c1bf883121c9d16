//! Runs the built program, within limits of time and memory.

use std::io::Read;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use conformance::result::Report;
use fixtures::Vendor;
use tempfile::TempDir;

/// The longest that any run here may take.
const LIMIT: Duration = Duration::from_secs(120);
/// The most address space that the program may take, in KiB: far more than it needs, far less than a body of 1 GiB.
const MEMORY_KIB: u32 = 768 << 10;

/// A call of the program.
#[derive(Clone, Default)]
pub(crate) struct Call {
    arguments: Vec<String>,
    variables: Vec<(String, String)>,
}

/// How it ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// The exit code.
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) took: Duration,
}

/// The program with these arguments, parted at spaces.
pub(crate) fn call(arguments: &str) -> Call {
    Call::default().and(arguments)
}

impl Call {
    /// The same with more arguments, parted at spaces.
    pub(crate) fn and(mut self, arguments: &str) -> Self {
        let arguments = arguments.split_whitespace().map(ToOwned::to_owned);
        self.arguments.extend(arguments);
        self
    }

    /// The same with one more argument as it is.
    pub(crate) fn argument(mut self, argument: impl Into<String>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// The same with a variable.
    pub(crate) fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same with a base URL, and the credentials and objects that a vendor's checks know.
    pub(crate) fn at(self, base_url: &str, vendor: Vendor) -> Self {
        let call = self.and("--base-url").argument(base_url);
        let call = call.and("--vendor").argument(vendor.name());
        known(vendor)
            .into_iter()
            .fold(call, |call, (name, value)| call.variable(&name, &value))
    }

    /// Runs it to its end.
    pub(crate) fn run(self) -> Ended {
        let started = Instant::now();
        let mut command = limited();
        let mut child = command
            .args(&self.arguments)
            .env_clear()
            .envs(self.variables)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let stdout = read(child.stdout.take().expect("it is a pipe"));
        let stderr = read(child.stderr.take().expect("it is a pipe"));
        let text = |stream: &mpsc::Receiver<String>| {
            stream.recv_timeout(LIMIT.saturating_sub(started.elapsed()))
        };
        let (Ok(stdout), Ok(stderr)) = (text(&stdout), text(&stderr)) else {
            child.kill().expect("it is ours");
            let _status = child.wait();
            panic!("{:?} did not end within {LIMIT:?}", self.arguments);
        };
        let status = child.wait().expect("it is ours");
        let code = status.code().unwrap_or_else(|| {
            panic!("{:?} ended by a signal: {status}\n{stderr}", self.arguments)
        });
        let ended = Ended {
            code,
            stdout,
            stderr,
            took: started.elapsed(),
        };
        assert!(!ended.stderr.contains("panicked"), "{ended:?}");
        ended
    }

    /// Runs it, and reads its report too.
    pub(crate) fn report(self) -> (Ended, Option<Report>) {
        let folder = TempDir::new().expect("there is room for a report");
        let file = folder.path().join("report.json");
        let form = format!("json={}", file.display());
        let ended = self.and("--report").argument(form).run();
        let report = std::fs::read_to_string(&file).ok();
        let report = report.map(|text| serde_json::from_str(&text).expect("it is a report"));
        (ended, report)
    }
}

impl Ended {
    /// Demands this exit code, and that one of these lines says why.
    #[track_caller]
    pub(crate) fn says(&self, code: u8, line: &str) -> &Self {
        assert_eq!(self.code, i32::from(code), "{self:?}");
        let lines = || self.stdout.lines().chain(self.stderr.lines());
        let said = line.is_empty() || lines().any(|said| said.contains(line));
        assert!(said, "{line}: {self:?}");
        self
    }

    /// Demands this exit code, one line on stderr that says why, and nothing else.
    #[track_caller]
    pub(crate) fn complains(&self, code: u8, line: &str) -> &Self {
        self.says(code, line);
        assert_eq!(self.stderr.lines().count(), 1, "{self:?}");
        assert!(self.stderr.starts_with("error: "), "{self:?}");
        assert_eq!(self.stdout, "");
        self
    }

    /// Demands the exit code of wrong usage, and that stderr speaks of this.
    #[track_caller]
    pub(crate) fn refuses(&self, about: &str) -> &Self {
        assert_eq!(self.code, 2, "{self:?}");
        assert!(self.stderr.contains(about), "{about}: {self:?}");
        assert_eq!(self.stdout, "", "{self:?}");
        self
    }
}

/// What a vendor's checks know in a sandbox, as variables.
pub(crate) fn known(vendor: Vendor) -> Vec<(String, String)> {
    conformance::world::kinds(vendor)
        .into_iter()
        .map(|(name, kind)| {
            let usual = format!("{}_{name}", vendor.name()).to_ascii_uppercase();
            (kind.secret.unwrap_or(usual), kind.sandbox)
        })
        .collect()
}

#[cfg(target_os = "linux")]
fn limited() -> Command {
    let mut command = Command::new("/bin/sh");
    command
        .arg("-c")
        .arg(format!("ulimit -v {MEMORY_KIB} && exec \"$0\" \"$@\""))
        .arg(env!("CARGO_BIN_EXE_conformance"));
    command
}

#[cfg(not(target_os = "linux"))]
fn limited() -> Command {
    Command::new(env!("CARGO_BIN_EXE_conformance"))
}

/// Reads a stream to its end, beside others.
fn read(mut stream: impl Read + Send + 'static) -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let _whole = stream.read_to_end(&mut bytes);
        // Who gave up waiting needs it no more.
        let _sent = sender.send(String::from_utf8_lossy(&bytes).into_owned());
    });
    receiver
}
