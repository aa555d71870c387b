//! Writes markup anew: allowed elements only, properly nested, URLs absolute, within bounds.
//!
//! What comes out nests so that the tree construction rules of the HTML Standard (§13.2.6) have
//! nothing to mend: no unclosed or stray tags, no block in a paragraph, no content in a table
//! outside a cell. So the parser behind it never re-opens formatting elements nor moves content,
//! which is where html5ever's cost grows with the square of the depth (html5ever#788) and where
//! markup that is safe when read once turns out otherwise when read twice (R121, R122).

use std::borrow::Cow;

use url::Url;

use super::Bounds;
use super::attributes;
use super::policy::{Group, Rule, rule_of};
use super::token::{Place, Token, decode_into};
use super::visible::Visible;
use crate::normalize::text;

/// Returns `html` rewritten.
pub(super) fn rewrite(html: &str, base: Option<&Url>, bounds: Bounds) -> String {
    let mut writer = Writer::new(html.len(), bounds);
    for token in Visible::new(html) {
        match token {
            Token::Text(raw) => decode_into(raw, Place::Text, &mut writer.pending),
            Token::Start(name, raw) => {
                if let Some(rule) = rule_of(&name)
                    && let Some(attributes) = attributes::rewrite(rule, raw, base)
                {
                    writer.start(rule, &attributes);
                }
            }
            Token::End(name) if name == "br" => {
                // "</br>" is a line break (§13.2.6.4.7).
                rule_of("br").into_iter().for_each(|rule| writer.start(rule, ""));
            }
            Token::End(name) => {
                if let Some(rule) = rule_of(&name) {
                    writer.end(rule);
                }
            }
        }
        if writer.is_full {
            break;
        }
    }
    writer.finish()
}

struct Writer {
    out: String,
    /// Decoded text that is not written yet, so that it can be composed (NFC) as a whole.
    pending: String,
    /// Open elements.
    stack: Vec<&'static Rule>,
    /// Bytes needed to close them.
    closers_bytes: usize,
    bounds: Bounds,
    /// The bound is reached: nothing more is written but end tags.
    is_full: bool,
    /// A `pre` was opened just before: newlines that follow would be lost when read again.
    is_after_pre: bool,
}

impl Writer {
    fn new(bytes: usize, bounds: Bounds) -> Self {
        Self {
            out: String::with_capacity(bytes.min(bounds.bytes_max)),
            pending: String::new(),
            stack: Vec::new(),
            closers_bytes: 0,
            bounds,
            is_full: false,
            is_after_pre: false,
        }
    }

    fn finish(mut self) -> String {
        self.flush();
        self.close_to(0);
        self.out
    }

    fn start(&mut self, rule: &'static Rule, attributes: &str) {
        let is_void = matches!(rule.group, Group::Void | Group::Rule | Group::Column);
        if !is_void && self.stack.len() >= self.bounds.depth_max {
            return;
        }
        if is_table_only(rule.group)
            && self.find(|it| it.group == Group::Table, |_| false).is_none()
        {
            return;
        }
        // Only now: text on both sides of a dropped tag is one text, and composed (NFC) as one.
        self.flush();
        if self.make_room(rule) && !self.is_full {
            self.open(rule, attributes);
        }
    }

    /// Closes and opens what must be so before `rule` can stand; false: it cannot stand here.
    fn make_room(&mut self, rule: &'static Rule) -> bool {
        match rule.group {
            Group::Rows | Group::Caption | Group::Columns => return self.make_room_in_table(&[]),
            Group::Column => {
                let is_in_table = self.make_room_in_table(&[Group::Columns]);
                return is_in_table
                    && self.imply_until(Group::Columns, &[(Group::Table, "colgroup")]);
            }
            Group::Row => {
                let is_in_table = self.make_room_in_table(&[Group::Rows]);
                return is_in_table && self.imply_until(Group::Rows, &[(Group::Table, "tbody")]);
            }
            Group::Cell => {
                let is_in_table = self.make_room_in_table(&[Group::Rows, Group::Row]);
                return is_in_table && self.imply_until(Group::Row, &ROW_PATH);
            }
            Group::Formatting
            | Group::Inline
            | Group::Void
            | Group::Rule
            | Group::Ruby
            | Group::Block
            | Group::List
            | Group::Paragraph
            | Group::Heading
            | Group::Item
            | Group::Term
            | Group::Table => self.enter_cell(),
        }
        self.close_for(rule);
        true
    }

