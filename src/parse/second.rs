//! The second opinion: feed-rs reads the repaired items, and what it finds fills what the sidecar
//! left empty.
//!
//! feed-rs 3.0 panics, aborts or refuses whole feeds on ordinary input, drops half of what items
//! say and gives random ids, so it never sees a publisher's bytes: items are written for it anew,
//! well-formed, in one spelling, in batches small enough for its appetite (100 times the input),
//! under `catch_unwind`, each with a fresh parser (a used one panics after an error). It is handed the
//! elements that it could fill something with: nothing it says of others would be used. The id of an
//! item is its number here, so that answers find their item although feed-rs may drop some. If it
//! gives up, that is a flaw: the sidecar's reading stands.

use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};

use feed_rs::model as other;

use super::entity::escape_into;
use super::flaws::{Flaw, Flaws};
use super::grammar::Dialect;
use super::names::{self, Ns};
use super::node::Node;
use super::repair::Outline;
use super::text;
use crate::model::entry::Category;
use crate::model::raw::{RawEntry, RawItem, RawMeta, RawPerson, RawText, TextKind};

/// Items of one batch.
const BATCH_ITEMS_MAX: usize = 200;
/// Bytes of one batch; a larger item is a batch of its own.
const BATCH_BYTES_MAX: usize = 1024 * 1024;
/// Deepest element handed on: no element of RSS or Atom proper has grandchildren but `source`.
const HANDED_DEPTH_MAX: usize = 4;

/// Modules feed-rs knows, with the prefixes written for it.
const DECLARATIONS: &str = concat!(
    " xmlns:content=\"http://purl.org/rss/1.0/modules/content/\"",
    " xmlns:dc=\"http://purl.org/dc/elements/1.1/\"",
);

/// Collects items for feed-rs.
#[derive(Debug)]
pub(super) struct Second {
    batch: String,
    items: usize,
}

impl Second {
    /// Starts with an empty batch.
    pub(super) fn new() -> Self {
        Self { batch: String::new(), items: 0 }
    }

    /// Tells whether the batch should be read before more is added.
    pub(super) fn is_full(&self) -> bool {
        self.items >= BATCH_ITEMS_MAX || self.batch.len() >= BATCH_BYTES_MAX
    }

    /// Adds the item that lies at `index`, of which the sidecar has read `entry`.
    pub(super) fn add(&mut self, index: usize, node: &Node, entry: &RawEntry, dialect: Dialect) {
        let (item, id) = match dialect {
            Dialect::Atom => ("entry", "id"),
            Dialect::Rss | Dialect::Rdf => ("item", "guid"),
        };
        let mut asked = node.elements().filter(|element| could_fill(element, entry)).peekable();
        if asked.peek().is_none() {
            return;
        }
        self.items += 1;
        let _ = write!(self.batch, "<{item}><{id}>{index}</{id}>");
        asked.for_each(|element| write(element, dialect, 0, &mut self.batch));
        let _ = write!(self.batch, "</{item}>");
    }

    /// Has the batch read, and fills what the items lack.
    pub(super) fn consult(&mut self, dialect: Dialect, items: &mut [RawItem], flaws: &mut Flaws) {
        let batch = std::mem::take(&mut self.batch);
        if std::mem::take(&mut self.items) == 0 {
            return;
        }
        let Some(feed) = ask(&wrap(dialect, &batch)) else {
            return flaws.add(Flaw::SecondReaderFailed);
        };
        for answer in feed.entries {
            let item = answer.id.parse::<usize>().ok().and_then(|index| items.get_mut(index));
            if let Some(entry) = item.and_then(|item| item.entry.as_mut()) {
                fill(entry, answer);
            }
        }
    }

