//! `[category.…]` and `[[source]]`, and what holds between them.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use url::Url;

use super::problem::{Report, fault};
use super::requests;
use super::section::Section;
use super::settings::{DEDUP_MODES, RequestLimits};
use super::surroundings::Surroundings;
use super::tree::{Member, Node, Place, Table, Value};
use super::values::{self, choice, integer};
use crate::model::policy::{Catalog, CategoryPolicy, DedupMode, PollPolicy, SitePolicy};
use crate::model::source::{CategorySlug, ContentShare, Source, SourceId};

/// What sources take over from the sections before them.
pub(super) struct Defaults<'a> {
    pub(super) site: &'a SitePolicy,
    /// `[site] timezone` was written.
    pub(super) is_zone_given: bool,
    pub(super) poll: &'a PollPolicy,
    pub(super) request: &'a RequestLimits,
    pub(super) dedup: DedupMode,
}

/// Reads categories and sources.
pub(super) fn catalog(
    root: &Table,
    defaults: &Defaults<'_>,
    around: &Surroundings<'_>,
    report: &Report,
) -> Catalog {
    let sections = opened_sources(root, report);
    let ids = Ids::assign(&sections);
    let mut sources = Vec::with_capacity(sections.len());
    for (section, id) in sections.iter().zip(ids.ids) {
        if let Some((id, url)) = id.zip(section.optional("url", values::http_url)) {
            sources.push(Arc::new(source(section, id, url, defaults, around)));
        }
    }
    warn_of_same_urls(&sections);
    let named = sources.iter().flat_map(|source| source.categories.iter().cloned());
    let categories = categories(root, named, report);
    Catalog { sources, categories }
}

fn opened_sources<'a>(root: &'a Table, report: &'a Report) -> Vec<Section<'a>> {
    let Some(Member { node, at, .. }) = root.get("source") else { return Vec::new() };
    let Value::List(items) = &node.value else {
        let message = format!("must be an array of tables, not {}", node.value.kind());
        report.error(at, "source", fault(message, "open each with [[source]], in two brackets"));
        return Vec::new();
    };
    let open = |item| {
        let section = Section::open("source", "source", item, report);
        if section.node("url").is_none() {
            let remedy = "write url = \"https://…\"; `feedmill discover` finds the feeds of a page";
            section.error("url", fault("is missing", remedy));
        }
        section
    };
    items.iter().map(open).collect()
}

/// The id of each source, `None` where none can be told.
struct Ids {
    ids: Vec<Option<SourceId>>,
}

