//! The settings, cut into the small policies that modules take. `config` makes them; nobody else does.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use url::Url;

use super::source::{CategorySlug, Source, SourceId};

/// Everything `config.toml` says, validated. Only `cli`, `demo` and `daemon` hold it whole.
#[derive(Clone, Debug)]
pub struct Config {
    /// The main file.
    pub path: PathBuf,
    /// `[site]`.
    pub site: SitePolicy,
    /// `[server]`.
    pub server: ServerPolicy,
    /// `[store]`.
    pub store: StorePolicy,
    /// `[poll]`.
    pub poll: PollPolicy,
    /// `[dedup]`.
    pub dedup: DedupPolicy,
    /// `[websub] hub`.
    pub websub_hub: Option<Url>,
    /// Sources and categories.
    pub catalog: Arc<Catalog>,
}

/// `[site]`: what the published documents say of themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SitePolicy {
    /// Title of the merged feed.
    pub title: String,
    /// Public URL without a trailing slash: `http://127.0.0.1:8080`, `https://example.org/news`.
    pub base_url: String,
    /// BCP 47, of the site's own pages.
    pub language: String,
    /// Zone of date feeds.
    pub timezone: TimeZone,
    /// Authority of minted ids; `None`: decided at the first start.
    pub id_authority: Option<String>,
    /// Pages load pictures from third parties.
    pub images: bool,
    /// Colour of the pages, `#rrggbb`.
    pub accent: String,
    /// Reload when a configuration file changes.
    pub watch: bool,
    /// Stories in a feed, at least.
    pub entries_per_feed: usize,
    /// More than that when these days, counted back from the newest story, hold more (up to `ENTRIES_PER_FEED_MAX`).
    pub days_per_feed: u32,
    /// The outside hub announced in documents.
    pub hub: Option<Url>,
}

/// The most stories in one document.
pub const ENTRIES_PER_FEED_MAX: usize = 1_000;

/// Where to listen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listen {
    /// TCP.
    Tcp(SocketAddr),
    /// A unix socket; a relative path has been resolved.
    Unix(PathBuf),
}

/// `[server]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerPolicy {
    /// Public listeners.
    pub listen: Vec<Listen>,
    /// The admin listener.
    pub admin: Listen,
    /// Connections at once.
    pub connections_max: usize,
    /// Requests a second and client; `None`: off.
    pub rate_limit_per_s: Option<u32>,
    /// For a whole request head.
    pub header_timeout: Duration,
    /// For a connection without a request.
    pub idle_timeout: Duration,
    /// Public `/status`.
    pub status_page: bool,
    /// Peers whose X-Forwarded-For is believed.
    pub trusted_proxies: Vec<Network>,
}

/// A network in CIDR form. Its own type so that `model` needs no address crate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    /// Any address within.
    pub address: std::net::IpAddr,
    /// Length of the prefix in bits.
    pub prefix: u8,
}

impl Network {
    /// Tells whether `address` lies within. IPv4 and IPv4-mapped IPv6 addresses are the same.
    pub fn contains(&self, address: std::net::IpAddr) -> bool {
        use std::net::IpAddr;
        match (self.address.to_canonical(), address.to_canonical()) {
            (IpAddr::V4(network), IpAddr::V4(address)) => same_prefix(
                u128::from(network.to_bits()) << 96,
                u128::from(address.to_bits()) << 96,
                self.prefix,
            ),
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                same_prefix(network.to_bits(), address.to_bits(), self.prefix)
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

fn same_prefix(left: u128, right: u128, prefix: u8) -> bool {
    let rest = 128_u32.saturating_sub(u32::from(prefix));
    (left ^ right).checked_shr(rest).unwrap_or(0) == 0
}

/// `[store]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StorePolicy {
    /// Which engine.
    pub engine: Engine,
    /// Directory of the store.
    pub path: PathBuf,
    /// File holding `postgres://…`.
    pub url_file: Option<PathBuf>,
    /// Text older than this goes; `None`: forever.
    pub retention: Option<Duration>,
    /// Below this much free disk, in bytes, polling stops.
    pub reserve_bytes: u64,
}

/// The engines a configuration may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// Embedded, one process.
    Sled,
    /// Later.
    Postgres,
}

/// `[poll]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PollPolicy {
    /// Base interval.
    pub interval: Duration,
    /// Adaptive polling never goes below.
    pub interval_min: Duration,
    /// Nor above.
    pub interval_max: Duration,
    /// Requests in flight.
    pub concurrency: usize,
    /// Requests in flight to one host.
    pub per_host: usize,
    /// Between requests to one host.
    pub host_gap: Duration,
    /// Between requests to one registrable domain.
    pub domain_gap: Duration,
    /// URL or mail address put in User-Agent.
    pub contact: String,
    /// Networks that may be polled though not public.
    pub allow_networks: Vec<Network>,
    /// Ports that may be polled; `None`: any.
    pub allow_ports: Option<BTreeSet<u16>>,
    /// PEM file of further certificate authorities.
    pub ca_file: Option<PathBuf>,
}

/// How entries are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DedupMode {
    /// By identity and by content.
    Full,
    /// By identity only.
    Identity,
    /// Every entry is its own story.
    Off,
}

/// `[dedup]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DedupPolicy {
    /// For sources that say nothing else.
    pub mode: DedupMode,
    /// Copies further apart are other stories.
    pub window: Duration,
}

/// One `[category.…]`, or a category that only a source names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CategoryPolicy {
    /// The slug.
    pub slug: CategorySlug,
    /// For people.
    pub title: String,
    /// Old slugs, answered 301.
    pub former: Vec<CategorySlug>,
}

/// The sources and categories, in the order of the configuration. Decides membership.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    /// Sources, in order.
    pub sources: Vec<Arc<Source>>,
    /// Categories: those with a section first, in order, then those that only sources name.
    pub categories: Vec<CategoryPolicy>,
}

impl Catalog {
    /// Returns the source of that id.
    pub fn source(&self, id: &SourceId) -> Option<&Arc<Source>> {
        self.sources.iter().find(|source| source.id == *id)
    }

    /// Returns the category of that slug.
    pub fn category(&self, slug: &str) -> Option<&CategoryPolicy> {
        self.categories.iter().find(|category| category.slug.as_str() == slug)
    }

    /// Returns the ids of all sources, in order.
    pub fn all(&self) -> Vec<SourceId> {
        self.sources.iter().map(|source| source.id.clone()).collect()
    }

    /// Returns the ids of the sources of a category, in order.
    pub fn members(&self, slug: &CategorySlug) -> Vec<SourceId> {
        let of = |source: &&Arc<Source>| source.categories.contains(slug);
        self.sources.iter().filter(of).map(|source| source.id.clone()).collect()
    }
}
