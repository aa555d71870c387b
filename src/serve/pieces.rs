//! The body of an answer: whole, or, for the operator's backup, piece by piece.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::{Frame, SizeHint};
use tokio::sync::mpsc;

/// A body.
pub enum Body {
    /// All of it is there.
    Whole(Full<Bytes>),
    /// Made while it is sent. An error breaks the connection, so that nobody takes a part for all.
    Pieces(mpsc::Receiver<std::io::Result<Bytes>>),
}

impl Body {
    /// Returns a body that is all there.
    pub fn whole(bytes: Bytes) -> Self {
        Self::Whole(Full::new(bytes))
    }
}

impl hyper::body::Body for Body {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        match self.get_mut() {
            Self::Whole(whole) => {
                let frame = std::task::ready!(Pin::new(whole).poll_frame(context));
                let never = |error: Infallible| match error {};
                Poll::Ready(frame.map(|frame| frame.map_err(never)))
            }
            Self::Pieces(pieces) => {
                let piece = std::task::ready!(pieces.poll_recv(context));
                Poll::Ready(piece.map(|piece| piece.map(Frame::data)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(whole) => whole.is_end_stream(),
            Self::Pieces(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(whole) => whole.size_hint(),
            Self::Pieces(_) => SizeHint::default(),
        }
    }
}
