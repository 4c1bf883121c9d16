//! The wire: sends one request, and reads one answer within limits of size and time. Redirects are answers like others.
//!
//! What a client would send goes through hyper, over connections that are kept. What none would send (no `Host` or two,
//! broken framing, targets and headers beyond the grammar) is written to a socket of its own.

use std::cell::RefCell;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Uri};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::ext::ReasonPhrase;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::exchange::{Answer, Credentials, Request};

/// The largest body of an answer that is read.
pub const BODY_LIMIT: usize = 16 << 20;
/// The most headers of an answer to a request that is written by hand.
const HEADER_LIMIT: usize = 100;
/// The most interim answers in front of an answer to a request that is written by hand.
const INTERIM_LIMIT: usize = 16;
/// How the program calls itself.
const USER_AGENT: &str = concat!("conformance/", env!("CARGO_PKG_VERSION"));

/// A base URL that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BaseUrlError {
    /// It is no URL.
    #[error("{0} is no URL; write it like https://api.example.com/path")]
    NoUrl(String),
    /// Another scheme than http and https, or none.
    #[error("{0} has to begin with http:// or https://")]
    Scheme(String),
    /// User name, password, query or fragment.
    #[error("{0} must be scheme, host, port and path alone")]
    Extra(String),
    /// The certificates of this machine cannot be read.
    #[error("cannot read this machine's certificates: {0}")]
    Certificates(String),
}

/// Where a vendor, or the admin API, is.
#[derive(Clone)]
pub struct BaseUrl {
    /// Host and port as written: what `Host` says.
    pub authority: String,
    /// Host without brackets.
    pub host: String,
    port: u16,
    /// Path without a slash at its end.
    pub path: String,
    tls: Option<TlsConnector>,
}

impl std::fmt::Debug for BaseUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.to_string())
    }
}

impl std::fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        write!(f, "{scheme}://{}{}", self.authority, self.path)
    }
}

impl BaseUrl {
    /// Reads a base URL.
    ///
    /// # Errors
    ///
    /// When it is not one.
    pub fn parse(text: &str) -> Result<Self, BaseUrlError> {
        let shown = || text.to_owned();
        let (scheme, _) = text
            .split_once("://")
            .ok_or_else(|| BaseUrlError::Scheme(shown()))?;
        let secure = match scheme {
            "http" => false,
            "https" => true,
            _ => return Err(BaseUrlError::Scheme(shown())),
        };
        if text.contains('#') {
            return Err(BaseUrlError::Extra(shown()));
        }
        let uri: Uri = text.parse().map_err(|_| BaseUrlError::NoUrl(shown()))?;
        let authority = uri
            .authority()
            .ok_or_else(|| BaseUrlError::NoUrl(shown()))?;
        if authority.as_str().contains('@') {
            // What is in front of the @ may be a password, so it is not repeated.
            return Err(BaseUrlError::Extra(format!(
                "the base URL of {}",
                authority.host()
            )));
        }
        if uri.query().is_some() {
            return Err(BaseUrlError::Extra(shown()));
        }
        let port = authority.as_str().strip_prefix(authority.host());
        if port.is_some_and(|port| !port.is_empty()) && authority.port_u16().is_none() {
            return Err(BaseUrlError::NoUrl(shown()));
        }
        Ok(Self {
            authority: authority.as_str().to_owned(),
            host: authority.host().trim_matches(['[', ']']).to_owned(),
            port: authority
                .port_u16()
                .unwrap_or(if secure { 443 } else { 80 }),
            path: uri.path().trim_end_matches('/').to_owned(),
            tls: secure.then(connector).transpose()?,
        })
    }

    /// The same host with another path.
    #[must_use]
    pub fn with_path(&self, path: &str) -> Self {
        Self {
            path: path.trim_end_matches('/').to_owned(),
            ..self.clone()
        }
    }

    /// Whether it is this machine.
    pub fn is_loopback(&self) -> bool {
        self.host == "localhost"
            || self
                .host
                .parse()
                .is_ok_and(|address: std::net::IpAddr| address.is_loopback())
    }
}