impl Ids {
    /// Takes written ids as they are and makes the others from their hosts, unlike all before.
    fn assign(sections: &[Section<'_>]) -> Self {
        let mut places: HashMap<String, &Place> = HashMap::new();
        let mut written = Vec::with_capacity(sections.len());
        for section in sections {
            let id = section.optional("id", values::slug);
            if let Some(id) = &id {
                if let Some(first) = places.get(id.as_str()) {
                    let message = format!("{id:?} is already the id of the source at {first}");
                    section.error("id", fault(message, "give each source an id of its own"));
                } else {
                    places.insert(id.clone(), section.place("id"));
                }
            }
            written.push(id);
        }
        let mut taken: HashSet<String> = places.into_keys().collect();
        let id = |(section, id): (&Section<'_>, Option<String>)| {
            id.or_else(|| default_id(section, &mut taken)).map(|id| SourceId::new(&id))
        };
        Self { ids: sections.iter().zip(written).map(id).collect() }
    }
}

/// Makes an id from the host: `www.` dropped, dots to hyphens, `-2`, `-3` … when it is taken.
fn default_id(section: &Section<'_>, taken: &mut HashSet<String>) -> Option<String> {
    if section.node("id").is_some() {
        return None;
    }
    let url = values::http_url(&section.node("url")?.value).ok()?;
    let host = url.host_str()?;
    let base = values::slugged(host.strip_prefix("www.").unwrap_or(host));
    if taken.insert(base.clone()) {
        return Some(base);
    }
    let id = (2_u64..).map(|no| format!("{base}-{no}")).find(|id| !taken.contains(id))?;
    taken.insert(id.clone());
    let message = format!("the id {base:?}, made from the host, is taken; this source is {id:?}");
    let remedy = "write an id: state follows it, and a made one depends on the order";
    section.warn("id", fault(message, remedy));
    Some(id)
}

fn source(
    section: &Section<'_>,
    id: SourceId,
    url: Url,
    defaults: &Defaults<'_>,
    around: &Surroundings<'_>,
) -> Source {
    warn_of_closed_port(section, &url, defaults.poll);
    let publish = section.optional("publish", values::flag);
    let zone = section.unless_empty("timezone", values::timezone);
    Source {
        id,
        url,
        title: section.unless_empty("title", values::line),
        categories: memberships(section),
        interval: section.optional("interval", values::some_duration),
        timeout: section
            .optional("timeout", values::some_duration)
            .unwrap_or(defaults.request.timeout),
        body_bytes_max: section
            .optional("max_body", values::some_size_bytes)
            .unwrap_or(defaults.request.body_bytes_max),
        // Written and empty it means none, whatever [poll] says.
        proxy: match section.node("proxy") {
            Some(_) => section.unless_empty("proxy", values::proxy),
            None => defaults.request.proxy.clone(),
        },
        priority: section.get("priority", integer(-1_000_000..=1_000_000)),
        aliases: section.list("aliases", values::line),
        on_add: section.get("on_add", requests::on_add),
        content: section.get("content", choice(CONTENT_SHARES)),
        dedup: section.optional("dedup", choice(DEDUP_MODES)).unwrap_or(defaults.dedup),
        include: section.list("include", requests::filter),
        exclude: section.list("exclude", requests::filter),
        is_zone_given: zone.is_some() || defaults.is_zone_given,
        timezone: zone.unwrap_or_else(|| defaults.site.timezone.clone()),
        encoding: section.unless_empty("encoding", requests::encoding),
        headers: section.text_table("headers", requests::header),
        user_agent: section.unless_empty("user_agent", requests::header_value),
        secret_file: secret_file(section, around),
        publish: publish.unwrap_or(true),
        // R80: written out, it is the operator's answer to a feed that asks not to be shown.
        overrides_block: publish == Some(true),
    }
}

const CONTENT_SHARES: &[(&str, ContentShare)] = &[
    ("full", ContentShare::Full),
    ("summary", ContentShare::Summary),
    ("title", ContentShare::Title),
];

fn memberships(section: &Section<'_>) -> Vec<CategorySlug> {
    let mut slugs: Vec<CategorySlug> = Vec::new();
    for slug in section.list("categories", values::slug) {
        let slug = CategorySlug::new(&slug);
        if !slugs.contains(&slug) {
            slugs.push(slug);
        }
    }
    slugs
}

fn secret_file(section: &Section<'_>, around: &Surroundings<'_>) -> Option<std::path::PathBuf> {
    let name = section.unless_empty("secret_file", values::line)?;
    let path = around.credential(&name);
    if !path.is_file() {
        let message = format!("{} is not there", path.display());
        let remedy = "create it, readable by the service only, or pass it with LoadCredential=";
        section.warn("secret_file", fault(message, remedy));
    }
    Some(path)
}

fn warn_of_closed_port(section: &Section<'_>, url: &Url, poll: &PollPolicy) {
    let closed = url
        .port_or_known_default()
        .filter(|port| poll.allow_ports.as_ref().is_some_and(|allowed| !allowed.contains(port)));
    if let Some(port) = closed {
        let message = format!("port {port} may not be polled");
        section.warn("url", fault(message, format!("add {port} to allow_ports in [poll]")));
    }
}

fn warn_of_same_urls(sections: &[Section<'_>]) {
    let mut places: HashMap<Url, &Place> = HashMap::new();
    for section in sections {
        let Some(node) = section.node("url") else { continue };
        let Ok(url) = values::http_url(&node.value) else { continue };
        if let Some(first) = places.get(&url) {
            let message = format!("is also polled for the source at {first}");
            section.warn("url", fault(message, "keep one of them, with the categories of both"));
        } else {
            places.insert(url, &node.at);
        }
    }
}

/// Reads the sections of categories, and adds those that only sources name.
fn categories(
    root: &Table,
    named: impl Iterator<Item = CategorySlug>,
    report: &Report,
) -> Vec<CategoryPolicy> {
    let mut in_order: Vec<CategorySlug> = Vec::new();
    let mut populated: HashSet<CategorySlug> = HashSet::new();
    for slug in named {
        if populated.insert(slug.clone()) {
            in_order.push(slug);
        }
    }
    let members = category_members(root, report);
    let mut categories: Vec<CategoryPolicy> =
        members.iter().filter_map(|member| category(member, &populated, report)).collect();
    let with_section: HashSet<_> = categories.iter().map(|known| known.slug.clone()).collect();
    let bare = |slug: CategorySlug| CategoryPolicy {
        title: slug.as_str().to_owned(),
        slug,
        former: Vec::new(),
    };
    categories.extend(in_order.into_iter().filter(|slug| !with_section.contains(slug)).map(bare));
    check_former(members, &mut categories, report);
    categories
}

fn category_members<'a>(root: &'a Table, report: &Report) -> &'a [Member] {
    match root.get("category").map(|member| &member.node) {
        None => &[],
        Some(Node { value: Value::Table(table), .. }) => &table.0,
        Some(node) => {
            let message = format!("must be a table, not {}", node.value.kind());
            report.error(&node.at, "category", fault(message, "open each with [category.SLUG]"));
            &[]
        }
    }
}