    /// Closes what `rule` ends by beginning (the start tags of §13.2.6.4.7).
    fn close_for(&mut self, rule: &'static Rule) {
        match rule.group {
            Group::Formatting if rule.name == "a" => {
                let open = self.find(|it| it.name == "a", is_cell_border);
                open.into_iter().for_each(|at| self.close_to(at));
            }
            Group::Ruby if self.find(|it| it.name == "ruby", is_cell_border).is_some() => {
                while self.top().is_some_and(is_implied) {
                    self.close_to(self.stack.len() - 1);
                }
            }
            Group::Heading => {
                self.close_paragraph();
                if self.top().is_some_and(|top| top.group == Group::Heading) {
                    self.close_to(self.stack.len() - 1);
                }
            }
            Group::Item | Group::Term => {
                let group = rule.group;
                let open = self.find(|it| it.group == group, is_item_border);
                open.into_iter().for_each(|at| self.close_to(at));
                self.close_paragraph();
            }
            Group::Block | Group::List | Group::Paragraph | Group::Table | Group::Rule => {
                self.close_paragraph();
            }
            _ => {}
        }
    }

    fn end(&mut self, rule: &'static Rule) {
        let named = |it: &Rule| it.name == rule.name;
        let found = match rule.group {
            Group::Void | Group::Rule | Group::Column => None,
            Group::Inline | Group::Ruby => self.find(named, |it| {
                !matches!(it.group, Group::Inline | Group::Formatting | Group::Ruby)
            }),
            Group::Item => self.find(named, |it| it.group == Group::List || is_cell_border(it)),
            Group::Heading => self.find(|it| it.group == Group::Heading, is_cell_border),
            Group::Formatting | Group::Block | Group::List | Group::Paragraph | Group::Term => {
                self.find(named, is_cell_border)
            }
            Group::Table => self.find(named, |_| false),
            Group::Caption | Group::Columns | Group::Rows | Group::Row | Group::Cell => {
                self.find(named, |it| it.group == Group::Table)
            }
        };
        if let Some(at) = found {
            self.flush();
            self.close_to(at);
        }
    }

