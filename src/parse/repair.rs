//! Reads any text as a tree of feed elements: one streaming pass that mends as it goes.
//!
//! Tags that do not match are closed or dropped, namespaces and names are brought to one spelling,
//! text is unescaped once, and every limit of standards P79 holds. Items are handed on one by one,
//! with the hash of their bytes, so that memory is bounded by the largest item; an item the caller
//! knows by its hash is passed over without being read.
//!
//! Names, references and quotes are left to `token`, `names` and `entity`; what the elements mean
//! is left to `sidecar`. Standards: P74–P80, R75.

use std::borrow::Cow;

use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::context::Context;
use super::entity;
use super::flaws::{Flaw, Flaws};
use super::grammar::{self, Dialect};
use super::guess::ItemEnd;
use super::names::{Ns, lower};
use super::node::{Attribute, Child, Node};
use super::root::{self, Root};
use super::scope::Scope;
use super::token::{self, Token, Tokens};
use crate::model::source::ItemHash;

/// Deepest element kept; what lies deeper loses its tags, not its text.
pub(super) const DEPTH_MAX: usize = 256;
/// Items read of one document.
pub(super) const ITEMS_MAX: usize = 10_000;
/// Attributes read of one element.
pub(super) const ATTRIBUTES_MAX: usize = 1_000;
/// Bytes of one text.
pub(super) const TEXT_BYTES_MAX: usize = 2 * 1024 * 1024;
/// Elements and attributes kept of one item (and of everything outside items).
pub(super) const NODES_MAX: usize = 20_000;
/// Elements and attributes kept of all items together: one takes up to thirty times its bytes (P80).
pub(super) const NODES_TOTAL_MAX: usize = 500_000;

/// Where items go as they are read.
pub(super) trait Sink {
    /// Tells whether the item with this hash needs no reading.
    fn is_known(&self, hash: ItemHash) -> bool;
    /// Takes an item; `node` is `None` when it is known.
    fn item(
        &mut self,
        dialect: Dialect,
        hash: ItemHash,
        node: Option<(&Node<'_>, &Context)>,
        flaws: &mut Flaws,
    );
}

/// What is left of a document once its items are handed on.
#[derive(Debug)]
pub(super) struct Outline<'t> {
    /// `rss`, `rdf:RDF` or `feed`, without items.
    pub(super) root: Node<'t>,
    pub(super) dialect: Dialect,
}

/// Reads the document; `None` when it has no root of a feed.
pub(super) fn read<'t>(
    text: &'t str,
    salt: u64,
    document: &Context,
    flaws: &mut Flaws,
    sink: &mut dyn Sink,
) -> Option<Outline<'t>> {
    let mut tokens = Tokens::new(text);
    let root = root::find(&mut tokens, flaws)?;
    let mut reader = Reader {
        text,
        salt,
        tokens,
        scope: Scope::new(root.dialect, root.name, root.attributes, flaws),
        flaws,
        sink,
        dialect: root.dialect,
        frames: Vec::new(),
        contexts: vec![document.clone()],
        root: None,
        flattened: 0,
        is_in_item: false,
        is_cut_off: false,
        item_nodes: 0,
        meta_nodes: 0,
        total_nodes: 0,
        items: 0,
        item_end: 0,
        item_ends: ItemEnd::default(),
    };
    reader.open_root(&root);
    reader.run();
    reader.finish()
}

struct Frame<'a> {
    /// As written, to match its end tag.
    written: &'a str,
    node: Node<'a>,
    bindings: usize,
    /// Offset of its first byte.
    start: usize,
    kind: Kind,
    has_context: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Container,
    Item,
    Other,
}

