//! An entry's text as a page shows it: links marked as not ours (R124), headings below the page's
//! own, pictures and recordings of third parties kept or turned into links (R117).
//!
//! The input is safe HTML as we hold it; nothing is made safe here. Every tag is written anew with
//! its attributes quoted and escaped, and what does not read as a tag is escaped, so that odd input
//! cannot become more than it was.

use super::words::Words;

/// Marks of a link that leads out of the site.
const OUTWARD: &str = "noopener noreferrer nofollow ugc";

/// A start or end tag.
struct Tag<'a> {
    name: String,
    is_end: bool,
    attributes: Vec<(&'a str, &'a str)>,
}

/// What the walk has to remember.
struct Walk<'w> {
    out: String,
    words: &'w Words,
    has_images: bool,
    /// Open `a`: no link may stand in it.
    links: usize,
    /// Open `audio` or `video` that has become a link.
    media: usize,
}

/// Returns the text for a page.
pub(super) fn for_page(html: &str, has_images: bool, words: &Words) -> String {
    let out = String::with_capacity(html.len() + html.len() / 4);
    let mut walk = Walk { out, words, has_images, links: 0, media: 0 };
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        let (text, tail) = rest.split_at(at);
        walk.out.push_str(text);
        rest = match read_tag(tail) {
            Some((tag, after)) => {
                walk.tag(&tag);
                after
            }
            None => {
                walk.out.push_str("&lt;");
                tail.get(1..).unwrap_or_default()
            }
        };
    }
    walk.out.push_str(rest);
    walk.out
}

impl Walk<'_> {
    fn tag(&mut self, tag: &Tag<'_>) {
        match tag.name.as_str() {
            "a" => self.link(tag),
            "img" if self.has_images => self.picture(tag),
            "img" => self.instead(tag, "alt", self.words.picture),
            "video" | "audio" if self.has_images => self.recording(tag),
            "video" | "audio" => self.no_recording(tag),
            "source" | "track" | "picture" if !self.has_images => self.no_source(tag),
            "h1" | "h2" | "h3" | "h4" | "h5" => self.heading(tag),
            name => self.write(tag, name, &tag.attributes, &[]),
        }
    }

    fn link(&mut self, tag: &Tag<'_>) {
        self.links = if tag.is_end { self.links.saturating_sub(1) } else { self.links + 1 };
        self.write(tag, "a", &without(tag, &["rel", "target"]), &[("rel", OUTWARD)]);
    }

    fn picture(&mut self, tag: &Tag<'_>) {
        let own = [("loading", "lazy"), ("referrerpolicy", "no-referrer")];
        self.write(tag, "img", &without(tag, &["loading", "referrerpolicy"]), &own);
    }

    fn recording(&mut self, tag: &Tag<'_>) {
        let kept = without(tag, &["autoplay", "preload", "controls"]);
        self.write(tag, &tag.name, &kept, &[("controls", ""), ("preload", "none")]);
    }

    fn no_recording(&mut self, tag: &Tag<'_>) {
        if tag.is_end {
            self.media = self.media.saturating_sub(1);
            return;
        }
        self.media += 1;
        self.instead(tag, "title", self.words.recording);
    }

    fn no_source(&mut self, tag: &Tag<'_>) {
        if tag.name == "source" && self.media > 0 {
            self.instead(tag, "title", self.words.recording);
        }
    }

    /// Puts a link in the place of something that would be loaded; within a link, its name only.
    fn instead(&mut self, tag: &Tag<'_>, name_in: &str, kind: &str) {
        let Some(src) = value(tag, "src").filter(|src| is_web(src)) else { return };
        let name = value(tag, name_in).filter(|name| !name.trim().is_empty());
        let label =
            name.map_or_else(|| kind.to_owned(), |name| format!("{kind}: {}", requoted(name)));
        if self.links > 0 {
            self.out.push_str(&format!("[{label}]"));
        } else {
            let href = requoted(src);
            self.out.push_str(&format!("<a href=\"{href}\" rel=\"{OUTWARD}\">[{label}]</a> "));
        }
    }

    /// The page has its own `h1`: headings of a text go down one.
    fn heading(&mut self, tag: &Tag<'_>) {
        let lower = match tag.name.as_str() {
            "h1" => "h2",
            "h2" => "h3",
            "h3" => "h4",
            "h4" => "h5",
            _ => "h6",
        };
        self.write(tag, lower, &tag.attributes, &[]);
    }

    fn write(&mut self, tag: &Tag<'_>, name: &str, kept: &[(&str, &str)], own: &[(&str, &str)]) {
        self.out.push('<');
        if tag.is_end {
            self.out.push_str(&format!("/{name}>"));
            return;
        }
        self.out.push_str(name);
        for (key, value) in kept.iter().chain(own) {
            self.out.push_str(&format!(" {key}=\"{}\"", requoted(value)));
        }
        self.out.push('>');
    }
}

fn without<'a>(tag: &Tag<'a>, names: &[&str]) -> Vec<(&'a str, &'a str)> {
    let kept = tag
        .attributes
        .iter()
        .filter(|(name, _)| !names.iter().any(|dropped| name.eq_ignore_ascii_case(dropped)));
    kept.copied().collect()
}