fn connector() -> Result<TlsConnector, BaseUrlError> {
    let mut roots = rustls::RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        let why = found
            .errors
            .first()
            .map_or_else(|| "there are none".to_owned(), ToString::to_string);
        return Err(BaseUrlError::Certificates(why));
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring has the default versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

/// Why there is no answer.
#[derive(Clone, Debug, thiserror::Error)]
pub enum NoAnswer {
    /// There is nobody, or nobody that TLS trusts.
    #[error("cannot connect to {0}")]
    Connect(String),
    /// Nothing in time.
    #[error("no answer within {0} s")]
    Timeout(f64),
    /// Something that is no answer.
    #[error("{0}")]
    Broken(String),
}

/// Sends requests to one host.
pub struct Client {
    timeout: Duration,
    idle: RefCell<Vec<(String, SendRequest<Full<Bytes>>)>>,
}

impl Client {
    /// A client that waits so long for an answer.
    pub fn new(timeout: Duration) -> Self {
        Self {
            timeout,
            idle: RefCell::default(),
        }
    }

    /// Sends a request and reads its answer.
    ///
    /// # Errors
    ///
    /// Why there is none.
    pub async fn send(&self, base: &BaseUrl, request: &Request) -> Result<Answer, NoAnswer> {
        let exchange = async {
            match ordinary(base, request) {
                Some(request) => self.send_ordinary(base, request).await,
                None => send_by_hand(base, request).await,
            }
        };
        tokio::time::timeout(self.timeout, exchange)
            .await
            .unwrap_or(Err(NoAnswer::Timeout(self.timeout.as_secs_f64())))
    }

    async fn send_ordinary(
        &self,
        base: &BaseUrl,
        request: http::Request<Full<Bytes>>,
    ) -> Result<Answer, NoAnswer> {
        let key = format!("{}/{}", base.tls.is_some(), base.authority);
        let mut sender = match self.idle_connection(&key).await {
            Some(sender) => sender,
            None => connect(base).await?,
        };
        // A connection that the server closed meanwhile gives the request back, unsent.
        let answer = match sender.try_send_request(request).await {
            Ok(answer) => answer,
            Err(mut error) => match error.take_message() {
                Some(request) => {
                    sender = connect(base).await?;
                    sender.send_request(request).await.map_err(broken)?
                }
                None => return Err(broken(error.into_error())),
            },
        };
        let (head, body) = answer.into_parts();
        let body = Limited::new(body, BODY_LIMIT)
            .collect()
            .await
            .map_err(|error| NoAnswer::Broken(format!("the answer's body broke off: {error}")))?
            .to_bytes();
        // Some servers close after a 5xx without having said so, and a write that meets the end cannot be sent again.
        if !head.status.is_server_error() {
            self.idle.borrow_mut().push((key, sender));
        }
        let headers = head
            .headers
            .iter()
            .map(|(name, value)| {
                let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
                (name.as_str().to_owned(), value)
            })
            .collect();
        // hyper names a phrase only where it is not the usual one.
        let reason = head.extensions.get::<ReasonPhrase>().map_or_else(
            || head.status.canonical_reason().unwrap_or_default().into(),
            |reason| String::from_utf8_lossy(reason.as_bytes()),
        );
        Ok(Answer {
            status: head.status.as_u16(),
            reason: reason.into_owned(),
            interim: Vec::new(),
            headers,
            body: body.to_vec(),
        })
    }

    async fn idle_connection(&self, key: &str) -> Option<SendRequest<Full<Bytes>>> {
        loop {
            let mut sender = {
                let mut idle = self.idle.borrow_mut();
                let place = idle.iter().rposition(|(other, _)| other == key)?;
                idle.remove(place).1
            };
            if !sender.is_closed() && sender.ready().await.is_ok() {
                return Some(sender);
            }
        }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it maps errors")]
fn broken(error: hyper::Error) -> NoAnswer {
    let mut text = format!("the answer is not readable as HTTP: {error}");
    if let Some(source) = std::error::Error::source(&error) {
        text = format!("{text}: {source}");
    }
    NoAnswer::Broken(text)
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

async fn open(base: &BaseUrl) -> Result<Box<dyn Stream>, NoAnswer> {
    let failed = |error: io::Error| NoAnswer::Connect(format!("{}: {error}", base.authority));
    let stream = TcpStream::connect((base.host.as_str(), base.port))
        .await
        .map_err(failed)?;
    stream.set_nodelay(true).map_err(failed)?;
    Ok(match &base.tls {
        None => Box::new(stream),
        Some(tls) => {
            let name = ServerName::try_from(base.host.clone())
                .map_err(|error| NoAnswer::Connect(format!("{}: {error}", base.authority)))?;
            let stream = tls.connect(name, stream).await;
            Box::new(stream.map_err(|error| {
                NoAnswer::Connect(format!("{} with TLS: {error}", base.authority))
            })?)
        }
    })
}

async fn connect(base: &BaseUrl) -> Result<SendRequest<Full<Bytes>>, NoAnswer> {
    let stream = open(base).await?;
    let (sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(broken)?;
    tokio::spawn(async move {
        // How it ends is seen by whoever waits for an answer on it.
        let _ended = connection.await;
    });
    Ok(sender)
}

/// The headers of a request in the order in which they are sent, those added here included.
pub(crate) fn headers(base: &BaseUrl, request: &Request) -> Vec<(String, String)> {
    let has = |name: &str| {
        request
            .headers
            .iter()
            .any(|(other, _)| other.eq_ignore_ascii_case(name))
    };
    let mut headers = Vec::new();
    match &request.hosts {
        Some(hosts) => headers.extend(hosts.iter().map(|host| ("Host".to_owned(), host.clone()))),
        None => headers.push(("Host".to_owned(), base.authority.clone())),
    }
    if !has("User-Agent") {
        headers.push(("User-Agent".to_owned(), USER_AGENT.to_owned()));
    }
    match &request.credentials {
        Some(Credentials::Basic { user, password }) => {
            let pair = STANDARD.encode(format!("{user}:{}", password.reveal()));
            headers.push(("Authorization".to_owned(), format!("Basic {pair}")));
        }
        Some(Credentials::Key { header, key }) => {
            headers.push(((*header).to_owned(), key.reveal().to_owned()));
        }
        None => {}
    }
    headers.extend(request.headers.iter().cloned());
    headers
}

/// The request as hyper takes it, if it does.
fn ordinary(base: &BaseUrl, request: &Request) -> Option<http::Request<Full<Bytes>>> {
    let hosts = request.hosts.as_ref().map_or(1, Vec::len);
    if request.chunks.is_some() || request.http_10 || request.twice || hosts != 1 || waits(request)
    {
        return None;
    }
    let target = format!("{}{}", base.path, request.target);
    let uri: Uri = target.parse().ok()?;
    if uri.path_and_query()?.as_str() != target {
        return None;
    }
    let body = request.body.clone().unwrap_or_default();
    let mut ordinary = http::Request::new(Full::new(Bytes::from(body)));
    *ordinary.method_mut() = Method::from_bytes(request.method.as_bytes()).ok()?;
    *ordinary.uri_mut() = uri;
    for (name, value) in headers(base, request) {
        ordinary.headers_mut().append(
            HeaderName::try_from(name).ok()?,
            HeaderValue::try_from(value).ok()?,
        );
    }
    Some(ordinary)
}

/// Whether the body waits until the server asks for it.
fn waits(request: &Request) -> bool {
    let expects = |(name, _): &(String, String)| name.eq_ignore_ascii_case("Expect");
    request.headers.iter().any(expects)
}

/// How long a server has for asking for a body.
const GO_AHEAD: Duration = Duration::from_secs(1);

/// Writes the request as it is, to a connection of its own.
async fn send_by_hand(base: &BaseUrl, request: &Request) -> Result<Answer, NoAnswer> {
    let (head, tail) = written(base, request);
    let mut stream = open(base).await?;
    let waits = waits(request);
    if request.twice {
        exchange(&mut stream, &head, &tail, waits).await?;
    }
    exchange(&mut stream, &head, &tail, waits).await
}

/// The request's head and what follows it.
fn written(base: &BaseUrl, request: &Request) -> (Vec<u8>, Vec<u8>) {
    let version = if request.http_10 { "1.0" } else { "1.1" };
    let mut head = format!(
        "{} {}{} HTTP/{version}\r\n",
        request.method, base.path, request.target
    );
    let mut headers = headers(base, request);
    if !request.http_10 && !request.twice {
        headers.push(("Connection".to_owned(), "close".to_owned()));
    }
    let tail = match (&request.chunks, &request.body) {
        (Some(chunks), _) => {
            headers.push(("Transfer-Encoding".to_owned(), "chunked".to_owned()));
            chunks.clone()
        }
        (None, Some(body)) => {
            headers.push(("Content-Length".to_owned(), body.len().to_string()));
            body.clone()
        }
        (None, None) => Vec::new(),
    };
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    (head.into_bytes(), tail)
}

/// Writes a request, and reads what comes until the answer is whole or the connection ends.
async fn exchange(
    stream: &mut (dyn Stream + '_),
    head: &[u8],
    tail: &[u8],
    waits: bool,
) -> Result<Answer, NoAnswer> {
    let unreadable = |error: io::Error| NoAnswer::Broken(format!("the connection broke: {error}"));
    let mut received = Vec::new();
    // Who refuses at the head may close before the rest is written; the answer is there all the same.
    let mut written = stream.write_all(head).await;
    if waits {
        // Who is silent for so long, or is gone, shows that below.
        let _heard = tokio::time::timeout(GO_AHEAD, stream.read_buf(&mut received)).await;
    }
    if written.is_ok() && whole_answer(&received, false)?.is_none() {
        written = stream.write_all(tail).await;
    }
    loop {
        if let Some(answer) = whole_answer(&received, false)? {
            return Ok(answer);
        }
        if received.len() > BODY_LIMIT {
            return Err(NoAnswer::Broken("the answer has no end".to_owned()));
        }
        match stream.read_buf(&mut received).await {
            Ok(0) => break,
            Ok(_) => {}
            Err(error) if received.is_empty() => return Err(unreadable(error)),
            Err(_) => break,
        }
    }
    if received.is_empty() {
        written.map_err(unreadable)?;
        return Err(NoAnswer::Broken(
            "the connection was closed without an answer".to_owned(),
        ));
    }
    whole_answer(&received, true)?
        .ok_or_else(|| NoAnswer::Broken("the answer broke off".to_owned()))
}

/// The answer, if it is there as a whole. `ended`: nothing more will come.
fn whole_answer(mut bytes: &[u8], ended: bool) -> Result<Option<Answer>, NoAnswer> {
    let mut interim = Vec::new();
    loop {
        let Some((mut answer, start)) = head(bytes)? else {
            return Ok(None);
        };
        bytes = &bytes[start..];
        if answer.status != 100 {
            answer.interim = interim;
            return with_body(answer, bytes, ended);
        }
        interim.push(answer.status);
        if interim.len() > INTERIM_LIMIT {
            return Err(NoAnswer::Broken(
                "the interim answers have no end".to_owned(),
            ));
        }
    }
}

/// Status and headers, and where the body starts.
fn head(bytes: &[u8]) -> Result<Option<(Answer, usize)>, NoAnswer> {
    let mut headers = [httparse::EMPTY_HEADER; HEADER_LIMIT];
    let mut response = httparse::Response::new(&mut headers);
    let start = match response.parse(bytes) {
        Ok(httparse::Status::Complete(start)) => start,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(error) => {
            return Err(NoAnswer::Broken(format!(
                "the answer is not readable as HTTP: {error}"
            )));
        }
    };
    let answer = Answer {
        status: response.code.unwrap_or_default(),
        reason: response.reason.unwrap_or_default().to_owned(),
        interim: Vec::new(),
        headers: response
            .headers
            .iter()
            .map(|header| {
                let value = String::from_utf8_lossy(header.value).into_owned();
                (header.name.to_ascii_lowercase(), value)
            })
            .collect(),
        body: Vec::new(),
    };
    Ok(Some((answer, start)))
}

fn with_body(mut answer: Answer, rest: &[u8], ended: bool) -> Result<Option<Answer>, NoAnswer> {
    if answer
        .header("transfer-encoding")
        .is_some_and(|coding| coding.eq_ignore_ascii_case("chunked"))
    {
        let Some(body) = unchunked(rest)? else {
            return Ok(None);
        };
        answer.body = body;
    } else if let Some(length) = answer
        .header("content-length")
        .and_then(|length| length.parse::<usize>().ok())
    {
        if rest.len() < length {
            return Ok(None);
        }
        answer.body = rest[..length].to_vec();
    } else if ended {
        answer.body = rest.to_vec();
    } else {
        return Ok(None);
    }
    Ok(Some(answer))
}

/// The content of a chunked body, if it is there as a whole.
fn unchunked(mut rest: &[u8]) -> Result<Option<Vec<u8>>, NoAnswer> {
    let mut content = Vec::new();
    loop {
        let (start, size) = match httparse::parse_chunk_size(rest) {
            Ok(httparse::Status::Complete(found)) => found,
            Ok(httparse::Status::Partial) => return Ok(None),
            Err(_) => {
                return Err(NoAnswer::Broken(
                    "a chunk of the answer has no size".to_owned(),
                ));
            }
        };
        if size == 0 {
            return Ok(Some(content));
        }
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        let Some(chunk) = rest[start..].get(..size) else {
            return Ok(None);
        };
        content.extend_from_slice(chunk);
        // The line end behind a chunk.
        let Some(next) = rest[start..].get(size + 2..) else {
            return Ok(None);
        };
        rest = next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_urls_are_scheme_host_port_and_path() {
        let base = BaseUrl::parse("http://127.0.0.1:8080/s/one/chase/").unwrap();
        assert_eq!(base.to_string(), "http://127.0.0.1:8080/s/one/chase");
        assert!(base.is_loopback());
        assert!(
            !BaseUrl::parse("http://api.example.com")
                .unwrap()
                .is_loopback()
        );
        for wrong in [
            "",
            "localhost",
            "ftp://a",
            "http://",
            "http://a?b",
            "http://a#b",
            "http://a:65536",
            "http://a:",
        ] {
            assert!(BaseUrl::parse(wrong).is_err(), "{wrong}");
        }
        let error = BaseUrl::parse("http://someone:pa55word@api.example.com").unwrap_err();
        assert!(!error.to_string().contains("pa55word"));
    }

    #[test]
    fn answers_are_read_when_they_are_whole() {
        let bytes = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
        for end in 0..bytes.len() - 2 {
            let answer = whole_answer(&bytes[..end], false).unwrap();
            assert!(answer.is_none() || answer.unwrap().body == b"abcde");
        }
        assert_eq!(whole_answer(bytes, false).unwrap().unwrap().body, b"abcde");
        let until_end = b"HTTP/1.1 404 Not Found\r\n\r\nno";
        assert_eq!(whole_answer(until_end, false).unwrap(), None);
        let answer = whole_answer(until_end, true).unwrap().unwrap();
        assert_eq!((answer.status, &answer.body[..]), (404, &b"no"[..]));
        assert_eq!(answer.reason, "Not Found");
        let interim = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
        assert_eq!(whole_answer(&interim[..25], false).unwrap(), None);
        let answer = whole_answer(interim, false).unwrap().unwrap();
        assert_eq!((answer.status, &answer.interim[..]), (200, &[100][..]));
        assert!(whole_answer(&interim[..25].repeat(1000), false).is_err());
        assert!(whole_answer(b"nonsense\r\n\r\n", true).is_err());
    }
}