struct Reader<'a, 'b> {
    text: &'a str,
    salt: u64,
    tokens: Tokens<'a>,
    flaws: &'b mut Flaws,
    sink: &'b mut dyn Sink,
    dialect: Dialect,
    scope: Scope<'a>,
    frames: Vec<Frame<'a>>,
    /// Of the document, then of each open container that changes it.
    contexts: Vec<Context>,
    root: Option<Node<'a>>,
    /// Open elements whose tags were dropped.
    flattened: usize,
    is_in_item: bool,
    is_cut_off: bool,
    item_nodes: usize,
    meta_nodes: usize,
    total_nodes: usize,
    items: usize,
    /// Where the item that is being closed ends.
    item_end: usize,
    item_ends: ItemEnd<'a>,
}

impl<'a> Reader<'a, '_> {
    fn open_root(&mut self, root: &Root<'a>) {
        self.start(root.name, root.attributes, root.is_empty, root.start);
        self.check_version();
    }

    fn check_version(&mut self) {
        let Some(root) = self.frames.first().filter(|root| root.node.is(Ns::Core, "rss")) else {
            return;
        };
        if root.node.attribute("version") != Some("2.0") {
            self.flaws.add(Flaw::OldVersion);
        }
    }

    fn run(&mut self) {
        loop {
            let start = self.tokens.position();
            let Some(token) = self.tokens.next(self.flaws) else { return };
            match token {
                Token::Start { name, attributes, is_empty } => {
                    if is_empty || !self.pass_known(name, start) {
                        self.item_end = start;
                        self.start(name, attributes, is_empty, start);
                    }
                }
                Token::End { name } => {
                    self.item_end = self.tokens.position();
                    self.end(name);
                }
                Token::Text(text) => self.push_text(text, true),
                Token::CData(text) => self.push_text(text, false),
            }
            if self.frames.is_empty() {
                self.check_tail();
                return;
            }
        }
    }

    /// Looks whether anything but comments follows the root: what is there is not read.
    fn check_tail(&mut self) {
        let mut quiet = Flaws::default();
        let is_blank =
            |token: &Token<'_>| matches!(token, Token::Text(text) if text.trim().is_empty());
        while let Some(token) = self.tokens.next(&mut quiet) {
            if !is_blank(&token) {
                return self.flaws.add(Flaw::JunkAfter);
            }
        }
    }

    // ---- elements

    fn start(&mut self, name: &'a str, attributes: &'a str, is_empty: bool, start: usize) {
        let bindings = self.scope.depth();
        self.scope.enter(attributes, self.flaws);
        let (ns, name_kept) = if self.frames.is_empty() {
            // The root is what it is, whatever its prefix is bound to.
            (Ns::Core, lower(grammar::local(name)))
        } else {
            self.scope.element(name, self.flaws)
        };
        let kind = self.make_room(ns, &name_kept);
        let is_spent = *self.budget() >= NODES_MAX || self.total_nodes >= NODES_TOTAL_MAX;
        let is_spent = is_spent && kind != Kind::Item;
        if self.frames.len() >= DEPTH_MAX || is_spent {
            let is_deep = self.frames.len() >= DEPTH_MAX;
            self.flaws.add(if is_deep { Flaw::TooDeep } else { Flaw::TooManyElements });
            self.scope.leave(bindings);
            self.flattened += usize::from(!is_empty);
            return;
        }
        if kind == Kind::Item {
            self.is_in_item = true;
            self.item_nodes = 0;
        }
        *self.budget() += 1;
        let attributes = self.read_attributes(attributes);
        let node = Node { ns, name: name_kept, attributes, children: Vec::new() };
        let has_context = kind == Kind::Container && self.enter(&node);
        let is_empty = is_empty || self.is_in_field() && grammar::is_void(&node);
        self.frames.push(Frame { written: name, node, bindings, start, kind, has_context });
        if is_empty {
            self.item_end = self.tokens.position();
            self.close();
        }
    }

    /// Pushes the context inside a container, when it changes there.
    fn enter(&mut self, node: &Node<'_>) -> bool {
        let Some(outer) = self.contexts.last() else { return false };
        outer.check(node, self.flaws);
        let inner = outer.enter(node);
        if let Cow::Owned(inner) = inner {
            self.contexts.push(inner);
            return true;
        }
        false
    }

    /// Closes what the element that begins cannot lie in, and tells what it is.
    fn make_room(&mut self, ns: Ns, name: &str) -> Kind {
        if ns == Ns::Core && matches!(name, "item" | "entry") {
            let keep = self.frames.iter().take_while(|f| f.kind == Kind::Container).count();
            self.close_down_to(keep);
            return Kind::Item;
        }
        let is_outside = self.frames.iter().all(|frame| frame.kind == Kind::Container);
        if ns == Ns::Core && is_outside && matches!(name, "channel" | "rss" | "feed" | "items") {
            return Kind::Container;
        }
        if self.frames.is_empty() {
            return Kind::Container;
        }
        // `<title>bad<guid>2</guid>`: an element that holds text only was left open.
        let item = self.frames.iter().take_while(|f| f.kind == Kind::Container).count();
        let field = item + usize::from(self.frames.get(item).is_some_and(|f| f.kind == Kind::Item));
        if let Some(open) = self.frames.get(field)
            && open.node.ns != Ns::Xhtml
            && grammar::ends(self.dialect, &open.node, ns, name)
        {
            self.close_down_to(field);
        }
        Kind::Other
    }

    fn end(&mut self, name: &'a str) {
        let is_it = |frame: &Frame<'_>| frame.written == name;
        let found = self.frames.iter().rposition(is_it).or_else(|| {
            self.frames.iter().rposition(|frame| frame.written.eq_ignore_ascii_case(name))
        });
        let outer =
            found.filter(|at| self.frames.get(*at).is_some_and(|frame| frame.kind != Kind::Other));
        if self.flattened > 0 && outer.is_none() {
            self.flattened -= 1;
            return;
        }
        match found {
            Some(at) => {
                self.close_down_to(at + 1);
                self.close();
            }
            None => self.flaws.add(Flaw::UnmatchedEnd),
        }
    }

    fn close_down_to(&mut self, depth: usize) {
        while self.frames.len() > depth {
            self.flaws.add(Flaw::UnclosedElement);
            self.close();
        }
    }

    fn close(&mut self) {
        self.flattened = 0;
        let Some(frame) = self.frames.pop() else { return };
        self.scope.leave(frame.bindings);
        if frame.has_context {
            self.contexts.pop();
        }
        if frame.kind == Kind::Item {
            self.is_in_item = false;
            self.total_nodes += self.item_nodes;
            return self.hand_on(&frame);
        }
        match self.frames.last_mut() {
            Some(parent) => parent.node.children.push(Child::Element(frame.node)),
            None => self.root = Some(frame.node),
        }
    }

    fn finish(mut self) -> Option<Outline<'a>> {
        self.item_end = self.text.len();
        self.is_cut_off = true;
        self.close_down_to(0);
        let has_items = self.items > 0;
        let root = self.root.or_else(|| has_items.then(Node::default))?;
        Some(Outline { root, dialect: self.dialect })
    }

    // ---- items

    /// Passes over an item that the caller knows: its end is guessed, and the hash proves the
    /// guess.
    fn pass_known(&mut self, name: &'a str, start: usize) -> bool {
        let is_outside = self.frames.last().is_some_and(|frame| frame.kind == Kind::Container);
        let is_item =
            matches!(grammar::local(name).to_ascii_lowercase().as_str(), "item" | "entry");
        if !is_item || !is_outside {
            return false;
        }
        let Some(end) = self.item_ends.guess(self.text, name, start, self.tokens.position()) else {
            return false;
        };
        let hash = self.hash(start, end);
        if !self.sink.is_known(hash) {
            return false;
        }
        self.tokens.jump(end);
        self.count_item(hash, None);
        true
    }

    fn hash(&self, start: usize, end: usize) -> ItemHash {
        let raw = self.text.get(start..end).unwrap_or_default();
        let mark = self.contexts.last().map(Context::mark).unwrap_or_default();
        let seed = xxh3_64_with_seed(mark.as_bytes(), self.salt ^ u64::from(super::READER_VERSION));
        ItemHash(xxh3_64_with_seed(raw.as_bytes(), seed))
    }

    fn hand_on(&mut self, frame: &Frame<'a>) {
        let was_asked = self.item_ends.was(self.item_end);
        let hash = self.hash(frame.start, self.item_end);
        if self.is_cut_off && !grammar::is_identified(&frame.node) {
            return self.flaws.add(Flaw::TruncatedItem);
        }
        let is_known = !was_asked && self.sink.is_known(hash);
        self.count_item(hash, (!is_known).then_some(&frame.node));
    }

    fn count_item(&mut self, hash: ItemHash, node: Option<&Node<'_>>) {
        if self.items >= ITEMS_MAX {
            return self.flaws.add(Flaw::TooManyItems);
        }
        self.items += 1;
        let Some(context) = self.contexts.last() else { return };
        let read = node.map(|node| {
            context.check(node, self.flaws);
            (node, context)
        });
        self.sink.item(self.dialect, hash, read, self.flaws);
    }

    // ---- names, attributes, text

    fn read_attributes(&mut self, raw: &'a str) -> Vec<Attribute<'a>> {
        let mut out = Vec::new();
        let is_cut = token::attributes(raw, ATTRIBUTES_MAX, |name, value| {
            if name == "xmlns" || name.starts_with("xmlns:") {
                return;
            }
            let (ns, name) = match name.split_once(':') {
                Some((prefix, local)) if !prefix.is_empty() => {
                    (self.scope.namespace(prefix, self.flaws), local)
                }
                Some((_, local)) => (Ns::Core, local),
                None => (Ns::Core, name),
            };
            out.push(Attribute { ns, name, value: unescaped(value, self.flaws) });
        });
        if is_cut {
            self.flaws.add(Flaw::TooManyAttributes);
        }
        *self.budget() += out.len();
        out
    }

    fn budget(&mut self) -> &mut usize {
        if self.is_in_item { &mut self.item_nodes } else { &mut self.meta_nodes }
    }

    fn is_in_field(&self) -> bool {
        self.frames.iter().any(|frame| frame.kind == Kind::Other)
    }

    fn push_text(&mut self, raw: &'a str, has_references: bool) {
        let Some(frame) = self.frames.last_mut() else { return };
        let kind = frame.kind;
        if kind != Kind::Other && raw.trim().is_empty() || kind == Kind::Container {
            return;
        }
        // The end of a CDATA section that began inside another; "]]&gt;" is text (R44).
        let text = if has_references && raw.contains("]]>") {
            self.flaws.add(Flaw::UnclosedCdata);
            Cow::Owned(unescaped(&raw.replace("]]>", ""), self.flaws).into_owned())
        } else if has_references {
            unescaped(raw, self.flaws)
        } else {
            entity::clean(raw, self.flaws)
        };
        match frame.node.children.last_mut() {
            Some(Child::Text(last)) => append(last.to_mut(), &text, self.flaws),
            _ if text.len() <= TEXT_BYTES_MAX => frame.node.children.push(Child::Text(text)),
            _ => {
                let mut cut = String::new();
                append(&mut cut, &text, self.flaws);
                frame.node.children.push(Child::Text(Cow::Owned(cut)));
            }
        }
    }
}

/// Returns what was written, without forbidden characters, its references replaced.
fn unescaped<'t>(raw: &'t str, flaws: &mut Flaws) -> Cow<'t, str> {
    match entity::clean(raw, flaws) {
        Cow::Borrowed(clean) => entity::unescape(clean, flaws),
        Cow::Owned(clean) => Cow::Owned(entity::unescape(&clean, flaws).into_owned()),
    }
}

fn append(text: &mut String, more: &str, flaws: &mut Flaws) {
    let room = TEXT_BYTES_MAX.saturating_sub(text.len());
    if more.len() <= room {
        return text.push_str(more);
    }
    flaws.add(Flaw::TextTooLong);
    let cut = (0..=room).rev().find(|at| more.is_char_boundary(*at)).unwrap_or(0);
    text.push_str(more.get(..cut).unwrap_or_default());
}