    /// Has the feed's own words read, and fills what is lacking.
    pub(super) fn consult_on_feed(
        &mut self,
        outline: &Outline,
        meta: &mut RawMeta,
        flaws: &mut Flaws,
    ) {
        let channel = outline.root.element(Ns::Core, "channel").unwrap_or(&outline.root);
        let mut body = String::new();
        for element in channel.elements().filter(|element| could_fill_feed(element, meta)) {
            write(element, outline.dialect, 0, &mut body);
        }
        if body.is_empty() {
            return;
        }
        let Some(feed) = ask(&wrap(outline.dialect, &body)) else {
            return flaws.add(Flaw::SecondReaderFailed);
        };
        meta.title = meta.title.take().or_else(|| text_of(feed.title?));
        meta.subtitle = meta.subtitle.take().or_else(|| text_of(feed.description?));
        meta.rights = meta.rights.take().or_else(|| text_of(feed.rights?));
        meta.language = meta.language.take().or(feed.language);
        meta.icon = meta.icon.take().or_else(|| Some(feed.icon?.uri));
        meta.logo = meta.logo.take().or_else(|| Some(feed.logo?.uri));
        if meta.updated.is_empty() {
            meta.updated.extend(feed.updated.or(feed.published).map(|at| at.to_rfc3339()));
        }
        if meta.authors.is_empty() {
            meta.authors.extend(feed.authors.into_iter().map(person));
        }
    }
}

fn wrap(dialect: Dialect, body: &str) -> String {
    match dialect {
        Dialect::Atom => {
            format!("<feed xmlns=\"http://www.w3.org/2005/Atom\"{DECLARATIONS}>{body}</feed>")
        }
        Dialect::Rss | Dialect::Rdf => {
            format!("<rss version=\"2.0\"{DECLARATIONS}><channel>{body}</channel></rss>")
        }
    }
}

/// Lets feed-rs read; `None` when it refuses or panics.
fn ask(document: &str) -> Option<other::Feed> {
    let read = AssertUnwindSafe(|| {
        feed_rs::parser::Builder::new()
            .sanitize_content(false)
            // Without this it makes ids of its own, random ones among them.
            .id_generator(|_, _, _| String::new())
            .build()
            .parse(document.as_bytes())
    });
    catch_unwind(read).ok()?.ok()
}

/// Tells whether feed-rs could fill a field of the item from this element that the sidecar left
/// empty.
fn could_fill(node: &Node, entry: &RawEntry) -> bool {
    // Of RSS, feed-rs takes the date of publication for that of the last change as well.
    let lacks_date = entry.published.is_empty() || entry.updated.is_empty();
    match (node.ns, &*node.name) {
        (Ns::Core, "title") => entry.title.is_none(),
        (Ns::Core, "description" | "summary") => entry.summary.is_none(),
        (Ns::Core, "content") | (Ns::Content, "encoded") => entry.content.is_none(),
        (Ns::Core, "rights") => entry.rights.is_none(),
        (Ns::Core, "author") | (Ns::Dc, "creator") => entry.authors.is_empty(),
        (Ns::Core, "category") => entry.categories.is_empty(),
        (Ns::Core, "pubdate" | "published") | (Ns::Dc, "date") => lacks_date,
        (Ns::Core, "updated") => entry.updated.is_empty(),
        _ => false,
    }
}

/// Tells the same of an element of the feed.
fn could_fill_feed(node: &Node, meta: &RawMeta) -> bool {
    match (node.ns, &*node.name) {
        (Ns::Core, "title") => meta.title.is_none(),
        (Ns::Core, "description" | "subtitle") => meta.subtitle.is_none(),
        (Ns::Core, "copyright" | "rights") => meta.rights.is_none(),
        (Ns::Core, "language") => meta.language.is_none(),
        (Ns::Core, "icon") => meta.icon.is_none(),
        (Ns::Core, "image" | "logo") => meta.logo.is_none(),
        (Ns::Core, "pubdate" | "lastbuilddate" | "updated") => meta.updated.is_empty(),
        (Ns::Core, "author") => meta.authors.is_empty(),
        _ => false,
    }
}

