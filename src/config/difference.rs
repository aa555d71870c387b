//! What a reload changes: two configurations compared, in the words of `config.toml`.
//!
//! Pure. Sources are told by their ids, categories by their slugs, everything else by its key. A key that only a restart
//! can put in force is named apart, so that nobody waits for it in vain.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::model::policy::{Catalog, Config};

/// What changes when one configuration takes the place of another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// Ids of sources that were not there.
    pub added: Vec<String>,
    /// Ids of sources that are there no more. What is held of them stays, and comes back with the id.
    pub removed: Vec<String>,
    /// Ids of sources that say something else.
    pub changed: Vec<String>,
    /// Slugs of categories that were not there.
    pub categories_added: Vec<String>,
    /// Slugs of categories that are there no more.
    pub categories_removed: Vec<String>,
    /// Slugs of categories with another title or other former slugs.
    pub categories_changed: Vec<String>,
    /// Other keys with another value, in force at once.
    pub keys: Vec<&'static str>,
    /// Keys that differ from what the process was started with, and wait for a restart.
    pub restart: Vec<&'static str>,
    /// Ids of changed sources with another priority.
    pub priorities: Vec<String>,
}

impl Difference {
    /// Compares the configuration in force with the next; `started` is the one that the process was started with.
    pub fn between(started: &Config, running: &Config, next: &Config) -> Self {
        Self {
            keys: live(running, next),
            restart: fixed(started, next),
            ..Self::of_catalogs(&running.catalog, &next.catalog)
        }
    }

    fn of_catalogs(running: &Catalog, next: &Catalog) -> Self {
        let mut difference = Self::default();
        for source in &next.sources {
            match running.source(&source.id) {
                None => difference.added.push(source.id.to_string()),
                Some(old) if old != source => {
                    difference.changed.push(source.id.to_string());
                    if old.priority != source.priority {
                        difference.priorities.push(source.id.to_string());
                    }
                }
                Some(_) => {}
            }
        }
        let stays: BTreeSet<_> = next.sources.iter().map(|source| &source.id).collect();
        let left = running.sources.iter().filter(|source| !stays.contains(&source.id));
        difference.removed = left.map(|source| source.id.to_string()).collect();
        for category in &next.categories {
            let slug = category.slug.to_string();
            match running.category(&slug) {
                None => difference.categories_added.push(slug),
                Some(old) if old != category => difference.categories_changed.push(slug),
                Some(_) => {}
            }
        }
        let left = running.categories.iter().filter(|c| next.category(c.slug.as_str()).is_none());
        difference.categories_removed = left.map(|category| category.slug.to_string()).collect();
        difference
    }

    /// Tells whether the two say the same.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Returns the answer of `POST /reload`.
    pub fn to_json(&self, warnings: &[String]) -> Value {
        json!({
            "added": self.added,
            "removed": self.removed,
            "changed": self.changed,
            "categories": {
                "added": self.categories_added,
                "removed": self.categories_removed,
                "changed": self.categories_changed,
            },
            "keys": self.keys,
            "restart": self.restart,
            "warnings": warnings,
        })
    }

    /// Says what is in force, but not for what is held already.
    pub fn later(&self) -> Option<String> {
        (!self.priorities.is_empty()).then(|| {
            format!(
                "source.priority of {} counts when copies are merged or change from now on; stories that are merged \
                 already keep the copy that they show",
                listed(&self.priorities)
            )
        })
    }

    /// Says it in one line, for the log.
    pub fn summary(&self) -> String {
        let named = |word: &str, names: &[String]| {
            (!names.is_empty()).then(|| format!("{word} {}", listed(names)))
        };
        let keys: Vec<String> = self.keys.iter().map(ToString::to_string).collect();
        let restart: Vec<String> = self.restart.iter().map(ToString::to_string).collect();
        let parts: Vec<String> = [
            named("added", &self.added),
            named("removed", &self.removed),
            named("changed", &self.changed),
            named("new categories", &self.categories_added),
            named("categories gone", &self.categories_removed),
            named("categories changed", &self.categories_changed),
            named("set", &keys),
            named("needs a restart:", &restart),
        ]
        .into_iter()
        .flatten()
        .collect();
        if parts.is_empty() { "nothing changed".to_owned() } else { parts.join("; ") }
    }
}

