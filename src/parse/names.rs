//! Namespaces, by URI, with the spellings publishers really use (standards P77).

use std::borrow::Cow;

/// A namespace this reader knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Ns {
    /// The document's own: RSS of any version in an RSS document, Atom of any version in an Atom
    /// one.
    Core,
    /// Atom within RSS.
    Atom,
    Xhtml,
    Xml,
    Rdf,
    Dc,
    DcTerms,
    Content,
    Media,
    Itunes,
    Podcast,
    Threading,
    Slash,
    Syndication,
    /// Creative Commons, in its RDF and RSS forms.
    Cc,
    CreativeCommons,
    Feedburner,
    Wfw,
    /// RFC 5005.
    History,
    Geo,
    GeoRss,
    Svg,
    MathMl,
    #[default]
    Other,
}

/// What a namespace URI stands for, before the kind of document is considered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    /// Any version of RSS, and none.
    Rss,
    /// RFC 4287.
    Atom,
    /// Drafts of Atom, `http` for `https` and the like.
    OldAtom,
    /// Everything else.
    Module(Ns),
}

/// The usual prefix first: it is the one `Element::prefix` carries.
const MODULES: &[(&str, Ns, &str)] = &[
    ("xml", Ns::Xml, "www.w3.org/xml/1998/namespace"),
    ("xhtml", Ns::Xhtml, "www.w3.org/1999/xhtml"),
    ("rdf", Ns::Rdf, "www.w3.org/1999/02/22-rdf-syntax-ns"),
    ("dc", Ns::Dc, "purl.org/dc/elements/1.1"),
    ("dc", Ns::Dc, "purl.org/dc/elements/1.0"),
    ("dcterms", Ns::DcTerms, "purl.org/dc/terms"),
    ("content", Ns::Content, "purl.org/rss/1.0/modules/content"),
    ("media", Ns::Media, "search.yahoo.com/mrss"),
    ("media", Ns::Media, "video.search.yahoo.com/mrss"),
    ("media", Ns::Media, "www.rssboard.org/media-rss"),
    ("itunes", Ns::Itunes, "www.itunes.com/dtds/podcast-1.0.dtd"),
    ("itunes", Ns::Itunes, "www.itunes.com/dtds/podcast-1.0"),
    ("podcast", Ns::Podcast, "podcastindex.org/namespace/1.0"),
    ("podcast", Ns::Podcast, "github.com/podcastindex-org/podcast-namespace/blob/main/docs/1.0.md"),
    ("thr", Ns::Threading, "purl.org/syndication/thread/1.0"),
    ("slash", Ns::Slash, "purl.org/rss/1.0/modules/slash"),
    ("sy", Ns::Syndication, "purl.org/rss/1.0/modules/syndication"),
    ("cc", Ns::Cc, "web.resource.org/cc"),
    ("cc", Ns::Cc, "creativecommons.org/ns"),
    ("creativeCommons", Ns::CreativeCommons, "backend.userland.com/creativecommonsrssmodule"),
    (
        "creativeCommons",
        Ns::CreativeCommons,
        "cyber.law.harvard.edu/rss/creativecommonsrssmodule.html",
    ),
    ("feedburner", Ns::Feedburner, "rssnamespace.org/feedburner/ext/1.0"),
    ("wfw", Ns::Wfw, "wellformedweb.org/commentapi"),
    ("fh", Ns::History, "purl.org/syndication/history/1.0"),
    ("geo", Ns::Geo, "www.w3.org/2003/01/geo/wgs84_pos"),
    ("georss", Ns::GeoRss, "www.georss.org/georss"),
    ("svg", Ns::Svg, "www.w3.org/2000/svg"),
    ("math", Ns::MathMl, "www.w3.org/1998/math/mathml"),
];

const RSS: &[&str] = &[
    "",
    "backend.userland.com/rss",
    "backend.userland.com/rss2",
    "blogs.law.harvard.edu/tech/rss",
    "cyber.law.harvard.edu/rss/rss.html",
    "www.rssboard.org/rss-specification",
    "purl.org/net/rss1.1",
    "purl.org/rss/1.0",
    "my.netscape.com/rdf/simple/0.9",
    "my.netscape.com/publish/formats/rss-0.91.dtd",
    "channel.netscape.com/rdf/simple/0.9",
    "my.netscape.com/rdf/simple/0.92",
];

