//! The sanitiser from outside: hostile markup, stability, cost (standards R118–R126).
#![expect(
    clippy::unwrap_used,
    clippy::too_many_lines,
    reason = "a broken fixture must stop the suite; tables are long"
)]

use std::sync::LazyLock;

use feedmill::normalize::html::{Bounds, excerpt, has_markup, is_markup, plain, sanitize};
use proptest::prelude::*;
use url::Url;

fn base() -> Url {
    Url::parse("https://b.example/dir/feed.xml").unwrap()
}

fn clean(html: &str) -> String {
    sanitize(html, Some(&base()), Bounds::default())
}

/// Everything the output may hold, and what it must not.
const TAGS: &str = "\
     a abbr acronym address article aside audio b bdi bdo big blockquote br caption center cite \
     code col colgroup data dd del details dfn div dl dt em figcaption figure footer h1 h2 h3 \
     h4 h5 h6 header hgroup hr i img ins kbd li main mark nav ol p picture pre q rp rt ruby s \
     samp section small source span strike strong sub summary sup table tbody td tfoot th thead \
     time tr track tt u ul var video wbr script style svg math iframe form input object embed \
     meta link base template";

/// Parses as a browser would and writes the tree, letting everything through: what is read must be
/// what was written.
fn reparse(html: &str) -> String {
    static OPEN: LazyLock<ammonia::Builder<'static>> = LazyLock::new(|| {
        let letters = "a b c d e f g h i j k l m n o p q r s t u v w x y z";
        let mut builder = ammonia::Builder::empty();
        builder
            .tags(TAGS.split_whitespace().collect())
            .clean_content_tags(std::collections::HashSet::new())
            .generic_attribute_prefixes(letters.split_whitespace().collect())
            .url_schemes("http https mailto tel magnet javascript data".split(' ').collect())
            .link_rel(None);
        builder
    });
    OPEN.clean(html).to_string()
}

/// Nothing in `html` runs, loads a document, or posts.
fn assert_safe(name: &str, html: &str) {
    let lower = html.to_ascii_lowercase();
    for tag in [
        "script", "style", "iframe", "frame", "object", "embed", "applet", "form", "input", "meta",
        "base", "link", "svg", "math", "template", "noscript", "textarea", "title", "button",
        "select",
    ] {
        assert!(!lower.contains(&format!("<{tag}")), "{name}: <{tag}> in {html}");
    }
    for tag in lower.split('<').skip(1) {
        let tag = tag.split('>').next().unwrap();
        for bad in [
            "javascript:",
            "vbscript:",
            "data:",
            "file:",
            "blob:",
            " on",
            " style=",
            " id=",
            " name=",
            " class=",
            "srcdoc",
            "formaction",
            "xlink",
        ] {
            // Values are quoted and escaped, so a name only follows a space outside of them.
            let outside: String = tag.split('"').step_by(2).collect();
            let place = if bad.ends_with(':') { tag } else { outside.as_str() };
            assert!(!place.contains(bad), "{name}: {bad} in {html}");
        }
    }
    assert_eq!(reparse(html), html, "{name}: read back differently");
    assert_eq!(clean(html), html, "{name}: not idempotent");
}

