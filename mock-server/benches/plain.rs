//! What `cargo xtask bench` compares the server with, and its load: `plain const`, `plain check`, `plain load URL SECONDS`.
//!
//! `const` answers constant bytes and reads nothing; `check` reads the body and compares the key, and nothing more.
#![expect(
    clippy::cast_precision_loss,
    reason = "counts here are far below 2 to the 52"
)]
#![expect(clippy::disallowed_methods, reason = "it measures")]

use std::convert::Infallible;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const CONNECTIONS: usize = 64;
const KEY: &str = "mock-chase-key";
const BODY: &str = r#"{"email":"user@example.com","conversion_type":"purchase","conversion_data":{"item":"premium_subscription","price":99.99}}"#;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["const"] => serve(false).await,
        ["check"] => serve(true).await,
        ["load", address, seconds] => load(address, seconds.parse()?).await,
        _ => Err("expected const, check or load ADDRESS SECONDS".into()),
    }
}

async fn serve(check: bool) -> Result<(), Box<dyn std::error::Error>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    writeln!(
        std::io::stdout(),
        r#"{{"http":"http://{}"}}"#,
        listener.local_addr()?
    )?;
    std::thread::spawn(|| {
        // Ends with the parent.
        let _ended = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        std::process::abort();
    });
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(async move {
            let service = service_fn(move |request| answer(request, check));
            // A client that leaves ends its connection; nothing is lost.
            let _ended = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

async fn answer(
    request: Request<Incoming>,
    check: bool,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let mut response = Response::new(Full::new(Bytes::new()));
    *response.status_mut() = StatusCode::ACCEPTED;
    if check {
        let known = request
            .headers()
            .get("x-api-key")
            .is_some_and(|key| key == KEY);
        let body = request.into_body().collect().await;
        if !known || body.is_err() {
            *response.status_mut() = StatusCode::UNAUTHORIZED;
        }
    }
    Ok(response)
}

/// Sends the same call over 64 connections, one after another on each, and prints how many were answered with 202.
async fn load(address: &str, seconds: u64) -> Result<(), Box<dyn std::error::Error>> {
    let request: Arc<str> = format!(
        "POST /api/v2/conversions HTTP/1.1\r\nHost: {address}\r\nX-API-Key: {KEY}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{BODY}",
        BODY.len()
    )
    .into();
    let (stop, answered, failed) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicU64::new(0)),
        Arc::new(AtomicU64::new(0)),
    );
    let mut tasks = Vec::new();
    let started = Instant::now();
    for _ in 0..CONNECTIONS {
        let mut stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (request, stop, answered, failed) = (
            request.clone(),
            stop.clone(),
            answered.clone(),
            failed.clone(),
        );
        tasks.push(tokio::spawn(async move {
            let mut buffer = [0; 4096];
            while !stop.load(Ordering::Relaxed) {
                stream.write_all(request.as_bytes()).await?;
                // The answers have no body and fit into one read.
                let read = stream.read(&mut buffer).await?;
                let accepted = buffer[..read].starts_with(b"HTTP/1.1 202")
                    && buffer[..read].ends_with(b"\r\n\r\n");
                if accepted { &answered } else { &failed }.fetch_add(1, Ordering::Relaxed);
            }
            std::io::Result::Ok(())
        }));
    }
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    stop.store(true, Ordering::Relaxed);
    for task in tasks {
        task.await??;
    }
    let per_second = answered.load(Ordering::Relaxed) as f64 / started.elapsed().as_secs_f64();
    writeln!(
        std::io::stdout(),
        r#"{{"answered":{},"failed":{},"per_second":{per_second:.0}}}"#,
        answered.load(Ordering::Relaxed),
        failed.load(Ordering::Relaxed)
    )?;
    Ok(())
}
