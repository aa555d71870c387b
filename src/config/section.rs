//! One table of the configuration, read key by key against [`KEYS`](super::keys::KEYS).
//!
//! A bad value is reported and its default stands in, so that reading goes on to the next mistake.

use super::keys::{self, Key, Preset};
use super::problem::{Fault, Report, fault};
use super::tree::{Node, Place, Table, Value};

/// A section as written, or an empty one where it is not.
pub(super) struct Section<'a> {
    name: &'static str,
    /// Shown before the key: `poll`, `category.thoi-su`, `source`.
    prefix: String,
    at: Place,
    table: Option<&'a Table>,
    report: &'a Report,
}

impl<'a> Section<'a> {
    /// Opens a table, and reports its unknown keys and those without effect.
    pub(super) fn open(
        name: &'static str,
        prefix: &str,
        node: &'a Node,
        report: &'a Report,
    ) -> Self {
        let table = match &node.value {
            Value::Table(table) => Some(table),
            other => {
                let message = format!("must be a table, not {}", other.kind());
                let remedy = format!("open it with {}", keys::header(name));
                report.error(&node.at, prefix, fault(message, remedy));
                None
            }
        };
        let section = Self { name, prefix: prefix.to_owned(), at: node.at.clone(), table, report };
        section.report_unknown_keys();
        section.report_inert_keys();
        section
    }

    /// Stands for a section that is not written.
    pub(super) fn absent(name: &'static str, at: Place, report: &'a Report) -> Self {
        Self { name, prefix: name.to_owned(), at, table: None, report }
    }

    fn report_unknown_keys(&self) {
        for member in self.table.iter().flat_map(|table| &table.0) {
            if keys::lookup(self.name, &member.key).is_none() {
                let remedy = keys::remedy_for_unknown(self.name, &member.key);
                self.report.error(
                    &member.at,
                    &self.full(&member.key),
                    fault("unknown key", remedy),
                );
            }
        }
    }

    fn report_inert_keys(&self) {
        for inert in keys::INERT.iter().filter(|inert| inert.key.0 == self.name) {
            let Some(node) = self.node(inert.key.1) else { continue };
            if !inert.idle.is_same(&node.value) {
                let message = "accepted, has no effect in this version";
                self.warn(inert.key.1, fault(message, inert.instead));
            }
        }
    }

    /// Returns the name of a key in full.
    fn full(&self, key: &str) -> String {
        format!("{}.{key}", self.prefix)
    }

    /// Returns the value as written.
    pub(super) fn node(&self, key: &str) -> Option<&'a Node> {
        self.table.and_then(|table| table.get(key)).map(|member| &member.node)
    }

    /// Returns where a key's value stands, or its section when it is not written.
    pub(super) fn place(&self, key: &str) -> &Place {
        self.node(key).map_or(&self.at, |node| &node.at)
    }

    /// Reports an error about a key.
    pub(super) fn error(&self, key: &str, fault: Fault) {
        self.report.error(self.place(key), &self.full(key), fault);
    }

    /// Reports a warning about a key.
    pub(super) fn warn(&self, key: &str, fault: Fault) {
        self.report.warning(self.place(key), &self.full(key), fault);
    }

    /// Reads a key. `None`: not written, or wrong and reported.
    pub(super) fn optional<T>(
        &self,
        key: &str,
        read: impl Fn(&Value) -> Result<T, Fault>,
    ) -> Option<T> {
        read(&self.node(key)?.value).map_err(|fault| self.error(key, fault)).ok()
    }

    /// Reads a text that may be empty for "none".
    pub(super) fn unless_empty<T>(
        &self,
        key: &str,
        read: impl Fn(&Value) -> Result<T, Fault>,
    ) -> Option<T> {
        match &self.node(key)?.value {
            Value::Text(text) if text.trim().is_empty() => None,
            _ => self.optional(key, read),
        }
    }

    /// Reads a key, or the default that [`KEYS`](super::keys::KEYS) has for it.
    pub(super) fn get<T>(&self, key: &str, read: impl Fn(&Value) -> Result<T, Fault>) -> T {
        self.optional(key, &read).unwrap_or_else(|| {
            let preset = read(&self.preset(key));
            #[expect(clippy::expect_used, reason = "a test reads the defaults of every key")]
            preset.expect("invariant: the defaults of the table are valid")
        })
    }

    /// Reads an array element by element; each bad one is reported where it stands.
    pub(super) fn list<T>(&self, key: &str, read: impl Fn(&Value) -> Result<T, Fault>) -> Vec<T> {
        let Some(node) = self.node(key) else {
            let Value::List(preset) = self.preset(key) else { return Vec::new() };
            return preset.iter().filter_map(|node| read(&node.value).ok()).collect();
        };
        let Value::List(items) = &node.value else {
            let message = format!("must be an array, not {}", node.value.kind());
            self.error(key, fault(message, "put it in brackets: [\"…\"]"));
            return Vec::new();
        };
        let item = |item: &Node| {
            let report = |fault| self.report.error(&item.at, &self.full(key), fault);
            read(&item.value).map_err(report).ok()
        };
        items.iter().filter_map(item).collect()
    }

    /// Reads a table of texts, in the order written; each bad one is reported where it stands.
    pub(super) fn text_table<T>(
        &self,
        key: &str,
        read: impl Fn(&str, &Value) -> Result<T, Fault>,
    ) -> Vec<T> {
        let Some(node) = self.node(key) else { return Vec::new() };
        let Value::Table(table) = &node.value else {
            let message = format!("must be a table, not {}", node.value.kind());
            self.error(key, fault(message, "write { \"Name\" = \"value\" }"));
            return Vec::new();
        };
        let member = |member: &super::tree::Member| {
            let full = format!("{}.{}", self.full(key), member.key);
            let report = |fault| self.report.error(&member.at, &full, fault);
            read(&member.key, &member.node.value).map_err(report).ok()
        };
        table.0.iter().filter_map(member).collect()
    }

    fn preset(&self, key: &str) -> Value {
        let default = keys::lookup(self.name, key).map_or(Preset::Unset, |key: &Key| key.default);
        let node = |value| Node { at: self.at.clone(), value };
        match default {
            Preset::Unset => Value::List(Vec::new()),
            Preset::Text(text) => Value::Text(text.to_owned()),
            Preset::Flag(flag) => Value::Flag(flag),
            Preset::Integer(number) => Value::Integer(Some(number)),
            Preset::Texts(texts) => Value::List(
                texts.iter().map(|text| node(Value::Text((*text).to_owned()))).collect(),
            ),
            Preset::Integers(numbers) => {
                Value::List(numbers.iter().map(|no| node(Value::Integer(Some(*no)))).collect())
            }
        }
    }
}
