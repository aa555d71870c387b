//! Drives one connection until it ends, has waited enough, or has to go.
//!
//! A connection is polled for each request; what could end it from outside hardly ever happens. So
//! that side has a waker of its own, and is looked at only when that one was woken.

use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use hyper_util::server::graceful::GracefulConnection;
use tokio::time::{Instant, Sleep, sleep_until};
use tokio_util::sync::CancellationToken;

use super::pulse::Pulse;
use super::registry::Place;

/// A request on its way when the server is told to stop gets so long to arrive.
const ARRIVAL_MAX: Duration = Duration::from_secs(1);

/// Wakes the task of a connection and says that it was the outside that did.
#[derive(Debug)]
struct Outside {
    is_due: AtomicBool,
    task: Mutex<Waker>,
}

impl Wake for Outside {
    fn wake(self: Arc<Self>) {
        self.is_due.store(true, Ordering::Release);
        self.task.lock().unwrap_or_else(PoisonError::into_inner).wake_by_ref();
    }
}

impl Outside {
    fn new() -> Arc<Self> {
        Arc::new(Self { is_due: AtomicBool::new(true), task: Mutex::new(Waker::noop().clone()) })
    }

    /// Passes wakes on to `task` from now on.
    fn follow(&self, task: &Waker) {
        let mut own = self.task.lock().unwrap_or_else(PoisonError::into_inner);
        if !own.will_wake(task) {
            own.clone_from(task);
        }
    }
}

/// Drives a connection until it ends, has waited enough, or has to go: `stop` ends it behind the
/// request in progress, `kill` and eviction at once.
pub(super) async fn watch<C: GracefulConnection>(
    connection: C,
    pulse: &Pulse,
    place: &Place,
    stop: &CancellationToken,
    kill: &CancellationToken,
) {
    let outside = Outside::new();
    let waker = Waker::from(Arc::clone(&outside));
    let mut connection = pin!(connection);
    let mut stop = pin!(stop.cancelled());
    let mut ending = pin!(async {
        tokio::select! {
            () = kill.cancelled() => {}
            () = place.evicted() => {}
        }
    });
    let mut timer = pin!(sleep_until(pulse.deadline()));
    // From when on a connection without a request is closed; `None`: the server goes on.
    let mut closes = None;
    let mut is_closing = false;
    std::future::poll_fn(|context| {
        outside.follow(context.waker());
        if connection.as_mut().poll(context).is_ready() {
            return Poll::Ready(());
        }
        // What moves the deadline happens in the poll above, so it is enough to look here.
        let is_earlier = pulse.deadline() < timer.deadline();
        let awaits_request = closes.is_some() && !is_closing;
        if !outside.is_due.swap(false, Ordering::AcqRel) && !is_earlier && !awaits_request {
            return Poll::Pending;
        }
        let mut aside = Context::from_waker(&waker);
        if ending.as_mut().poll(&mut aside).is_ready() {
            return Poll::Ready(());
        }
        if closes.is_none() && stop.as_mut().poll(&mut aside).is_ready() {
            closes = Some(Box::pin(sleep_until(Instant::now() + ARRIVAL_MAX)));
        }
        if let Some(closes) = closes.as_mut().filter(|_| !is_closing)
            && (!pulse.awaits_head() || closes.as_mut().poll(&mut aside).is_ready())
        {
            is_closing = true;
            connection.as_mut().graceful_shutdown();
            if connection.as_mut().poll(context).is_ready() {
                return Poll::Ready(());
            }
        }
        until(timer.as_mut(), || pulse.deadline(), &mut aside)
    })
    .await;
}

/// Polls a timer that follows a deadline which may move either way.
fn until(
    mut timer: Pin<&mut Sleep>,
    deadline: impl Fn() -> Instant,
    context: &mut Context<'_>,
) -> Poll<()> {
    loop {
        let deadline = deadline();
        if deadline < timer.deadline() {
            timer.as_mut().reset(deadline);
        }
        match timer.as_mut().poll(context) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(()) if deadline <= timer.deadline() => return Poll::Ready(()),
            Poll::Ready(()) => timer.as_mut().reset(deadline),
        }
    }
}
