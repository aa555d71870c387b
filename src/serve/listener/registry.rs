//! The connections that are open: when the server is full, the one that could best be missed is
//! closed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::pulse::Pulse;

#[derive(Debug)]
struct Listed {
    pulse: Arc<Pulse>,
    eviction: Arc<Notify>,
}

#[derive(Debug, Default)]
struct List {
    by_number: HashMap<u64, Listed>,
    next: u64,
}

/// All open connections.
#[derive(Debug, Default)]
pub(super) struct Registry(Mutex<List>);

/// A connection's place in the registry, left when dropped.
#[derive(Debug)]
pub(super) struct Place {
    registry: Arc<Registry>,
    number: u64,
    eviction: Arc<Notify>,
}

impl Registry {
    fn lock(&self) -> MutexGuard<'_, List> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn enter(self: &Arc<Self>, pulse: Arc<Pulse>) -> Place {
        let eviction = Arc::new(Notify::new());
        let mut list = self.lock();
        let number = list.next;
        list.next += 1;
        list.by_number.insert(number, Listed { pulse, eviction: Arc::clone(&eviction) });
        Place { registry: Arc::clone(self), number, eviction }
    }

    /// Closes the connection that has been longest without a request in progress, else the one that
    /// has been taking its answer for longest. Does nothing when every connection has a request in
    /// progress.
    pub(super) fn evict(&self) {
        let mut list = self.lock();
        let open = list.by_number.iter();
        let claims = open.filter_map(|(number, listed)| Some((listed.pulse.claim()?, *number)));
        let Some((_, number)) = claims.min() else { return };
        if let Some(listed) = list.by_number.remove(&number) {
            listed.eviction.notify_one();
        }
    }
}

impl Place {
    /// Waits until the connection has to go.
    pub(super) async fn evicted(&self) {
        self.eviction.notified().await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.registry.lock().by_number.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::super::Limits;
    use super::*;

    #[tokio::test]
    async fn the_one_longest_without_a_request_goes_first() {
        let second = Duration::from_secs(1);
        let limits = Limits { connections_max: 9, header_timeout: second, idle_timeout: second };
        let now = Instant::now();
        let registry = Arc::new(Registry::default());
        let enter = |age: u32| registry.enter(Arc::new(Pulse::new(limits, now - second * age)));
        let (young, old, busy, slow) = (enter(1), enter(5), enter(9), enter(8));
        registry.lock().by_number[&busy.number].pulse.serving();
        registry.lock().by_number[&slow.number].pulse.sending(now - second * 8);
        for expected in [&old, &young, &slow] {
            registry.evict();
            assert!(!registry.lock().by_number.contains_key(&expected.number));
            expected.evicted().await;
        }
        registry.evict();
        assert!(registry.lock().by_number.contains_key(&busy.number));
        drop(busy);
        assert!(registry.lock().by_number.is_empty());
    }
}
