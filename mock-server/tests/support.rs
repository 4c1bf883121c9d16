//! The program on a free port, and a client that sends and reads bytes.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// How long a test waits for bytes that should come at once.
const PATIENCE: Duration = Duration::from_secs(10);

/// A running program. Dropped means stopped.
pub struct Server {
    child: Child,
    /// `127.0.0.1:PORT`.
    pub address: String,
    /// The whole first line.
    pub listening: Value,
}

impl Server {
    /// Starts the program on a free port.
    pub fn start(flags: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_mock-server"))
            .args(["--listen", "127.0.0.1:0", "--exit-with-stdin"])
            .args(flags)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let listening: Value = serde_json::from_str(&line).unwrap_or_else(|_| {
            let mut complaint = String::new();
            child
                .stderr
                .take()
                .unwrap()
                .read_to_string(&mut complaint)
                .unwrap();
            panic!("not serving: {complaint}")
        });
        let address = listening["http"]
            .as_str()
            .unwrap()
            .strip_prefix("http://")
            .unwrap()
            .to_owned();
        Self {
            child,
            address,
            listening,
        }
    }

    /// Ends the program's standard input, and returns what it logged.
    pub fn stop(mut self) -> String {
        drop(self.child.stdin.take());
        let mut logged = String::new();
        self.child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut logged)
            .unwrap();
        assert!(self.child.wait().unwrap().success());
        logged
    }

    /// A connection of its own.
    pub fn connect(&self) -> Connection {
        Connection::to(&self.address)
    }

    /// One call over a connection of its own.
    pub fn call(&self, method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
        let mut connection = self.connect();
        connection.send(&request(method, target, headers, body));
        connection.reply(method)
    }

    /// An admin call; the answer's status and JSON.
    pub fn admin(&self, method: &str, target: &str, body: &str) -> (u16, Value) {
        let reply = self.call(
            method,
            &format!("/__admin{target}"),
            &[("Host", "mock.example.com")],
            body.as_bytes(),
        );
        (
            reply.status,
            serde_json::from_slice(&reply.body).unwrap_or(Value::Null),
        )
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _killed = self.child.kill();
        let _status = self.child.wait();
    }
}

/// A request as bytes, with a length if it has a body.
pub fn request(method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("{method} {target} HTTP/1.1\r\n");
    for (name, value) in headers {
        bytes.extend([name, ": ", value, "\r\n"]);
    }
    let framed = headers
        .iter()
        .any(|(name, _)| ["content-length", "transfer-encoding"].contains(&&*name.to_lowercase()));
    if !body.is_empty() && !framed {
        bytes.extend(["Content-Length: ", &body.len().to_string(), "\r\n"]);
    }
    bytes += "\r\n";
    [bytes.as_bytes(), body].concat()
}

/// A connection to the program.
pub struct Connection {
    stream: BufReader<TcpStream>,
}

impl Connection {
    /// A connection to `127.0.0.1:PORT`.
    pub fn to(address: &str) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Self {
            stream: BufReader::new(stream),
        }
    }

    /// Sends bytes.
    pub fn send(&mut self, bytes: &[u8]) {
        self.stream.get_mut().write_all(bytes).unwrap();
    }

    /// Sends bytes and no more. The server may have closed the connection by then.
    pub fn try_send(&mut self, bytes: &[u8]) {
        let stream = self.stream.get_mut();
        let _sent = stream
            .write_all(bytes)
            .and_then(|()| stream.shutdown(std::net::Shutdown::Write));
    }

    /// Sends no more.
    pub fn finish(&mut self) {
        self.stream
            .get_mut()
            .shutdown(std::net::Shutdown::Write)
            .unwrap();
    }

    /// Waits to be told to go on: by then the server knows where the call belongs.
    pub fn go_ahead(&mut self) {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            self.stream.read_line(&mut head).unwrap();
        }
        assert!(head.starts_with("HTTP/1.1 100 "), "{head}");
    }

    /// Reads one answer, with the interim ones before it.
    pub fn reply(&mut self, method: &str) -> Reply {
        let mut interim = Vec::new();
        loop {
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") {
                let read = self.stream.read_line(&mut head).unwrap();
                assert!(read > 0, "the connection ended within {head:?}");
            }
            let mut lines = head.trim_end().split("\r\n");
            let status = lines
                .next()
                .unwrap()
                .split(' ')
                .nth(1)
                .unwrap()
                .parse()
                .unwrap();
            let headers: Vec<(String, String)> = lines
                .map(|line| {
                    line.split_once(": ")
                        .or_else(|| line.split_once(':'))
                        .unwrap()
                })
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect();
            if (100..200).contains(&status) {
                interim.push(status);
                continue;
            }
            let mut reply = Reply {
                status,
                headers,
                body: Vec::new(),
                interim,
            };
            if method != "HEAD" && status != 204 {
                match reply.header("content-length") {
                    Some(length) => {
                        reply.body.resize(length.parse().unwrap(), 0);
                        self.stream.read_exact(&mut reply.body).unwrap();
                    }
                    // Without a length the body ends with the connection.
                    None => {
                        self.stream.read_to_end(&mut reply.body).unwrap();
                    }
                }
            }
            return reply;
        }
    }

    /// Reads whatever comes until the connection ends.
    pub fn read_to_end(&mut self, into: &mut Vec<u8>) {
        // A connection that is reset has ended, too.
        let _ended = self.stream.read_to_end(into);
    }

    /// Whether the server has closed the connection.
    pub fn is_closed(&mut self) -> bool {
        matches!(self.stream.read(&mut [0]), Ok(0))
    }
}

/// An answer as it came.
#[derive(Debug)]
pub struct Reply {
    /// Its status.
    pub status: u16,
    /// Its headers, spelled as sent, in order.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: Vec<u8>,
    /// The interim statuses before it.
    pub interim: Vec<u16>,
}

impl Reply {
    /// The first header of that name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(other, _)| other.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The body as text.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

/// When something begins or ends that a test measures.
#[expect(clippy::disallowed_methods, reason = "tests measure waits")]
pub fn now() -> Instant {
    Instant::now()
}
