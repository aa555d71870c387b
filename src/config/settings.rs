//! `[site]`, `[server]`, `[store]`, `[poll]`, `[dedup]` and `[websub]`, from sections to policies.

use std::path::{Path, PathBuf};
use std::time::Duration;

use url::Url;

use super::problem::fault;
use super::section::Section;
use super::surroundings::{Surroundings, check_state_directory};
use super::tree::Value;
use super::units::spelled;
use super::values::{self, choice, integer};
use crate::model::policy::{
    DedupMode, DedupPolicy, ENTRIES_PER_FEED_MAX, Engine, Listen, PollPolicy, ServerPolicy,
    SitePolicy, StorePolicy,
};

/// The words of `[dedup] mode` and of a source's `dedup`.
pub(super) const DEDUP_MODES: &[(&str, DedupMode)] =
    &[("full", DedupMode::Full), ("identity", DedupMode::Identity), ("off", DedupMode::Off)];

/// Reads `[site]`, and what of `[server]` and `[websub]` shapes documents.
pub(super) fn site(site: &Section<'_>, server: &Section<'_>, websub: &Section<'_>) -> SitePolicy {
    SitePolicy {
        title: site.get("title", values::line),
        base_url: site.get("base_url", values::base_url),
        language: site.get("language", values::language),
        timezone: site.get("timezone", values::timezone),
        id_authority: site.unless_empty("id_authority", values::authority),
        images: site.get("images", values::flag),
        accent: site.get("accent", values::colour),
        watch: site.get("watch", values::flag),
        entries_per_feed: entries_per_feed(server),
        days_per_feed: server.get("days_per_feed", integer(0..=3_660)),
        hub: websub.unless_empty("hub", values::http_url),
    }
}

fn entries_per_feed(server: &Section<'_>) -> usize {
    let wanted: usize = server.get("entries_per_feed", integer(1..=1_000_000));
    if wanted > ENTRIES_PER_FEED_MAX {
        let message = format!("{wanted} is over {ENTRIES_PER_FEED_MAX}, which is used instead");
        let remedy =
            format!("write at most {ENTRIES_PER_FEED_MAX}; older stories are in the archive");
        server.warn("entries_per_feed", fault(message, remedy));
    }
    wanted.min(ENTRIES_PER_FEED_MAX)
}

/// Reads `[server]`.
pub(super) fn server(
    server: &Section<'_>,
    around: &Surroundings<'_>,
    store_path: &Path,
) -> ServerPolicy {
    let listen = server.list("listen", values::listen(|path| around.resolve(path)));
    let written = server.node("listen").map(|node| &node.value);
    if matches!(written, Some(Value::List(items)) if items.is_empty()) {
        let message = "nothing listens unless systemd passes a socket";
        server.warn("listen", fault(message, "write [\"127.0.0.1:8080\"]"));
    }
    let beside_store = around.passed_directory("RUNTIME_DIRECTORY");
    let admin_directory = beside_store.unwrap_or_else(|| store_path.to_owned());
    ServerPolicy {
        listen,
        admin: admin(server, &admin_directory),
        connections_max: server.get("max_connections", integer(1..=1_000_000)),
        rate_limit_per_s: server.get("rate_limit", values::rate),
        header_timeout: server.get("header_timeout", values::some_duration),
        idle_timeout: server.get("idle_timeout", values::some_duration),
        status_page: server.get("status_page", values::flag),
        trusted_proxies: server.list("trusted_proxies", values::network),
    }
}

fn admin(server: &Section<'_>, directory: &Path) -> Listen {
    let read = values::listen(|path| directory.join(path));
    // The default is relative, so a deep store path can make it too long even when it is not
    // written.
    let default = directory.join("control.sock");
    match server.node("admin") {
        Some(_) => server.optional("admin", read).unwrap_or(Listen::Unix(default)),
        None => {
            if default.as_os_str().len() > values::UNIX_PATH_BYTES_MAX {
                let message = format!("{:?} is too long for a socket", default.display());
                server.error("admin", fault(message, "write admin = \"unix:/run/…/control.sock\""));
            }
            Listen::Unix(default)
        }
    }
}