/// Writes an element as feed-rs can take it; returns without a word where it cannot.
fn write(node: &Node, dialect: Dialect, depth: usize, out: &mut String) {
    let prefix = match node.ns {
        Ns::Core => "",
        Ns::Content | Ns::Dc => names::prefix(node.ns).unwrap_or(""),
        // Media, iTunes and podcast elements are where most of its panics are; the sidecar has
        // them.
        _ => return,
    };
    if depth >= HANDED_DEPTH_MAX || is_trap(node) {
        return;
    }
    let name = spelling(node);
    let colon = if prefix.is_empty() { "" } else { ":" };
    let is_text = is_text_construct(node, dialect);
    let _ = write!(out, "<{prefix}{colon}{name}");
    for attribute in &node.attributes {
        // A `type` it does not know costs the whole feed; it is written anew where it means
        // something.
        let is_type = is_text && matches!(attribute.name, "type" | "mode" | "src");
        if attribute.ns == Ns::Core && is_name(attribute.name) && !is_type {
            let _ = write!(out, " {}=\"", attribute.name);
            escape_into(&attribute.value, out);
            out.push('"');
        }
    }
    if is_text && dialect == Dialect::Atom && node.ns == Ns::Core {
        out.push_str(" type=\"html\"");
    }
    out.push('>');
    let is_parent = !is_text && node.has_elements();
    if is_parent {
        for element in node.elements() {
            write(element, dialect, depth + 1, out);
        }
    } else {
        escape_into(&node.text().unwrap_or_default(), out);
    }
    let _ = write!(out, "</{prefix}{colon}{name}>");
}

/// Elements on which feed-rs 3.0 panics or gives the whole feed up, and content that is no text.
fn is_trap(node: &Node) -> bool {
    match &*node.name {
        "author" | "managingeditor" | "webmaster" | "creator" => !is_safe(node),
        "content" => node.text().is_none() || text::is_binary(node),
        _ => false,
    }
}

/// A multi-byte character beside a mail address makes it slice inside a character.
fn is_safe(node: &Node) -> bool {
    node.text().is_none_or(|text| text.is_ascii() || !text.contains('@'))
}

fn is_text_construct(node: &Node, dialect: Dialect) -> bool {
    let name = node.name.to_ascii_lowercase();
    let is_core = matches!(
        name.as_str(),
        "title" | "subtitle" | "summary" | "content" | "rights" | "tagline" | "description"
    );
    (node.ns == Ns::Core && is_core && (dialect == Dialect::Atom || name != "content"))
        || matches!(node.ns, Ns::Content | Ns::Dc)
}

/// Returns the spelling feed-rs compares with: the reader keeps core names in lower case.
fn spelling<'n>(node: &'n Node<'_>) -> &'n str {
    match (node.ns, &*node.name) {
        (Ns::Core, "pubdate") => "pubDate",
        (Ns::Core, "lastbuilddate") => "lastBuildDate",
        (Ns::Core, "managingeditor") => "managingEditor",
        (Ns::Core, "webmaster") => "webMaster",
        (Ns::Core, name) | (_, name) if is_name(name) => name,
        _ => "unnamed",
    }
}

fn is_name(name: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.chars().all(is_part)
}

fn fill(entry: &mut RawEntry, answer: other::Entry) {
    entry.title = entry.title.take().or_else(|| text_of(answer.title?));
    entry.summary = entry.summary.take().or_else(|| text_of(answer.summary?));
    entry.content = entry.content.take().or_else(|| {
        let body = answer.content?.body?;
        raw(body)
    });
    entry.rights = entry.rights.take().or_else(|| text_of(answer.rights?));
    if entry.authors.is_empty() {
        entry.authors.extend(answer.authors.into_iter().map(person));
    }
    if entry.categories.is_empty() {
        let category =
            |c: other::Category| Category { term: c.term, scheme: c.scheme, label: c.label };
        entry.categories.extend(answer.categories.into_iter().map(category));
    }
    if entry.published.is_empty() {
        entry.published.extend(answer.published.map(|at| at.to_rfc3339()));
    }
    if entry.updated.is_empty() {
        entry.updated.extend(answer.updated.map(|at| at.to_rfc3339()));
    }
}

fn text_of(text: other::Text) -> Option<RawText> {
    raw(text.content)
}

fn raw(value: String) -> Option<RawText> {
    let is_blank = value.trim().is_empty();
    let text = RawText { value, kind: TextKind::Unknown, base: None, language: None };
    (!is_blank).then_some(text)
}

fn person(person: other::Person) -> RawPerson {
    RawPerson { name: person.name, email: person.email, uri: person.uri }
}