#[test]
fn hostile_markup_comes_out_harmless() {
    let vectors = [
        ("script", "<script>alert(1)</script>"),
        ("script in mixed case", "<ScRiPt>alert(1)</sCrIpT>"),
        ("script with a slash", "<script/x>alert(1)</script/x>"),
        ("script never closed", "a<script>alert(1)"),
        ("nested to reassemble", "<scr<script>ipt>alert(1)</scr</script>ipt>"),
        ("script with a null", "<scr\0ipt>alert(1)</scr\0ipt>"),
        ("script end in a string", "<script>'</script><img src=x onerror=alert(1)>'"),
        ("handler", "<img src=x onerror=alert(1)>"),
        ("handler without spaces", "<img/src=x/onerror=alert(1)>"),
        ("handler quoted", "<img src=\"x\"onerror=\"alert(1)\">"),
        ("handler in capitals", "<p ONCLICK=alert(1)>x</p>"),
        ("handler on details", "<details open ontoggle=alert(1)>x</details>"),
        ("handler on video", "<video><source onerror=alert(1)></video>"),
        ("handler after a form feed", "<p\x0conclick=alert(1)>x"),
        ("javascript", "<a href=javascript:alert(1)>x</a>"),
        ("javascript in capitals", "<a href=JaVaScRiPt:alert(1)>x</a>"),
        ("javascript with a tab", "<a href='java\tscript:alert(1)'>x</a>"),
        ("javascript with a newline", "<a href='java\nscript:alert(1)'>x</a>"),
        ("javascript by references", "<a href='&#106;&#97;vascript&colon;alert(1)'>x</a>"),
        ("javascript with a tab by name", "<a href='java&Tab;script:alert(1)'>x</a>"),
        ("javascript behind control characters", "<a href='\x01\x02javascript:alert(1)'>x</a>"),
        ("javascript behind a space", "<a href=' javascript:alert(1)'>x</a>"),
        ("javascript with a null", "<a href='java\0script:alert(1)'>x</a>"),
        ("references without semicolons", "<a href=&#0000106&#0000097vascript:alert(1)>x</a>"),
        ("vbscript", "<a href=vbscript:msgbox(1)>x</a>"),
        ("data", "<a href=data:text/html,<script>alert(1)</script>>x</a>"),
        ("data picture", "<img src=data:image/svg+xml;base64,PHN2Zz4=>"),
        ("blob and file", "<a href=blob:https://x/1>x</a><a href=file:///etc/passwd>y</a>"),
        ("srcset", "<img srcset='javascript:alert(1) 1x, x.png 2x'>"),
        ("srcset with data", "<img src=x.png srcset='data:image/png;base64,AAAA 1x'>"),
        ("poster", "<video poster=javascript:alert(1)></video>"),
        ("cite", "<blockquote cite=javascript:alert(1)>x</blockquote>"),
        ("longdesc", "<img src=x.png longdesc=javascript:alert(1)>"),
        ("background", "<table background=javascript:alert(1)><tr><td>x</table>"),
        (
            "lowsrc and dynsrc",
            "<img src=x.png lowsrc=javascript:alert(1) dynsrc=javascript:alert(1)>",
        ),
        ("late picture", "<img data-src=javascript:alert(1)>"),
        ("style attribute", "<p style='background:url(javascript:alert(1))'>x</p>"),
        ("style element", "<style>@import 'http://evil.example/x.css';</style>x"),
        ("style never closed", "x<style>body{display:none}"),
        ("form", "<form action=javascript:alert(1)><input type=submit></form>"),
        ("formaction", "<button formaction=javascript:alert(1)>x</button>"),
        ("isindex", "<isindex action=javascript:alert(1) type=image>"),
        ("iframe", "<iframe src=javascript:alert(1)></iframe>x"),
        ("srcdoc", "<iframe srcdoc='<script>alert(1)</script>'></iframe>"),
        ("frameset", "<frameset><frame src=javascript:alert(1)></frameset>"),
        ("object and embed", "<object data=x.swf><embed src=x.swf>text</object>"),
        ("applet", "<applet code=x>text</applet>"),
        ("meta refresh", "<meta http-equiv=refresh content='0;url=javascript:alert(1)'>"),
        ("base", "<base href=javascript:alert(1)//><a href=x>x</a>"),
        ("link", "<link rel=stylesheet href=http://evil.example/x.css>"),
        ("svg", "<svg onload=alert(1)><script>alert(1)</script></svg>x"),
        ("svg closing itself", "<svg/onload=alert(1)/>x"),
        (
            "svg animation",
            "<svg><a><animate attributeName=href values=javascript:alert(1) /><text>x</a>",
        ),
        ("svg with style", "<svg><style><img src=x onerror=alert(1)></style></svg>"),
        ("svg use", "<svg><use xlink:href='data:image/svg+xml,<svg onload=alert(1)>'/></svg>"),
        ("svg broken out of", "<svg><p><style><a title='</style><img src=x onerror=alert(1)>'>"),
        (
            "svg foreignObject",
            "<svg><foreignObject><p onclick=alert(1)>x</p></foreignObject></svg>",
        ),
        ("math", "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>"),
        (
            "math, form and nesting (DOMPurify 2020)",
            "<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
        ),
        (
            "math annotation",
            "<math><annotation-xml encoding='text/html'><p onclick=alert(1)>x</annotation-xml>",
        ),
        ("template", "<template><script>alert(1)</script></template>x"),
        ("noscript", "<noscript><p title='</noscript><img src=x onerror=alert(1)>'></noscript>"),
        ("noembed", "<noembed><p title='</noembed><img src=x onerror=alert(1)>'></noembed>"),
        ("textarea", "<textarea><p title='</textarea><img src=x onerror=alert(1)>'></textarea>"),
        ("title", "<title><p title='</title><img src=x onerror=alert(1)>'></title>"),
        ("xmp", "<xmp><p title='</xmp><img src=x onerror=alert(1)>'></xmp>"),
        ("plaintext", "<plaintext><script>alert(1)</script>"),
        ("comment", "<!--><img src=x onerror=alert(1)>-->"),
        ("comment with bang", "<!-- --!><img src=x onerror=alert(1)>-->"),
        ("conditional comment", "<!--[if IE]><script>alert(1)</script><![endif]-->"),
        ("CDATA", "<![CDATA[<img src=x onerror=alert(1)>]]>"),
        ("instruction", "<?xml version='1.0'?><?php alert(1) ?><img src=x onerror=alert(1)>"),
        ("select", "<select><option><style></option></select><img src=x onerror=alert(1)></style>"),
        ("quote in a title", "<a title='\"><img src=x onerror=alert(1)>'>x</a>"),
        ("greater-than in an attribute", "<a title='>' href=x onclick=alert(1)>x</a>"),
        ("backtick", "<img src=x alt='``onerror=alert(1)'>"),
        ("id and name", "<a id=body name=cookie href=x>x</a><img name=getElementById src=x.png>"),
        ("class", "<p class='overlay'>x</p>"),
        ("unknown element", "<x-y onclick=alert(1)>x</x-y>"),
        ("tag cut off", "x<img src=x onerror=alert(1)"),
        ("attribute doubled", "<a href=https://ok.example/ href=javascript:alert(1)>x</a>"),
        ("UTF-7", "+ADw-script+AD4-alert(1)+ADw-/script+AD4-"),
        ("less-than in full width", "＜script＞alert(1)＜/script＞"),
        ("composing less-than", "a <\u{338}script>alert(1)</script>"),
        ("image for img", "<image src=x onerror=alert(1)>"),
        ("dialog", "<dialog open onclose=alert(1)>x</dialog>"),
        ("portal and slot", "<portal src=javascript:alert(1)></portal><slot name=x></slot>"),
    ];
    assert!(vectors.len() >= 60);
    for (name, html) in vectors {
        let safe = clean(html);
        assert!(!safe.contains("alert(1)</"), "{name}: script text survives: {safe}");
        assert_safe(name, &safe);
    }
}

