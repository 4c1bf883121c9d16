//! The edge's other half: how answers go out. Whole and at once, mostly; later, in pieces, cut short or not at all where a
//! fault says so; and for ever, as server-sent events.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::{Notify, mpsc};
use tokio::time::{Sleep, sleep};

use crate::engine::Pace;

/// The body of an answer. An empty one does not say beforehand that it is at its end, as `Full` does: hyper would then
/// move its length behind the other headers.
pub(crate) enum Outgoing {
    /// Nothing, and it says so beforehand: over HTTP/2 the headers end the answer.
    Nothing,
    /// All of it at once.
    Whole(Bytes),
    /// In pieces, and perhaps not to its end.
    Pieces(Pieces),
    /// Whatever comes, until nobody sends any more.
    Stream(mpsc::Receiver<Bytes>),
}

/// A body that goes out in pieces.
pub(crate) struct Pieces {
    left: Bytes,
    /// Bytes that are announced, and never come.
    withheld: usize,
    pace: Pace,
    pause: Option<Pin<Box<Sleep>>>,
    /// Whether what was written has been given the time to leave.
    flushed: bool,
}

impl Outgoing {
    /// A body in pieces; `cut` announces all of it and ends after the first half.
    pub(crate) fn pieces(body: &Bytes, pace: Option<Pace>, cut: bool) -> Self {
        let sent = if cut { body.len() / 2 } else { body.len() };
        Self::Pieces(Pieces {
            withheld: body.len() - sent,
            left: body.slice(..sent),
            pace: pace.unwrap_or(Pace {
                bytes: usize::MAX,
                every_ms: 0,
            }),
            pause: None,
            flushed: false,
        })
    }
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        match &mut *self {
            Self::Nothing => Poll::Ready(None),
            Self::Whole(bytes) => {
                let bytes = std::mem::take(bytes);
                Poll::Ready((!bytes.is_empty()).then(|| Ok(Frame::data(bytes))))
            }
            Self::Pieces(pieces) => pieces.poll(context),
            Self::Stream(receiver) => receiver
                .poll_recv(context)
                .map(|bytes| bytes.map(|bytes| Ok(Frame::data(bytes)))),
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Self::Nothing)
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Nothing => SizeHint::with_exact(0),
            Self::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Self::Pieces(pieces) => {
                SizeHint::with_exact((pieces.left.len() + pieces.withheld) as u64)
            }
            Self::Stream(_) => SizeHint::default(),
        }
    }
}

impl Pieces {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if let Some(pause) = &mut self.pause {
            ready!(pause.as_mut().poll(context));
            self.pause = None;
        }
        if !self.left.is_empty() {
            let piece = self.left.split_to(self.pace.bytes.min(self.left.len()));
            if !self.left.is_empty() {
                let pause = sleep(Duration::from_millis(self.pace.every_ms));
                self.pause = Some(Box::pin(pause));
            }
            return Poll::Ready(Some(Ok(Frame::data(piece))));
        }
        if self.withheld == 0 {
            return Poll::Ready(None);
        }
        if !self.flushed {
            // hyper writes what it has when a body has nothing yet, and drops it when a body fails.
            self.flushed = true;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Some(Err(io::Error::other("a fault cuts the body"))))
    }
}

/// A connection that a fault can end.
#[derive(Clone, Default)]
pub(crate) struct Line(Arc<Ends>);

#[derive(Default)]
struct Ends {
    reset: AtomicBool,
    cut: Notify,
}

impl Line {
    /// Ends the connection; by a TCP reset, if wanted.
    pub(crate) fn cut(&self, reset: bool) {
        self.0.reset.store(reset, Ordering::Relaxed);
        self.0.cut.notify_one();
    }

    /// Ends when the connection is to end.
    pub(crate) async fn is_cut(&self) {
        self.0.cut.notified().await;
    }
}

/// The socket of a [`Line`]. Dropped means closed.
pub(crate) struct Socket {
    stream: TcpStream,
    line: Line,
}

impl Socket {
    pub(crate) fn new(stream: TcpStream, line: Line) -> Self {
        Self { stream, line }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        if self.line.0.reset.load(Ordering::Relaxed)
            && let Err(error) = self.stream.set_zero_linger()
        {
            tracing::warn!("cannot reset a connection: {error}");
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, buffers)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