/// Names said in full in a line; of more, only the number.
const NAMES_MAX: usize = 8;

fn listed(names: &[String]) -> String {
    match names.split_at_checked(NAMES_MAX) {
        Some((first, rest)) if !rest.is_empty() => {
            format!("{} and {} more", first.join(", "), rest.len())
        }
        _ => names.join(", "),
    }
}

/// Keys that take effect at a reload.
fn live(old: &Config, new: &Config) -> Vec<&'static str> {
    let (site, server, poll) =
        ((&old.site, &new.site), (&old.server, &new.server), (&old.poll, &new.poll));
    let store = (&old.store, &new.store);
    named(&[
        ("site.title", site.0.title != site.1.title),
        ("site.base_url", site.0.base_url != site.1.base_url),
        ("site.language", site.0.language != site.1.language),
        ("site.timezone", site.0.timezone != site.1.timezone),
        ("site.images", site.0.images != site.1.images),
        ("site.accent", site.0.accent != site.1.accent),
        ("site.watch", site.0.watch != site.1.watch),
        ("server.rate_limit", server.0.rate_limit_per_s != server.1.rate_limit_per_s),
        ("server.status_page", server.0.status_page != server.1.status_page),
        ("server.entries_per_feed", site.0.entries_per_feed != site.1.entries_per_feed),
        ("server.days_per_feed", site.0.days_per_feed != site.1.days_per_feed),
        ("server.trusted_proxies", server.0.trusted_proxies != server.1.trusted_proxies),
        ("store.retention", store.0.retention != store.1.retention),
        ("store.reserve", store.0.reserve_bytes != store.1.reserve_bytes),
        ("poll.interval", poll.0.interval != poll.1.interval),
        ("poll.min_interval", poll.0.interval_min != poll.1.interval_min),
        ("poll.max_interval", poll.0.interval_max != poll.1.interval_max),
        ("poll.concurrency", poll.0.concurrency != poll.1.concurrency),
        ("poll.per_host", poll.0.per_host != poll.1.per_host),
        ("poll.host_gap", poll.0.host_gap != poll.1.host_gap),
        ("poll.domain_gap", poll.0.domain_gap != poll.1.domain_gap),
        ("poll.contact", poll.0.contact != poll.1.contact),
        ("poll.allow_networks", poll.0.allow_networks != poll.1.allow_networks),
        ("poll.allow_ports", poll.0.allow_ports != poll.1.allow_ports),
        ("poll.ca_file", poll.0.ca_file != poll.1.ca_file),
        ("dedup.mode", old.dedup.mode != new.dedup.mode),
        ("dedup.window", old.dedup.window != new.dedup.window),
        ("websub.hub", old.websub_hub != new.websub_hub),
    ])
}

/// Keys that only a restart puts in force: what is open stays open.
fn fixed(started: &Config, new: &Config) -> Vec<&'static str> {
    let (server, store) = ((&started.server, &new.server), (&started.store, &new.store));
    named(&[
        ("server.listen", server.0.listen != server.1.listen),
        ("server.admin", server.0.admin != server.1.admin),
        ("server.max_connections", server.0.connections_max != server.1.connections_max),
        ("server.header_timeout", server.0.header_timeout != server.1.header_timeout),
        ("server.idle_timeout", server.0.idle_timeout != server.1.idle_timeout),
        ("store.engine", store.0.engine != store.1.engine),
        ("store.path", store.0.path != store.1.path),
        ("store.url_file", store.0.url_file != store.1.url_file),
    ])
}