/// Reads `[store]`.
pub(super) fn store(store: &Section<'_>, around: &Surroundings<'_>) -> StorePolicy {
    let engine =
        store.get("engine", choice(&[("sled", Engine::Sled), ("postgres", Engine::Postgres)]));
    if engine == Engine::Postgres {
        store.error("engine", fault("\"postgres\" is not built in", "write engine = \"sled\""));
    }
    let path = store_path(store, around);
    check_state_directory(&path, store);
    StorePolicy {
        engine,
        path,
        url_file: store.unless_empty("url_file", values::line).map(|file| around.credential(&file)),
        retention: store.get("retention", values::retention),
        reserve_bytes: store.get("reserve", values::size_bytes),
    }
}

fn store_path(store: &Section<'_>, around: &Surroundings<'_>) -> PathBuf {
    let passed =
        || around.passed_directory("STATE_DIRECTORY").filter(|_| store.node("path").is_none());
    passed().unwrap_or_else(|| around.resolve(&store.get("path", values::line)))
}

/// Reads `[poll]`.
pub(super) fn poll(poll: &Section<'_>, around: &Surroundings<'_>) -> PollPolicy {
    let policy = PollPolicy {
        interval: poll.get("interval", values::some_duration),
        interval_min: poll.get("min_interval", values::some_duration),
        interval_max: poll.get("max_interval", values::some_duration),
        concurrency: poll.get("concurrency", integer(1..=10_000)),
        per_host: poll.get("per_host", integer(1..=1_000)),
        host_gap: poll.get("host_gap", values::duration),
        domain_gap: poll.get("domain_gap", values::duration),
        contact: poll.unless_empty("contact", values::contact).unwrap_or_default(),
        allow_networks: poll.list("allow_networks", values::network),
        allow_ports: poll.get("allow_ports", values::ports),
        ca_file: poll.unless_empty("ca_file", values::line).map(|file| around.resolve(&file)),
    };
    check_intervals(poll, &policy);
    if let Some(file) = policy.ca_file.as_deref().filter(|file| !file.is_file()) {
        let message = format!("{} is not there", file.display());
        poll.error("ca_file", fault(message, "write the path of a PEM file, or leave the key out"));
    }
    policy
}

/// What `[poll]` says of single requests; sources take it over.
pub(super) struct RequestLimits {
    pub(super) timeout: Duration,
    pub(super) body_bytes_max: u64,
    pub(super) proxy: Option<Url>,
}

/// Reads the limits of a request in `[poll]`.
pub(super) fn request_limits(poll: &Section<'_>) -> RequestLimits {
    RequestLimits {
        timeout: poll.get("timeout", values::some_duration),
        body_bytes_max: poll.get("max_body", values::some_size_bytes),
        proxy: poll.unless_empty("proxy", values::proxy),
    }
}

fn check_intervals(poll: &Section<'_>, policy: &PollPolicy) {
    let (min, max) = (spelled(policy.interval_min), spelled(policy.interval_max));
    let base = spelled(policy.interval);
    if policy.interval_min > policy.interval_max {
        let key = if poll.node("max_interval").is_some() { "max_interval" } else { "min_interval" };
        let message = format!("max_interval {max} is below min_interval {min}");
        poll.error(key, fault(message, "set both, the smaller one as min_interval"));
    } else if policy.interval < policy.interval_min {
        let message = format!("interval {base} is below min_interval {min}, which holds");
        let remedy = "lower min_interval too, or set the interval of single sources";
        poll.warn("interval", fault(message, remedy));
    } else if policy.interval > policy.interval_max {
        let message = format!("interval {base} is above max_interval {max}, which holds");
        poll.warn("interval", fault(message, "raise max_interval too"));
    }
}

/// Reads `[dedup]`.
pub(super) fn dedup(dedup: &Section<'_>) -> DedupPolicy {
    DedupPolicy {
        mode: dedup.get("mode", choice(DEDUP_MODES)),
        window: dedup.get("window", values::duration),
    }
}
