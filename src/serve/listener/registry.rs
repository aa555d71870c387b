//! The connections that are open: when the server is full, the one that could best be missed is
//! closed.
//!
//! Who holds more than a share of them is the first to lose some: one client, be it with thousands
//! of connections, pushes out its own and nobody else's.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::time::Instant;

use super::pulse::{Claim, Pulse};
use crate::serve::limit::{Peer, shared};

/// One client may hold one connection in so many without losing its own first.
const SHARE: usize = 8;

#[derive(Debug)]
struct Listed {
    pulse: Arc<Pulse>,
    eviction: Arc<Notify>,
    /// Whose it is; `None`: of somebody on this machine.
    client: Option<IpAddr>,
}

#[derive(Debug, Default)]
struct List {
    by_number: HashMap<u64, Listed>,
    by_client: HashMap<IpAddr, usize>,
    next: u64,
}

/// All open connections.
#[derive(Debug)]
pub(super) struct Registry {
    list: Mutex<List>,
    /// Connections that a client may have before it loses its own first.
    share: usize,
}

/// A connection's place in the registry, left when dropped.
#[derive(Debug)]
pub(super) struct Place {
    registry: Arc<Registry>,
    number: u64,
    eviction: Arc<Notify>,
}

/// Whose connection goes first, other things being equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Holder {
    /// One with more than a share.
    Greedy,
    /// Anybody else.
    Modest,
}

impl List {
    fn remove(&mut self, number: u64) -> Option<Listed> {
        let listed = self.by_number.remove(&number)?;
        if let Some(client) = listed.client
            && let Some(count) = self.by_client.get_mut(&client)
        {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.by_client.remove(&client);
            }
        }
        Some(listed)
    }

    /// Returns the rank of a connection among those that could be missed: the least goes first.
    fn rank(&self, listed: &Listed, share: usize, now: Instant) -> Option<(u8, Holder, Instant)> {
        let held = listed.client.and_then(|client| self.by_client.get(&client));
        let holder = match held {
            Some(count) if *count > share => Holder::Greedy,
            Some(_) | None => Holder::Modest,
        };
        Some(match listed.pulse.claim(now)? {
            Claim::Waiting(since) => (0, holder, since),
            Claim::Still(since) => (1, holder, since),
        })
    }
}

impl Registry {
    /// Makes the registry of a server with so many connections.
    pub(super) fn new(connections_max: usize) -> Self {
        Self { list: Mutex::default(), share: (connections_max / SHARE).max(1) }
    }

    fn lock(&self) -> MutexGuard<'_, List> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn enter(self: &Arc<Self>, pulse: Arc<Pulse>, peer: Peer) -> Place {
        let eviction = Arc::new(Notify::new());
        let client = match peer {
            Peer::Address(address) => Some(shared(address)),
            Peer::Local => None,
        };
        let mut list = self.lock();
        let number = list.next;
        list.next += 1;
        if let Some(client) = client {
            *list.by_client.entry(client).or_default() += 1;
        }
        list.by_number.insert(number, Listed { pulse, eviction: Arc::clone(&eviction), client });
        Place { registry: Arc::clone(self), number, eviction }
    }

    /// Closes the connection that has been longest without a request in progress, else the one on
    /// which nothing has moved for longest, those of greedy clients before others. Does nothing when
    /// every connection has an answer in the making.
    pub(super) fn evict(&self, now: Instant) {
        let mut list = self.lock();
        let open = list.by_number.iter();
        let ranks =
            open.filter_map(|(no, listed)| Some((list.rank(listed, self.share, now)?, *no)));
        let Some((_, number)) = ranks.min() else { return };
        if let Some(listed) = list.remove(number) {
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
        self.registry.lock().remove(self.number);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::Limits;
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// Connections of a server, each by who holds it and its age.
    struct Server {
        registry: Arc<Registry>,
        now: Instant,
    }

    impl Server {
        fn new(connections_max: usize) -> Self {
            // Ages are counted back from it.
            let now = Instant::now() + SECOND * 1_000;
            Self { registry: Arc::new(Registry::new(connections_max)), now }
        }

        fn enter(&self, peer: Peer, age_s: u32) -> Place {
            let limits =
                Limits { connections_max: 9, header_timeout: SECOND, idle_timeout: SECOND };
            let pulse = Arc::new(Pulse::new(limits, self.now - SECOND * age_s));
            self.registry.enter(pulse, peer)
        }

        fn pulse(&self, place: &Place) -> Arc<Pulse> {
            Arc::clone(&self.registry.lock().by_number[&place.number].pulse)
        }

        async fn goes(&self, expected: &Place, why: &str) {
            self.registry.evict(self.now);
            assert!(!self.registry.lock().by_number.contains_key(&expected.number), "{why}");
            expected.evicted().await;
        }
    }

    #[tokio::test]
    async fn the_one_longest_without_a_request_goes_first() {
        let server = Server::new(64);
        let enter = |age| server.enter(Peer::Local, age);
        let (newcomer, young, old) = (enter(0), enter(2), enter(5));
        let (busy, slow, slower) = (enter(9), enter(8), enter(9));
        server.pulse(&busy).serving();
        server.pulse(&slow).sending(server.now - SECOND * 7);
        server.pulse(&slower).sending(server.now - SECOND * 8);
        server.goes(&old, "the oldest without a request").await;
        server.goes(&young, "the next").await;
        server.goes(&slower, "who takes nothing, before one that has only just come").await;
        server.goes(&slow, "the next").await;
        server.goes(&newcomer, "then this").await;
        server.registry.evict(server.now);
        assert!(server.registry.lock().by_number.contains_key(&busy.number));
        drop(busy);
        assert!(server.registry.lock().by_number.is_empty());
    }

    #[tokio::test]
    async fn a_greedy_client_loses_its_own() {
        let server = Server::new(16);
        let at = |address: &str| Peer::Address(address.parse().unwrap());
        let modest = server.enter(at("192.0.2.1"), 9);
        // All of a /64 are one client.
        let greedy: Vec<Place> =
            (1..=4).map(|n| server.enter(at(&format!("2001:db8::{n}")), n)).collect();
        server.goes(&greedy[3], "four of sixteen are more than an eighth").await;
        server.goes(&greedy[2], "three are").await;
        server.goes(&modest, "two are not").await;
        drop(greedy);
        assert!(server.registry.lock().by_client.is_empty(), "nobody is remembered");
    }
}