fn value<'a>(tag: &Tag<'a>, name: &str) -> Option<&'a str> {
    tag.attributes.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| *value)
}

fn is_web(src: &str) -> bool {
    src.starts_with("https://") || src.starts_with("http://")
}

/// An attribute's value is escaped already; only what could end it is escaped here.
fn requoted(value: &str) -> String {
    if value.contains(['"', '<', '>']) {
        return value.replace('"', "&quot;").replace('<', "&lt;").replace('>', "&gt;");
    }
    value.to_owned()
}

/// Reads the tag that `text` begins with; `None` when it does not read as one.
fn read_tag(text: &str) -> Option<(Tag<'_>, &str)> {
    let inner = text.strip_prefix('<')?;
    let (is_end, inner) = inner.strip_prefix('/').map_or((false, inner), |inner| (true, inner));
    let end = inner.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(inner.len());
    let (name, mut rest) = inner.split_at_checked(end)?;
    if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return None;
    }
    let mut attributes = Vec::new();
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/');
        if let Some(after) = rest.strip_prefix('>') {
            return Some((Tag { name: name.to_ascii_lowercase(), is_end, attributes }, after));
        }
        let (attribute, after) = read_attribute(rest)?;
        attributes.push(attribute);
        rest = after;
    }
}

fn read_attribute(text: &str) -> Option<((&str, &str), &str)> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | ':');
    let end = text.find(|c: char| !is_name(c)).filter(|end| *end > 0)?;
    let (name, rest) = text.split_at_checked(end)?;
    let Some(rest) = rest.strip_prefix('=') else { return Some(((name, ""), rest)) };
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let (value, after) = rest.strip_prefix(quote)?.split_once(quote)?;
    Some(((name, value), after))
}

#[cfg(test)]
mod tests {
    use super::super::words::words;
    use super::*;

    fn page(html: &str, has_images: bool) -> String {
        for_page(html, has_images, words("en"))
    }

    #[test]
    fn links_carry_the_marks_of_r124() {
        assert_eq!(
            page(
                "<p>a <a href=\"https://x/?a=1&amp;b=2\" rel=\"me\" target=\"_top\">b</a></p>",
                true
            ),
            "<p>a <a href=\"https://x/?a=1&amp;b=2\" \
             rel=\"noopener noreferrer nofollow ugc\">b</a></p>"
        );
    }

    #[test]
    fn pictures_load_lazily_and_tell_no_referrer() {
        assert_eq!(
            page("<img src=\"https://x/a.png\" alt=\"A\">", true),
            "<img src=\"https://x/a.png\" alt=\"A\" loading=\"lazy\" \
             referrerpolicy=\"no-referrer\">"
        );
    }

    #[test]
    fn without_pictures_nothing_is_loaded_and_links_stand_in() {
        let link = |href: &str, label: &str| {
            format!("<a href=\"{href}\" rel=\"noopener noreferrer nofollow ugc\">[{label}]</a> ")
        };
        let cases = [
            (
                "img",
                "<img src=\"https://x/a.png\" srcset=\"https://x/b.png 2x\" alt=\"A&quot;B\">",
                link("https://x/a.png", "Picture: A&quot;B"),
            ),
            ("no alt", "<img src=\"https://x/a.png\">", link("https://x/a.png", "Picture")),
            ("data", "<img src=\"data:image/png;base64,AA\" alt=\"x\">", String::new()),
            (
                "in a link",
                "<a href=\"https://x/\"><img src=\"https://x/a.png\" alt=\"A\"></a>",
                "<a href=\"https://x/\" rel=\"noopener noreferrer nofollow ugc\">[Picture: A]</a>"
                    .to_owned(),
            ),
            (
                "picture",
                "<picture><source srcset=\"https://x/w\"><img src=\"https://x/p\"></picture>",
                link("https://x/p", "Picture"),
            ),
            (
                "video",
                "<video src=\"https://x/v.mp4\" poster=\"https://x/p.png\">no</video>",
                format!("{}no", link("https://x/v.mp4", "Recording")),
            ),
            (
                "audio",
                "<audio controls=\"\"><source src=\"https://x/a.mp3\" type=\"audio/mpeg\"></audio>",
                link("https://x/a.mp3", "Recording"),
            ),
        ];
        for (name, html, expected) in cases {
            assert_eq!(page(html, false), expected, "{name}");
        }
    }

    #[test]
    fn headings_stand_below_that_of_the_page() {
        assert_eq!(
            page("<h1>a</h1><h2 dir=\"rtl\">b</h2><h6>c</h6>", true),
            "<h2>a</h2><h3 dir=\"rtl\">b</h3><h6>c</h6>"
        );
    }

    #[test]
    fn what_is_no_tag_becomes_text() {
        for (html, expected) in [
            ("a < b", "a &lt; b"),
            ("<3", "&lt;3"),
            ("<a href=x>y", "&lt;a href=x>y"),
            ("<!-- x -->", "&lt;!-- x -->"),
            ("<p", "&lt;p"),
            ("<p title=\"x", "&lt;p title=\"x"),
            ("<b title='a\"b'>", "<b title=\"a&quot;b\">"),
        ] {
            assert_eq!(page(html, true), expected, "{html}");
        }
    }
}