fn category(
    member: &Member,
    populated: &HashSet<CategorySlug>,
    report: &Report,
) -> Option<CategoryPolicy> {
    let prefix = format!("category.{}", member.key);
    let section = Section::open("category", &prefix, &member.node, report);
    let checked = values::slug_text(&member.key);
    let slug = checked.map_err(|fault| report.error(&member.at, &prefix, fault)).ok()?;
    let slug = CategorySlug::new(&slug);
    if !populated.contains(&slug) {
        let remedy = format!("add \"{slug}\" to the categories of a source, or drop the section");
        report.warning(&member.at, &prefix, fault("no source is in this category", remedy));
    }
    let former = section.list("former", values::slug);
    Some(CategoryPolicy {
        title: section
            .unless_empty("title", values::line)
            .unwrap_or_else(|| slug.as_str().to_owned()),
        former: former.iter().map(|slug| CategorySlug::new(slug)).collect(),
        slug,
    })
}

/// Drops old slugs that are in use again or claimed twice: each can answer for one category only.
fn check_former(members: &[Member], categories: &mut [CategoryPolicy], report: &Report) {
    let mut answered: HashMap<CategorySlug, CategorySlug> =
        categories.iter().map(|known| (known.slug.clone(), known.slug.clone())).collect();
    for category in categories {
        let own = category.slug.clone();
        category.former.retain(|former| {
            let Some(other) = answered.insert(former.clone(), own.clone()) else { return true };
            let at = members.iter().find(|member| member.key == own.as_str());
            if let Some(member) = at {
                let message = format!("slug clash: \"{former}\" already leads to \"{other}\"");
                let key = format!("category.{own}.former");
                let place = former_place(member);
                report.warning(place, &key, fault(message, "name it in one category only"));
            }
            answered.insert(former.clone(), other);
            false
        });
    }
}

fn former_place(member: &Member) -> &Place {
    let Value::Table(table) = &member.node.value else { return &member.at };
    table.get("former").map_or(&member.at, |former| &former.node.at)
}
