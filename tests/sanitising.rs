//! Safe HTML, rule by rule (R118–R126). Attacks of all kinds are the tables of `html`; here each
//! rule is held once.
#![expect(clippy::unwrap_used, reason = "a broken fixture must stop the suite")]

use feedmill::normalize::html::{Bounds, excerpt, plain, sanitize};
use url::Url;

fn clean(html: &str) -> String {
    sanitize(html, Some(&Url::parse("https://bao.example/dir/feed").unwrap()), Bounds::default())
}

#[test]
fn r118_elements_that_run_load_or_post_go_and_script_with_its_content() {
    for name in [
        "iframe", "frame", "object", "embed", "applet", "form", "input", "meta", "base", "link",
        "made-up",
    ] {
        let safe = clean(&format!("a<{name} src=x href=x>b</{name}>c"));
        assert!(!safe.contains('<'), "{name}: {safe}");
        assert!(safe.starts_with('a'), "{name}: {safe}");
    }
    for name in ["script", "style", "template", "textarea", "title"] {
        let safe = clean(&format!("a<{name}>b()</{name}>c"));
        assert_eq!(safe.replace(' ', ""), "ac", "{name}");
    }
}

#[test]
fn r119_attributes_are_those_of_a_list() {
    let names = [
        "onclick",
        "ONerror",
        "style",
        "srcdoc",
        "formaction",
        "xlink:href",
        "id",
        "name",
        "class",
        "made-up",
    ];
    for name in names {
        assert_eq!(
            clean(&format!("<p {name}='x' title='t'>a</p>")),
            "<p title=\"t\">a</p>",
            "{name}"
        );
    }
}

#[test]
fn r120_addresses_have_a_scheme_of_a_list_however_they_are_written() {
    for kept in
        ["http://a.example/", "https://a.example/", "mailto:a@b.example", "tel:+84", "magnet:?xt=x"]
    {
        assert_eq!(
            clean(&format!("<a href=\"{kept}\">a</a>")),
            format!("<a href=\"{kept}\">a</a>")
        );
    }
    assert_eq!(clean("<a href='x'>a</a>"), "<a href=\"https://bao.example/dir/x\">a</a>");
    let hostile = [
        "javascript:x",
        "JaVaScRiPt:x",
        " javascript:x",
        "java\tscript:x",
        "java&#10;script:x",
        "&#106;avascript:x",
        "java&Tab;script&colon;x",
        "\u{1}javascript:x",
        "vbscript:x",
        "data:text/html,x",
        "blob:https://a/b",
        "file:///x",
    ];
    for href in hostile {
        assert_eq!(clean(&format!("<a href=\"{href}\">a</a>")), "<a>a</a>", "{href}");
        assert!(!clean(&format!("<img src=\"{href}\" alt=x>")).contains("src"), "{href}");
    }
}

#[test]
fn r121_vector_graphics_and_formulas_go_whole_or_leave_text() {
    for markup in [
        "<svg><script>x()</script></svg>",
        "<svg><style>x()</style></svg>",
        "<math><mi><script>x()</script></mi></math>",
    ] {
        assert_eq!(clean(&format!("a{markup}b")).replace(' ', ""), "ab", "{markup}");
    }
}

#[test]
fn r122_sanitising_twice_changes_nothing() {
    let samples = [
        "<b><i>a</b>c</i>",
        "<p>a<p>b",
        "<table>a<tr><td>b",
        "<a href=x><a href=y>b</a>",
        "<ul><li>a<li>b",
        "<h1><p>a</h1>b",
        "a&lt;b&amp;amp;",
        "<svg><p>a",
        "<pre>\n\na</pre>",
        "<select><option>a",
        "<noscript><p title=\"</noscript><img src=x>\">",
    ];
    for sample in samples {
        let once = clean(sample);
        assert_eq!(clean(&once), once, "{sample}");
    }
}

#[test]
fn r123_addresses_are_resolved_before_they_are_judged() {
    let base = Url::parse("javascript:x").ok();
    assert_eq!(sanitize("<a href='y'>a</a>", base.as_ref(), Bounds::default()), "<a>a</a>");
    assert_eq!(clean("<a href='//o.example/x'>a</a>"), "<a href=\"https://o.example/x\">a</a>");
}

#[test]
fn r23_an_empty_reference_is_the_base() {
    let read = |base: &str| {
        let base = Url::parse(base).ok();
        sanitize("<a href=''>a</a><a href=' '>b</a>", base.as_ref(), Bounds::default())
    };
    let linked = "<a href=\"https://b.example/x?y\">a</a><a href=\"https://b.example/x?y\">b</a>";
    assert_eq!(read("https://b.example/x?y#z"), linked);
    assert_eq!(read("javascript:x"), "<a>a</a><a>b</a>");
}

#[test]
fn r125_counters_of_one_pixel_go() {
    for counter in [
        "<img src=/t width=1 height=1>",
        "<img src=/t width='1px' height='1px'>",
        "<img src=/t style='display:none'>",
        "<img src=/t style='width:1px;height:1px'>",
        "<img src=/t style='border:0; HEIGHT: 0; width: 1px !important'>",
    ] {
        assert_eq!(clean(&format!("a{counter}b")), "ab", "{counter}");
    }
    assert!(clean("<img src=/t width=1 height=300>").contains("<img"), "a rule is no counter");
    let ruler = clean("<img src=/t style='width:1px;height:100px;max-width:0'>");
    assert!(ruler.contains("<img"), "{ruler}");
}

#[test]
fn r126_texts_are_cut_between_letters_and_tags_and_closed() {
    let family = "👨‍👩‍👧‍👦";
    for limit in 40..90 {
        let bounds = Bounds { bytes_max: limit, ..Bounds::default() };
        let safe =
            sanitize(&format!("<p><b>Tiếng Việt {family}e\u{301}</b></p>").repeat(3), None, bounds);
        assert_eq!(sanitize(&safe, None, Bounds::default()), safe, "closed at {limit}");
        assert!(!plain(&safe).ends_with('\u{200d}'), "{limit}: {safe}");
    }
    assert_eq!(excerpt(&format!("<p>{family}{family}{family}</p>"), 2), format!("{family}…"));
}
