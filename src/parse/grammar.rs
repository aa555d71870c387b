//! What may lie where: the kinds of documents, and which element proves that another was left open.

use super::names::Ns;
use super::node::Node;

/// What kind of document it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    /// RSS 0.9x and 2.0, with or without `rss`.
    Rss,
    /// RSS 0.90, 1.0 and 1.1: RDF.
    Rdf,
    /// Atom 0.3 and 1.0.
    Atom,
}

/// Returns a name without its prefix.
pub(super) fn local(name: &str) -> &str {
    name.rsplit_once(':').map_or(name, |(_, local)| local)
}

/// Tells whether a half item says at least which one it is: its whole self will come next time.
pub(super) fn is_identified(item: &Node) -> bool {
    ["guid", "id", "link"].iter().any(|name| {
        item.element(Ns::Core, name)
            .is_some_and(|node| node.text().is_some() || node.attribute("href").is_some())
    })
}

/// Tells whether an element with this name proves that `open` was forgotten to be closed.
pub(super) fn ends(dialect: Dialect, open: &Node, ns: Ns, name: &str) -> bool {
    let is_module =
        !matches!(ns, Ns::Core | Ns::Xhtml | Ns::Svg | Ns::MathMl | Ns::Rdf | Ns::Other | Ns::Atom);
    let open_name = &*open.name;
    let is_open_core = open.ns == Ns::Core;
    if dialect == Dialect::Atom {
        let certain = matches!(name, "id" | "updated" | "published" | "author");
        let likely =
            matches!(name, "title" | "link" | "category" | "summary" | "content" | "rights");
        let is_leaf = matches!(
            open_name,
            "title" | "id" | "updated" | "published" | "link" | "category" | "rights"
        );
        let is_text = matches!(open_name, "summary" | "content");
        return is_open_core
            && ns == Ns::Core
            && ((is_leaf && (certain || likely)) || (is_text && certain));
    }
    let certain = matches!(name, "guid" | "pubdate" | "enclosure" | "comments" | "category");
    let likely = matches!(name, "title" | "link" | "description" | "author" | "source");
    let is_leaf = open.ns == Ns::Dc
        || is_open_core
            && matches!(
                open_name,
                "title" | "link" | "guid" | "pubdate" | "author" | "category" | "comments"
            );
    let is_text = is_open_core && open_name == "description" || open.ns == Ns::Content;
    let is_field = ns == Ns::Core && (certain || likely) || is_module;
    (is_leaf && is_field) || (is_text && (ns == Ns::Core && certain || is_module))
}

/// Tells whether HTML knows the element to have no end tag: `<br>` in a description.
pub(super) fn is_void(node: &Node) -> bool {
    let is_html = matches!(node.ns, Ns::Core | Ns::Xhtml);
    is_html && matches!(&*node.name, "br" | "img" | "hr" | "input" | "wbr")
}