#[test]
fn ordinary_markup_survives_and_urls_become_absolute() {
    let cases = [
        ("paragraphs", "<p>a<p>b", "<p>a</p><p>b</p>"),
        ("text", "a < b & c > d", "a &lt; b &amp; c &gt; d"),
        ("text that needs nothing", "Tiếng Việt", "Tiếng Việt"),
        ("decomposed text (NFC)", "Tie\u{302}\u{301}ng", "Tiếng"),
        ("forbidden characters (R1)", "a\u{1}b&#x2;c\u{fffe}", "abc"),
        ("no-break space", "a&nbsp;b\u{a0}c", "a&nbsp;b&nbsp;c"),
        (
            "link",
            "<a href='../x?a=1&amp;b=2#c'>x</a>",
            "<a href=\"https://b.example/x?a=1&amp;b=2#c\">x</a>",
        ),
        (
            "mail and telephone",
            "<a href=mailto:a@b>m</a><a href=tel:+84>t</a>",
            "<a href=\"mailto:a@b\">m</a><a href=\"tel:+84\">t</a>",
        ),
        (
            "picture",
            "<img SRC=/x.png ALT='a \"b\"' class=c>",
            "<img src=\"https://b.example/x.png\" alt=\"a &quot;b&quot;\">",
        ),
        (
            "srcset",
            "<img src=x.png srcset='x.png 1x,  y.png 2x, data:x 3x'>",
            "<img src=\"https://b.example/dir/x.png\" \
             srcset=\"https://b.example/dir/x.png 1x, https://b.example/dir/y.png 2x\">",
        ),
        (
            "late picture",
            "<img src='data:image/gif;base64,R0lG' data-src=x.png>",
            "<img src=\"https://b.example/dir/x.png\">",
        ),
        (
            "video",
            "<video src=x.mp4 poster=x.jpg autoplay></video>",
            "<video src=\"https://b.example/dir/x.mp4\" poster=\"https://b.example/dir/x.jpg\" \
             controls=\"\"></video>",
        ),
        (
            "audio with sources",
            "<audio controls><source src=x.mp3 type=audio/mpeg>no</audio>",
            "<audio controls=\"\"><source src=\"https://b.example/dir/x.mp3\" \
             type=\"audio/mpeg\">no</audio>",
        ),
        (
            "picture element",
            "<picture><source srcset=x.webp><img src=x.png></picture>",
            "<picture><source srcset=\"https://b.example/dir/x.webp\">\
             <img src=\"https://b.example/dir/x.png\"></picture>",
        ),
        (
            "figure",
            "<figure><img src=x.png><figcaption>c</figcaption></figure>",
            "<figure><img src=\"https://b.example/dir/x.png\"><figcaption>c</figcaption></figure>",
        ),
        (
            "details",
            "<details open><summary>s</summary>t</details>",
            "<details open=\"\"><summary>s</summary>t</details>",
        ),
        (
            "table with implied parts",
            "<table><tr><td>a<td>b<tr><th>c</table>",
            "<table><tbody><tr><td>a</td><td>b</td></tr><tr><th>c</th></tr></tbody></table>",
        ),
        (
            "list with implied ends",
            "<ul><li>a<li>b<ul><li>c</ul></ul>",
            "<ul><li>a</li><li>b<ul><li>c</li></ul></li></ul>",
        ),
        ("definitions", "<dl><dt>a<dd>b<dt>c</dl>", "<dl><dt>a</dt><dd>b</dd><dt>c</dt></dl>"),
        (
            "quote",
            "<blockquote cite=/q>x</blockquote>",
            "<blockquote cite=\"https://b.example/q\">x</blockquote>",
        ),
        ("language and direction", "<p lang=vi dir=RTL>x</p>", "<p lang=\"vi\" dir=\"rtl\">x</p>"),
        ("frames leave their text", "safe<iframe src=/x> <b>text</b></iframe>", "safe <b>text</b>"),
        ("CDATA within", "<![CDATA[<script></script>]]&gt;", "&lt;![CDATA[]]&gt;"),
        ("unknown wrappers go", "<font color=red><x>a</x></font>", "a"),
        (
            "noscript is opened",
            "<noscript><img src=x.png></noscript>",
            "<img src=\"https://b.example/dir/x.png\">",
        ),
        ("one-pixel counters (R125)", "a<img src=http://t.example/p width=1 height=1>b", "ab"),
        ("zero-pixel counters", "a<img src=p height='0' width='1px'>b", "ab"),
        ("hidden counters", "a<img src=p style='display: none'>b", "ab"),
        (
            "one-pixel line stays",
            "<img src=x.png width=600 height=1>",
            "<img src=\"https://b.example/dir/x.png\" width=\"600\" height=\"1\">",
        ),
        ("stray end tags", "a</p></b></div></td>b", "ab"),
        ("misnested", "<b>a<i>b</b>c</i>", "<b>a<i>b</i></b>c"),
        ("heading", "<h1>a<h2>b</h3>c", "<h1>a</h1><h2>b</h2>c"),
        ("preformatted", "<pre>\n\n a\n  b</pre>", "<pre> a\n  b</pre>"),
        ("ruby", "<ruby>漢<rt>kan<rp>)</ruby>", "<ruby>漢<rt>kan</rt><rp>)</rp></ruby>"),
        ("line breaks", "a<br>b<br/>c</br>d", "a<br>b<br>c<br>d"),
        (
            "links do not nest",
            "<a href=x>a<a href=y>b</a></a>",
            "<a href=\"https://b.example/dir/x\">a</a><a href=\"https://b.example/dir/y\">b</a>",
        ),
        ("paragraph ended by a block", "<p>a<div>b</div>c</p>", "<p>a</p><div>b</div>c"),
        (
            "content between rows",
            "<table>a<tr><td>b</table>",
            "<table><tbody><tr><td>a</td></tr><tr><td>b</td></tr></tbody></table>",
        ),
        (
            "IRI (P82)",
            "<a href=https://bücher.example/ô>x</a>",
            "<a href=\"https://xn--bcher-kva.example/%C3%B4\">x</a>",
        ),
        ("document", "<html><head><title>t</title></head><body><p>x</p></body></html>", "<p>x</p>"),
    ];
    for (name, html, expected) in cases {
        assert_eq!(clean(html), expected, "{name}");
        assert_eq!(clean(expected), expected, "{name}, again");
        assert_eq!(reparse(expected), expected, "{name}, read back");
    }
}

