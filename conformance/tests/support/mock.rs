//! A mock-server of this workspace on a free port. It is built when it is asked for, and ends when it is dropped.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Seek as _, Write as _};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use serde_json::Value;

/// A running mock-server.
pub(crate) struct Mock {
    child: Child,
    /// Its base URL.
    pub(crate) http: String,
}

impl Mock {
    /// Starts one, and waits until it serves.
    pub(crate) fn start() -> Self {
        static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
        let mut child = Command::new(PROGRAM.get_or_init(program))
            .args(["--listen", "127.0.0.1:0", "--quiet", "--exit-with-stdin"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // It tells every refusal.
            .stderr(Stdio::null())
            .spawn()
            .expect("mock-server starts");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("its output is a pipe");
        BufReader::new(stdout)
            .read_line(&mut line)
            .expect("it prints a line");
        let listening: Value = serde_json::from_str(&line).expect("its first line is JSON");
        let http = listening["http"].as_str().expect("it serves HTTP");
        Self {
            child,
            http: http.to_owned(),
        }
    }
}

impl Drop for Mock {
    fn drop(&mut self) {
        // It ends with its standard input.
        drop(self.child.stdin.take());
        let _status = self.child.wait();
    }
}

/// Where the program is. With nextest every test is a process; the first of them builds, and leaves the path to the others.
fn program() -> PathBuf {
    let Ok(run) = std::env::var("NEXTEST_RUN_ID") else {
        return build();
    };
    let note = concat!(env!("CARGO_TARGET_TMPDIR"), "/mock-server");
    let mut note = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(note)
        .expect("cargo's folder for tests takes a note");
    note.lock().expect("one at a time");
    let mut written = String::new();
    note.read_to_string(&mut written)
        .expect("the note is readable");
    if let Some(program) = written.strip_prefix(&format!("{run}\n")) {
        return PathBuf::from(program);
    }
    let program = build();
    note.rewind().expect("the note is a file");
    note.set_len(0).expect("the note is writable");
    write!(note, "{run}\n{}", program.display()).expect("the note is writable");
    program
}

fn build() -> PathBuf {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| env!("CARGO").into());
    let output = Command::new(cargo)
        .args(["build", "--quiet", "-p", "mock-server", "--bin"])
        .args(["mock-server", "--message-format=json-render-diagnostics"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stderr(Stdio::inherit())
        .output()
        .expect("cargo starts");
    assert!(output.status.success(), "mock-server does not build");
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .find_map(|message| message["executable"].as_str().map(PathBuf::from))
        .expect("cargo names the program")
}