fn named(keys: &[(&'static str, bool)]) -> Vec<&'static str> {
    keys.iter().filter(|(_, differs)| *differs).map(|(key, _)| *key).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    const BASE: &str = "[[source]]\nid = \"a\"\nurl = \"https://a.example/f\"\ncategories = [\"x\"]\n\
                        [[source]]\nid = \"b\"\nurl = \"https://b.example/f\"\n";

    fn config(text: &str) -> Config {
        let path = Path::new("/nowhere/config.toml");
        super::super::parse(text, path, &|_| None).unwrap().config
    }

    fn difference(next: &str) -> Difference {
        let base = config(BASE);
        Difference::between(&base, &base, &config(next))
    }

    #[test]
    fn the_same_text_makes_no_difference() {
        assert!(difference(BASE).is_empty());
        assert_eq!(difference(BASE).summary(), "nothing changed");
    }

    #[test]
    fn sources_and_categories_are_told_by_their_names() {
        let next = "[category.y]\ntitle = \"Y\"\nformer = [\"x\"]\n\
                    [[source]]\nid = \"a\"\nurl = \"https://a.example/f\"\ncategories = [\"y\"]\n\
                    [[source]]\nid = \"c\"\nurl = \"https://b.example/f\"\n";
        let found = difference(next);
        assert_eq!(found.added, ["c"]);
        assert_eq!(found.removed, ["b"], "an id is what a source is known by, not its URL");
        assert_eq!(found.changed, ["a"]);
        assert_eq!(found.categories_added, ["y"]);
        assert_eq!(found.categories_removed, ["x"]);
        assert!(found.keys.is_empty() && found.restart.is_empty());
        assert_eq!(
            found.summary(),
            "added c; removed b; changed a; new categories y; categories gone x"
        );
    }

    #[test]
    fn a_priority_is_said_to_count_from_now_on() {
        let found = difference(&BASE.replace("id = \"b\"", "id = \"b\"\npriority = 5"));
        assert_eq!(
            (found.changed.clone(), found.priorities.clone()),
            (vec!["b".to_owned()], vec!["b".to_owned()])
        );
        assert!(found.later().unwrap().starts_with("source.priority of b counts when"));
        assert_eq!(difference(&BASE.replace("[\"x\"]", "[\"z\"]")).later(), None);
    }

    #[test]
    fn keys_in_force_at_once_are_told_from_those_that_wait() {
        let cases = [
            ("[site]\ntitle = \"T\"\n", "site.title", true),
            ("[server]\nstatus_page = true\n", "server.status_page", true),
            ("[server]\nentries_per_feed = 7\n", "server.entries_per_feed", true),
            ("[dedup]\nwindow = \"1h\"\n", "dedup.window", true),
            ("[server]\nlisten = [\"127.0.0.1:1\"]\n", "server.listen", false),
            ("[server]\nadmin = \"127.0.0.1:1\"\n", "server.admin", false),
            ("[store]\npath = \"elsewhere\"\n", "store.path", false),
            ("[store]\nreserve = \"2 GiB\"\n", "store.reserve", true),
            ("[store]\nretention = \"400d\"\n", "store.retention", true),
        ];
        for (text, key, is_live) in cases {
            let found = difference(&format!("{text}{BASE}"));
            let (live, waits) = if is_live { (vec![key], vec![]) } else { (vec![], vec![key]) };
            // The admin socket's default lies in the store.
            let restart: Vec<_> =
                found.restart.iter().filter(|k| key != "store.path" || **k == key).collect();
            assert_eq!(found.keys, live, "{key}");
            assert_eq!(restart, waits.iter().collect::<Vec<_>>(), "{key}");
        }
    }

    #[test]
    fn a_key_that_waits_is_named_until_the_restart() {
        let next = config(&format!("[server]\nidle_timeout = \"7s\"\n{BASE}"));
        let again = Difference::between(&config(BASE), &next, &next);
        assert_eq!(again.restart, ["server.idle_timeout"]);
        assert!(again.keys.is_empty());
    }
}
