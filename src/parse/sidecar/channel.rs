//! The feed's own words: title, links, authors, dates, and what it wishes.

use super::super::context::Context;
use super::super::flaws::Flaws;
use super::super::grammar::Dialect;
use super::super::names::Ns;
use super::super::node::Node;
use super::super::repair::Outline;
use super::super::text;
use super::{atom_link, link_of_attribute, people, rss_link, texts, url_text, wish};
use crate::model::raw::{RawFeed, RawLink, RawMeta, RawText, TextKind};

/// Reads what is said of the whole feed into `feed`.
pub(in super::super) fn channel(
    outline: &Outline,
    document: &Context,
    feed: &mut RawFeed,
    flaws: &mut Flaws,
) {
    let outer = document.enter(&outline.root);
    let channel = outline.root.element(Ns::Core, "channel").unwrap_or(&outline.root);
    let context = outer.enter(channel);
    feed.meta = meta(outline, channel, &context, flaws);
    feed.wish = wish::wish(channel);
}

fn meta(outline: &Outline, channel: &Node, context: &Context, flaws: &mut Flaws) -> RawMeta {
    let is_atom = outline.dialect == Dialect::Atom;
    let own: &[(Ns, &str)] = if is_atom {
        &[(Ns::Core, "author"), (Ns::Dc, "creator"), (Ns::Itunes, "author")]
    } else {
        &[
            (Ns::Core, "managingeditor"),
            (Ns::Core, "author"),
            (Ns::Atom, "author"),
            (Ns::Dc, "creator"),
            (Ns::Dc, "author"),
            (Ns::Itunes, "author"),
        ]
    };
    let id = [(Ns::Core, "id"), (Ns::Atom, "id")];
    let mut first = |names: &[(Ns, &str)]| first_text(channel, context, names, is_atom, flaws);
    RawMeta {
        id: texts(channel, &id).into_iter().next(),
        title: first(&[(Ns::Core, "title"), (Ns::Atom, "title"), (Ns::Dc, "title")]),
        subtitle: first(&[
            (Ns::Core, "subtitle"),
            (Ns::Core, "tagline"),
            (Ns::Core, "description"),
            (Ns::Atom, "subtitle"),
            (Ns::Dc, "description"),
            (Ns::Itunes, "subtitle"),
            (Ns::Itunes, "summary"),
        ]),
        rights: first(&[
            (Ns::Core, "rights"),
            (Ns::Core, "copyright"),
            (Ns::Dc, "rights"),
            (Ns::Media, "copyright"),
        ]),
        links: links(channel, context, is_atom),
        language: language(channel, context),
        authors: people::people(channel, context, own),
        icon: url_of(channel, context, &[(Ns::Core, "icon"), (Ns::Atom, "icon")]),
        logo: logo(outline, channel, context),
        updated: texts(
            channel,
            &[
                (Ns::Core, "updated"),
                (Ns::Atom, "updated"),
                (Ns::Core, "modified"),
                (Ns::Core, "lastbuilddate"),
                (Ns::Core, "pubdate"),
                (Ns::DcTerms, "modified"),
                (Ns::Dc, "date"),
            ],
        ),
        is_blocked: wish::is_blocked(channel),
        contributors: people::people(
            channel,
            context,
            &[(Ns::Core, "contributor"), (Ns::Atom, "contributor"), (Ns::Dc, "contributor")],
        ),
        categories: super::item::categories(channel),
    }
}

fn first_text(
    node: &Node,
    context: &Context,
    names: &[(Ns, &str)],
    is_atom: bool,
    flaws: &mut Flaws,
) -> Option<RawText> {
    names.iter().find_map(|(ns, name)| {
        node.elements().filter(|e| e.is(*ns, name)).find_map(|e| {
            if *ns == Ns::Atom || is_atom && *ns == Ns::Core {
                text::atom(e, context, flaws)
            } else {
                text::rss(e, context, TextKind::Unknown, flaws)
            }
        })
    })
}

fn links(channel: &Node, context: &Context, is_atom: bool) -> Vec<RawLink> {
    let links = channel.elements().filter_map(|node| match (node.ns, &*node.name) {
        (Ns::Core, "link") if is_atom => atom_link(node, context),
        (Ns::Core, "link") => rss_link(node, context),
        (Ns::Atom, "link") => atom_link(node, context),
        (Ns::Itunes, "new-feed-url") => Some(RawLink {
            rel: "new-feed-url".to_owned(),
            href: url_text(node, context)?,
            ..RawLink::default()
        }),
        _ => None,
    });
    let mut links: Vec<RawLink> = links.collect();
    if links.is_empty() && !is_atom {
        links.extend(link_of_attribute(channel, context));
    }
    links
}

/// The feed's language: what the document says of all, then what is in force.
fn language(channel: &Node, context: &Context) -> Option<String> {
    let said = texts(channel, &[(Ns::Core, "language"), (Ns::Dc, "language")]);
    said.into_iter().next().or_else(|| context.language().filter(|language| !language.is_empty()))
}

fn url_of(node: &Node, context: &Context, names: &[(Ns, &str)]) -> Option<String> {
    names.iter().find_map(|(ns, name)| url_text(node.element(*ns, name)?, context))
}

fn logo(outline: &Outline, channel: &Node, context: &Context) -> Option<String> {
    let image = |node: &Node| {
        let image = node.element(Ns::Core, "image")?;
        url_text(image.element(Ns::Core, "url")?, context)
    };
    url_of(channel, context, &[(Ns::Core, "logo"), (Ns::Atom, "logo")])
        .or_else(|| image(channel))
        .or_else(|| image(&outline.root))
        .or_else(|| {
            let image = channel.element(Ns::Itunes, "image")?;
            context.enter(image).resolve(image.attribute("href")?)
        })
}