#[test]
fn without_a_base_relative_urls_go() {
    let safe = sanitize(
        "<a href=x>a</a><img src=y.png><img src=https://c.example/z.png>",
        None,
        Bounds::default(),
    );
    assert_eq!(safe, "<a>a</a><img src=\"https://c.example/z.png\">");
}

#[test]
fn depth_is_bounded_and_the_content_stays() {
    for tag in ["div", "b", "span", "blockquote", "ul><li", "table><tr><td", "svg"] {
        let deep = format!("<{tag}>").repeat(100_000) + "end";
        let safe = clean(&deep);
        let depth_max = Bounds::default().depth_max;
        assert!(safe.matches("</").count() <= 2 * depth_max, "{tag}");
        assert!(tag == "svg" || safe.contains("end"), "{tag}");
        assert_eq!(clean(&safe), safe, "{tag}");
    }
}

#[test]
fn formatting_left_open_does_not_multiply() {
    // Browsers re-open every <b> in each paragraph: 20,000 of them make 200 million tags.
    let html: String = (0..20_000).map(|n| format!("<p><b title={n}>x</i></p>")).collect();
    let safe = clean(&html);
    assert!(safe.len() <= 2 * html.len());
    assert_eq!(safe.matches("<b ").count(), safe.matches("</b>").count());
}

