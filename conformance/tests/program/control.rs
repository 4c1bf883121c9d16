//! Servers that are wrong in a known way, or that pass everything on to a mock and count.

use std::convert::Infallible;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Instant;

use bytes::Bytes;
use http::request::Parts;
use http_body_util::{BodyExt as _, Full};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::sync::oneshot;

/// An answer.
pub(crate) type Answer = http::Response<Full<Bytes>>;

/// A request as a control server saw it.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) path: String,
    pub(crate) at: Instant,
}

/// A server that answers as it is told. It ends when it is dropped.
pub(crate) struct Control {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    stop: Option<oneshot::Sender<Infallible>>,
    thread: Option<JoinHandle<()>>,
}

impl Control {
    /// A server that gives each request's answer; none is a request that waits for ever.
    pub(crate) fn start(
        answer: impl Fn(&Parts, &Bytes) -> Option<Answer> + Send + Sync + 'static,
    ) -> Self {
        let answer = Arc::new(answer);
        Self::serve(move |parts, body| {
            let answer = answer(&parts, &body);
            async move {
                match answer {
                    Some(answer) => answer,
                    None => std::future::pending().await,
                }
            }
        })
    }

    /// A server that passes requests on to `base_url`, unless it answers them itself.
    pub(crate) fn before(
        base_url: &str,
        answer: impl Fn(&Parts, &Bytes) -> Option<Answer> + Send + Sync + 'static,
    ) -> Self {
        let behind = base_url.trim_start_matches("http://").to_owned();
        Self::serve(move |parts, body| {
            let (own, behind) = (answer(&parts, &body), behind.clone());
            async move {
                match own {
                    Some(answer) => answer,
                    None => passed_on(&behind, parts, body).await,
                }
            }
        })
    }

    fn serve<F>(answer: impl Fn(Parts, Bytes) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Answer> + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        listener.set_nonblocking(true).expect("it is a socket");
        let address = listener.local_addr().expect("it is bound");
        let (stop, stopped) = oneshot::channel::<Infallible>();
        let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
        let noted = Arc::clone(&seen);
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime starts");
            let local = tokio::task::LocalSet::new();
            let answer = std::rc::Rc::new(answer);
            let accept = async move {
                let listener = tokio::net::TcpListener::from_std(listener).expect("it is bound");
                loop {
                    let Ok((stream, _)) = listener.accept().await else {
                        continue;
                    };
                    let (answer, noted) = (std::rc::Rc::clone(&answer), Arc::clone(&noted));
                    let service =
                        service_fn(move |request: http::Request<hyper::body::Incoming>| {
                            let (parts, body) = request.into_parts();
                            noted.lock().expect("nobody panics here").push(Seen {
                                path: parts.uri.path().to_owned(),
                                at: Instant::now(),
                            });
                            let answer = std::rc::Rc::clone(&answer);
                            async move {
                                let body = body
                                    .collect()
                                    .await
                                    .map(http_body_util::Collected::to_bytes);
                                Ok::<_, Infallible>(answer(parts, body.unwrap_or_default()).await)
                            }
                        });
                    tokio::task::spawn_local(async move {
                        let connection = http1::Builder::new()
                            .auto_date_header(false)
                            .serve_connection(TokioIo::new(stream), service);
                        // How it ends is the client's business.
                        let _ended = connection.await;
                    });
                }
            };
            local.block_on(&runtime, async {
                tokio::select! {
                    () = accept => {}
                    _ = stopped => {}
                }
            });
        });
        Self {
            address,
            seen,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    /// Its base URL.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The requests so far.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().expect("nobody panics here").clone()
    }

    /// The requests so far to the vendors, without those to an admin API.
    pub(crate) fn calls(&self) -> Vec<Seen> {
        let mut seen = self.seen();
        seen.retain(|seen| !seen.path.contains("/__admin"));
        seen
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let ended = thread.join();
            if !std::thread::panicking() {
                ended.expect("the control server does not panic");
            }
        }
    }
}

async fn passed_on(behind: &str, parts: Parts, body: Bytes) -> Answer {
    let broken = |why: &dyn std::fmt::Display| {
        let mut answer = Answer::new(Full::from(format!("not passed on: {why}")));
        *answer.status_mut() = http::StatusCode::BAD_GATEWAY;
        answer
    };
    let stream = match tokio::net::TcpStream::connect(behind).await {
        Ok(stream) => stream,
        Err(why) => return broken(&why),
    };
    let handshake = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = match handshake {
        Ok(both) => both,
        Err(why) => return broken(&why),
    };
    tokio::task::spawn_local(async move {
        // Whoever waits for the answer sees how it ended.
        let _ended = connection.await;
    });
    let mut request = http::Request::from_parts(parts, Full::new(body));
    // The body is whole here, however it came.
    request
        .headers_mut()
        .remove(http::header::TRANSFER_ENCODING);
    let answer = match sender.send_request(request).await {
        Ok(answer) => answer,
        Err(why) => return broken(&why),
    };
    let (mut parts, body) = answer.into_parts();
    parts.headers.remove(http::header::TRANSFER_ENCODING);
    match body.collect().await {
        Ok(body) => http::Response::from_parts(parts, Full::new(body.to_bytes())),
        Err(why) => broken(&why),
    }
}

/// An answer of a content type.
pub(crate) fn answer(status: u16, content_type: &str, body: impl Into<Bytes>) -> Answer {
    let answer = http::Response::builder().status(status);
    let answer = if content_type.is_empty() {
        answer
    } else {
        answer.header("Content-Type", content_type)
    };
    answer
        .body(Full::new(body.into()))
        .expect("tests write sound heads")
}

/// A server that writes what no HTTP library would: it gets each connection once the head of a request is there.
pub(crate) struct Raw {
    address: SocketAddr,
}

impl Raw {
    /// Starts one; its threads end with the connections, or with the tests.
    pub(crate) fn start(speak: impl Fn(&mut TcpStream, usize) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = listener.local_addr().expect("it is bound");
        let speak = Arc::new(speak);
        std::thread::spawn(move || {
            for (number, stream) in listener.incoming().enumerate() {
                let Ok(mut stream) = stream else { continue };
                let speak = Arc::clone(&speak);
                std::thread::spawn(move || {
                    if head_is_there(&mut stream) {
                        speak(&mut stream, number);
                    }
                });
            }
        });
        Self { address }
    }

    /// Its base URL.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

fn head_is_there(stream: &mut TcpStream) -> bool {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read(&mut byte) {
            Ok(1) => head.push(byte[0]),
            _ => return false,
        }
    }
    true
}

/// Writes as much as the other side takes.
pub(crate) fn write(stream: &mut TcpStream, bytes: &[u8]) -> bool {
    stream.write_all(bytes).is_ok()
}