    fn top(&self) -> Option<&'static Rule> {
        self.stack.last().copied()
    }

    /// Returns the index of the innermost open element that is `wanted` and not behind a `border`.
    fn find(
        &self,
        wanted: impl Fn(&Rule) -> bool,
        border: impl Fn(&Rule) -> bool,
    ) -> Option<usize> {
        for (at, open) in self.stack.iter().enumerate().rev() {
            if wanted(open) {
                return Some(at);
            }
            if border(open) {
                return None;
            }
        }
        None
    }

    fn close_paragraph(&mut self) {
        let open = self.find(|it| it.group == Group::Paragraph, is_cell_border);
        open.into_iter().for_each(|at| self.close_to(at));
    }

    /// Closes down to the innermost table, or to one of `kept` within it; false: there is no table.
    fn make_room_in_table(&mut self, kept: &[Group]) -> bool {
        let keeps = |it: &Rule| it.group == Group::Table || kept.contains(&it.group);
        let found = self.find(keeps, |it| it.group == Group::Table);
        found.into_iter().for_each(|at| self.close_to(at + 1));
        found.is_some()
    }

    /// Content in a table stands in a cell: browsers would move it before the table instead, and
    /// read the result differently the next time.
    fn enter_cell(&mut self) {
        if self.top().is_some_and(|top| top.group == Group::Columns) {
            self.close_to(self.stack.len() - 1);
        }
        self.imply_until(Group::Cell, &CELL_PATH);
    }

    /// Opens elements along `path` while one of them is due, up to `goal`.
    fn imply_until(&mut self, goal: Group, path: &[(Group, &str)]) -> bool {
        while let Some(top) = self.top().filter(|top| top.group != goal) {
            let step = path.iter().find(|(group, _)| *group == top.group);
            let Some(rule) = step.and_then(|(_, name)| rule_of(name)) else {
                break;
            };
            if !self.open(rule, "") {
                return false;
            }
        }
        true
    }

    /// Writes a start tag if it and its end tag fit.
    fn open(&mut self, rule: &'static Rule, attributes: &str) -> bool {
        let is_void = matches!(rule.group, Group::Void | Group::Rule | Group::Column);
        let closer_bytes = if is_void { 0 } else { rule.name.len() + 3 };
        let bytes = rule.name.len() + 2 + attributes.len() + closer_bytes;
        if self.is_full || self.out.len() + self.closers_bytes + bytes > self.bounds.bytes_max {
            self.is_full = true;
            return false;
        }
        self.out.push('<');
        self.out.push_str(rule.name);
        self.out.push_str(attributes);
        self.out.push('>');
        self.is_after_pre = rule.name == "pre";
        if !is_void {
            self.stack.push(rule);
            self.closers_bytes += closer_bytes;
        }
        true
    }

    fn close_to(&mut self, length: usize) {
        while self.stack.len() > length
            && let Some(rule) = self.stack.pop()
        {
            self.closers_bytes -= rule.name.len() + 3;
            self.out.push_str("</");
            self.out.push_str(rule.name);
            self.out.push('>');
            self.is_after_pre = false;
        }
    }

    /// Writes the pending text.
    fn flush(&mut self) {
        if self.pending.is_empty() {
            return;
        }
        let pending = std::mem::take(&mut self.pending);
        let composed = compose(&pending);
        let shown = if self.is_after_pre { composed.trim_start_matches('\n') } else { &composed };
        let is_in_table = self.top().is_some_and(|top| is_table_part(top.group));
        if is_in_table && !shown.bytes().all(|byte| byte.is_ascii_whitespace()) {
            self.enter_cell();
        }
        if shown.is_empty() || self.is_full {
            return;
        }
        self.is_after_pre = false;
        let room = self.bounds.bytes_max.saturating_sub(self.out.len() + self.closers_bytes);
        self.is_full = !text::push_escaped(&mut self.out, shown, room);
    }
}

/// The way from a table to a row, for a cell that comes without.
const ROW_PATH: [(Group, &str); 2] = [(Group::Table, "tbody"), (Group::Rows, "tr")];

/// The way from a table to a cell, for content that comes without.
const CELL_PATH: [(Group, &str); 3] =
    [(Group::Table, "tbody"), (Group::Rows, "tr"), (Group::Row, "td")];

/// Cleans decoded text: line ends as LF, no characters that XML forbids, NFC.
fn compose(decoded: &str) -> Cow<'_, str> {
    if decoded.contains('\r') {
        let unified = decoded.replace("\r\n", "\n").replace('\r', "\n");
        return Cow::Owned(text::composed(&unified).into_owned());
    }
    text::composed(decoded)
}

/// No scope reaches beyond these (§13.2.4.2).
fn is_cell_border(rule: &Rule) -> bool {
    matches!(rule.group, Group::Cell | Group::Caption | Group::Table)
}

/// What stops the search for an open `li`, `dd` or `dt`: special elements but `address`, `div`,
/// `p`.
fn is_item_border(rule: &Rule) -> bool {
    let is_special = !matches!(rule.group, Group::Inline | Group::Formatting | Group::Ruby);
    is_special && !matches!(rule.name, "address" | "div" | "p")
}

/// Elements that `rt` and `rp` close silently (§13.2.6.3).
fn is_implied(rule: &Rule) -> bool {
    matches!(rule.group, Group::Term | Group::Item | Group::Paragraph | Group::Ruby)
}

/// Elements that stand in a table or not at all.
fn is_table_only(group: Group) -> bool {
    matches!(
        group,
        Group::Caption | Group::Columns | Group::Column | Group::Rows | Group::Row | Group::Cell
    )
}

fn is_table_part(group: Group) -> bool {
    matches!(group, Group::Table | Group::Rows | Group::Row | Group::Columns)
}