#[test]
fn size_is_bounded_between_tags_and_letters() {
    let bytes_max = Bounds::default().bytes_max;
    let filled = |piece: &str, bytes: usize| piece.repeat(bytes / piece.len());
    let inputs = [
        ("text", filled("chữ ", 5_000_000)),
        ("escaped text", filled("&lt;", 1_000_000)),
        ("paragraphs", filled("<p>chữ</p>", 5_000_000)),
        ("comments", filled("<!-- x -->", 5_000_000)),
        ("open comments", filled("<!-- x", 5_000_000)),
        ("scripts never closed", filled("<script>", 5_000_000)),
        ("repeated attributes", format!("<a {}>x</a>", filled("a1 b2 c3='x' ", 1_000_000))),
        (
            "attributes",
            (0..150_000).map(|n| format!("{}a{n} ", if n == 0 { "<p " } else { "" })).collect(),
        ),
        ("less-than signs", filled("<", 1_000_000)),
        ("ampersands", filled("&", 1_000_000)),
        ("open quotes", filled("<a title=\"", 1_000_000)),
        ("end tags", filled("</div>", 1_000_000)),
        ("cells", filled("<table><td>", 1_000_000)),
        ("marks", filled("\u{301}", 1_000_000)),
    ];
    for (name, html) in inputs {
        let safe = clean(&html);
        assert!(safe.len() <= bytes_max, "{name}: {}", safe.len());
        assert_eq!(safe.matches("</p>").count(), safe.matches("<p>").count(), "{name}");
        assert!(plain(&html).len() <= html.len(), "{name}");
    }
    let cut = sanitize("<p>abc</p><p>def</p>", None, Bounds { bytes_max: 12, depth_max: 8 });
    assert_eq!(cut, "<p>abc</p>");
    let cut = sanitize(
        "<p>e\u{323}\u{302}e\u{323}\u{302}xyz</p>",
        None,
        Bounds { bytes_max: 12, depth_max: 8 },
    );
    assert_eq!(cut, "<p>ệ</p>");
}

#[test]
fn text_is_read_without_markup() {
    let cases = [
        ("inline elements join", "<b>a</b>b<i>c</i>", "abc"),
        ("blocks part", "<p>a</p><p>b</p>c<br>d<li>e", "a b c d e"),
        ("cells part", "<table><tr><td>a<td>b</table>", "a b"),
        ("references", "AT&amp;T &lt;b&gt; &eacute;&nbsp;x", "AT&T <b> é x"),
        ("scripts go", "a<script>x</script><style>y</style>b", "ab"),
        ("svg and comments go", "a<svg><text>x</text></svg><!-- y -->b", "ab"),
        ("white space folds", " a \n\t b\u{a0}\u{3000} c ", "a b c"),
        ("no markup", "1 < 2", "1 < 2"),
        ("composed", "e\u{302}\u{301}", "ế"),
        ("empty", "<p> </p>", ""),
    ];
    for (name, html, expected) in cases {
        assert_eq!(plain(html), expected, "{name}");
    }
}