/// Finds what a namespace URI stands for; `is_exact` is false when it had to be read with good
/// will.
pub(super) fn family(uri: &str) -> Option<(Family, bool)> {
    let lower = uri.trim().to_ascii_lowercase();
    let bare = lower.split_once("://").map_or(lower.as_str(), |(_, bare)| bare);
    let bare = bare.trim_end_matches(['/', '#']);
    if RSS.contains(&bare) || bare.starts_with("backend.userland.com/rss") {
        return Some((Family::Rss, true));
    }
    match bare {
        "www.w3.org/2005/atom" => {
            let is_exact = uri == "http://www.w3.org/2005/Atom";
            return Some((if is_exact { Family::Atom } else { Family::OldAtom }, is_exact));
        }
        "purl.org/atom/ns" | "purl.org/atom" => return Some((Family::OldAtom, true)),
        _ if bare.starts_with("purl.org/atom/ns") => return Some((Family::OldAtom, true)),
        _ => {}
    }
    let (_, ns, known) = MODULES.iter().find(|(_, _, known)| *known == bare)?;
    let rest = uri.strip_prefix("http://").or_else(|| uri.strip_prefix("https://"));
    let is_exact = rest.is_some_and(|rest| rest.to_ascii_lowercase().starts_with(known));
    // The one namespace whose last slash is forgotten as often as not (validator:
    // MediaRssNamespace).
    let is_exact = is_exact && (*ns != Ns::Media || uri.ends_with('/'));
    Some((Family::Module(*ns), is_exact))
}

/// Returns the namespace usually meant by an undeclared prefix.
pub(super) fn by_prefix(prefix: &str) -> Option<Ns> {
    let known = MODULES.iter().find(|(known, ..)| known.eq_ignore_ascii_case(prefix));
    match (known, prefix) {
        (Some((_, ns, _)), _) => Some(*ns),
        (None, "atom" | "atom10" | "a10") => Some(Ns::Atom),
        (None, "mrss") => Some(Ns::Media),
        (None, "xh" | "html") => Some(Ns::Xhtml),
        (None, _) => None,
    }
}

/// Returns the usual prefix and the URI of a module.
pub(super) fn prefix(ns: Ns) -> Option<&'static str> {
    match ns {
        Ns::Core | Ns::Other => None,
        Ns::Atom => Some("atom"),
        _ => MODULES.iter().find(|(_, known, _)| *known == ns).map(|(prefix, ..)| *prefix),
    }
}

/// Returns a name in lower case.
pub(super) fn lower(name: &str) -> Cow<'_, str> {
    if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(name.to_ascii_lowercase())
    } else {
        Cow::Borrowed(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn misspelt_namespaces_are_the_right_ones() {
        let cases = [
            ("http://search.yahoo.com/mrss", Family::Module(Ns::Media)),
            ("http://search.yahoo.com/mrss/", Family::Module(Ns::Media)),
            ("https://purl.org/dc/elements/1.1/", Family::Module(Ns::Dc)),
            ("http://www.itunes.com/DTDs/Podcast-1.0.dtd", Family::Module(Ns::Itunes)),
            ("http://backend.userland.com/rss2", Family::Rss),
            ("http://my.netscape.com/rdf/simple/0.9/", Family::Rss),
            ("http://purl.org/rss/1.0/", Family::Rss),
            ("http://www.w3.org/2005/Atom", Family::Atom),
            ("https://www.w3.org/2005/Atom/", Family::OldAtom),
            ("http://purl.org/atom/ns#", Family::OldAtom),
        ];
        for (uri, expected) in cases {
            assert_eq!(family(uri).map(|found| found.0), Some(expected), "{uri}");
        }
        assert_eq!(family("http://example.com/ns"), None);
        assert_eq!(by_prefix("DC"), Some(Ns::Dc));
        assert_eq!(prefix(Ns::Threading), Some("thr"));
    }
}