#[test]
fn excerpts_end_between_words_and_letters() {
    let cases = [
        ("short", "<p>abc</p>", 10, "abc"),
        ("exact", "abcde", 5, "abcde"),
        ("in a word", "abcdefgh", 5, "abcd…"),
        ("after a word", "one two three", 10, "one two…"),
        ("letters with marks", "ệệệệ", 3, "ệệ…"),
        ("joined pictures", "👨‍👩‍👧👨‍👩‍👧👨‍👩‍👧", 2, "👨‍👩‍👧…"),
        ("nothing", "abc", 0, "…"),
    ];
    for (name, html, graphemes, expected) in cases {
        assert_eq!(excerpt(html, graphemes), expected, "{name}");
    }
}

#[test]
fn a_long_text_of_unknown_kind_is_markup_when_it_holds_any() {
    let cases = [
        ("<p>a<o:p></o:p>", true),
        ("<amp-img src=x></amp-img> &amp;", true),
        ("a<br>b", true),
        ("History of the <blink> tag", false),
        ("AT&T, 1 < 2", false),
    ];
    for (value, expected) in cases {
        assert_eq!(has_markup(value), expected, "{value}");
    }
}

#[test]
fn text_of_unknown_kind_is_markup_only_when_it_is() {
    let cases = [
        ("AT&T <b>", false),
        ("History of the <blink> tag", false),
        ("History of the <b> tag", false),
        ("1 < 2", false),
        ("AT&T", false),
        ("R&D; more", false),
        ("a & b", false),
        ("Vec<T> and <T>", false),
        ("Vec</T>", false),
        ("AT&amp;T", true),
        ("caf&eacute;", true),
        ("&#8217;", true),
        ("<i>x</i>", true),
        ("a<br>b", true),
        ("<img src=x>", true),
        ("<p>no end", false),
        ("<a href=x>y", true),
    ];
    for (value, expected) in cases {
        assert_eq!(is_markup(value), expected, "{value}");
    }
}

const NAMES: &str = "\
     a b i p div span table tr td th tbody thead caption colgroup col ul ol li dl dt dd h1 h2 \
     pre br hr img svg math script style template noscript select option ruby rt rp form button \
     details summary video source audio picture figure code nobr title textarea foreignObject \
     mtext address center html body frameset x-y object";

const ATTRIBUTES: [&str; 13] = [
    "",
    " href=x",
    " src=y.png",
    " title='<b>\"&amp;'",
    " onclick=x",
    " srcset='a 1x, b 2x'",
    " /",
    " class=x href='javascript:x'",
    " data-src=z",
    " width=1 height=1",
    " dir=ltr",
    "=",
    " \"",
];

#[rustfmt::skip]
const TEXTS: [&str; 27] = [
    "x", " ", "\n", "\n\n", "&amp;", "&lt;", "&nbsp", "<", ">",
    "&", "\u{301}", "e", "ệ", "\u{feff}", "\0", "\r\n", "<!--", "-->",
    "<![CDATA[", "]]>", "<?", "</", "\"", "'", "&#13;", "&#x1;", "\u{a0}",
];

fn piece() -> impl Strategy<Value = String> {
    let names: Vec<&str> = NAMES.split_whitespace().collect();
    let name = proptest::sample::select(names);
    let attribute = proptest::sample::select(&ATTRIBUTES[..]);
    let tag = (name.clone(), attribute).prop_map(|(name, more)| format!("<{name}{more}>"));
    prop_oneof![
        4 => tag,
        3 => name.prop_map(|name| format!("</{name}>")),
        2 => proptest::sample::select(&TEXTS[..]).prop_map(str::to_owned),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 500,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn sanitising_twice_changes_nothing(pieces in proptest::collection::vec(piece(), 0..24)) {
        let safe = clean(&pieces.concat());
        prop_assert_eq!(clean(&safe), safe.clone());
        prop_assert_eq!(reparse(&safe), safe);
    }

    #[test]
    fn small_bounds_hold_and_are_stable(
        pieces in proptest::collection::vec(piece(), 0..24),
        bytes_max in 0_usize..120,
        depth_max in 0_usize..6,
    ) {
        let bounds = Bounds { bytes_max, depth_max };
        let safe = sanitize(&pieces.concat(), Some(&base()), bounds);
        prop_assert!(safe.len() <= bytes_max, "{} bytes: {}", safe.len(), safe);
        prop_assert_eq!(reparse(&safe), safe);
    }

    #[test]
    fn any_text_is_read_without_a_panic(text in "\\PC{0,60}") {
        clean(&text);
        excerpt(&text, 5);
        is_markup(&text);
    }
}
