//! Reading the bytes of a document, rule by rule (P69–P83), and which of its dates counts (D27).
//! Gone wrong on purpose are the documents of `traps`; here each rule is held once.
#![expect(clippy::unwrap_used, reason = "a broken fixture must stop the suite")]

use feedmill::model::entry::Entry;
use feedmill::model::feed::Feed;
use feedmill::model::raw::RawDocument;
use feedmill::normalize::{Context, Filter, normalize};
use feedmill::parse::{ParseError, ReadSettings, parse};

#[path = "support/source.rs"]
mod plain;

const URL: &str = "https://bao.example/dir/feed.xml";

fn read(body: &[u8], content_type: Option<&str>) -> Result<Feed, ParseError> {
    let document = RawDocument {
        body: body.to_vec(),
        url: URL.to_owned(),
        content_type: content_type.map(str::to_owned),
        ..RawDocument::default()
    };
    let raw = parse(&document, &ReadSettings::default(), &|_| false)?;
    let source = plain::source(URL);
    let context = Context {
        now: "2026-07-01T00:00:00Z".parse().unwrap(),
        source: &source,
        document_url: URL,
        content_location: None,
        content_language: None,
        date_order: None,
        zone_s: None,
        filter: &Filter::new(&source),
    };
    Ok(normalize(raw, &context))
}

fn first(body: &[u8], content_type: Option<&str>) -> Entry {
    let feed = read(body, content_type).unwrap();
    feed.items.into_iter().find_map(|item| item.entry).unwrap()
}

fn item(inner: &str) -> String {
    format!(
        "<rss version='2.0' xmlns:dc='http://purl.org/dc/elements/1.1/' \
         xmlns:dcterms='http://purl.org/dc/terms/' xmlns:atom='http://www.w3.org/2005/Atom'>\
         <channel><title>T</title><pubDate>Mon, 01 Jan 2024 00:00:00 GMT</pubDate>\
         <item><guid>1</guid>{inner}</item></channel></rss>"
    )
}

fn title(body: &[u8], content_type: Option<&str>) -> String {
    first(body, content_type).title
}

/// Writes a document in an encoding of the WHATWG standard.
fn encoded(label: &str, text: &str) -> Vec<u8> {
    encoding_rs::Encoding::for_label(label.as_bytes()).unwrap().encode(text).0.into_owned()
}

fn declared(label: &str, text: &str) -> String {
    format!("<?xml version='1.0' encoding='{label}'?>{}", item(&format!("<title>{text}</title>")))
}

#[test]
fn p69_a_mark_wins_over_http_and_http_over_the_declaration() {
    let text = "Привет, мир, новости";
    let body = declared("koi8-r", text);
    let http = |label: &str| format!("application/rss+xml; charset={label}");
    let by_http = encoded("windows-1251", &body);
    assert_eq!(title(&by_http, Some(&http("windows-1251"))), text);
    assert_eq!(title(&encoded("koi8-r", &body), None), text, "the declaration alone");
    let marked: Vec<u8> =
        [0xFF, 0xFE].into_iter().chain(body.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    assert_eq!(title(&marked, Some(&http("windows-1251"))), text, "the mark");
    assert_eq!(title(item("<title>Việt</title>").as_bytes(), None), "Việt", "else UTF-8");
}

#[test]
fn p70_text_xml_without_a_charset_is_not_ascii() {
    assert_eq!(title(declared("utf-8", "Tiếng Việt").as_bytes(), Some("text/xml")), "Tiếng Việt");
    let body = encoded("windows-1251", &declared("windows-1251", "Привет"));
    assert_eq!(title(&body, Some("text/xml")), "Привет");
}

#[test]
fn p71_a_declaration_that_cannot_be_true_gives_way_and_is_told() {
    for label in ["utf-16", "us-ascii", "shift_jis", "no-such-encoding"] {
        let feed = read(declared(label, "Tiếng Việt").as_bytes(), None).unwrap();
        assert_eq!(feed.items.len(), 1, "{label}");
        let flaws = format!("{:?}", feed.flaws);
        assert!(flaws.contains("wrong encoding label"), "{label}: {flaws}");
        assert_eq!(title(declared(label, "Tiếng Việt").as_bytes(), None), "Tiếng Việt", "{label}");
    }
    assert_eq!(title(&encoded("windows-1252", &declared("utf-8", "café")), None), "café");
}

#[test]
fn p72_legacy_encodings_are_decoded() {
    let cases = [
        ("windows-1250", "Příliš žluťoučký"),
        ("windows-1253", "Καλημέρα"),
        ("windows-1254", "İstanbul'da ağaç"),
        ("windows-1256", "مرحبا"),
        ("iso-8859-2", "Příliš žluťoučký"),
        ("iso-8859-15", "prix : 10 €"),
        ("koi8-u", "Привіт"),
        ("big5", "中文新聞"),
        ("euc-kr", "한국어 뉴스"),
        ("euc-jp", "日本語のニュース"),
        ("shift_jis", "日本語のニュース"),
        ("gb18030", "中文新闻"),
    ];
    for (label, text) in cases {
        assert_eq!(title(&encoded(label, &declared(label, text)), None), text, "{label}");
    }
}

#[test]
fn p73_what_stands_before_the_document_does_not_lose_it() {
    let body = item("<title>t</title>");
    let before = [
        "\u{feff}",
        "\r\n\r\n ",
        "<br />\n<b>Notice</b>: x in y on line 3<br />\n",
        "<!-- cached -->",
    ];
    for before in before {
        let body = format!("{before}<?xml version='1.0'?>{body}");
        assert_eq!(title(body.as_bytes(), None), "t", "{before:?}");
    }
}

#[test]
fn p74_broken_xml_is_read_as_far_as_it_goes() {
    let cases = [
        ("<title>Q&A</title>", "Q&A"),
        ("<title>a &copy; b</title>", "a © b"),
        ("<foo:bar/><title>t</title>", "t"),
        ("<title>a\u{1}b</title>", "ab"),
        ("<title>t</title><description>open", "t"),
    ];
    for (inner, expected) in cases {
        assert_eq!(title(item(inner).as_bytes(), None), expected, "{inner}");
    }
}

#[test]
fn p75_names_of_html_stand_for_their_characters() {
    let names = "<title>&nbsp;&eacute;&rsquo;&euro;&Agrave;&hellip;&mdash;</title>";
    assert_eq!(title(item(names).as_bytes(), None), "é’€À…—");
}

#[test]
fn p76_elements_of_other_vocabularies_stop_nothing() {
    let inner = "<x:a xmlns:x='urn:x' x:b='c'><x:title>no</x:title></x:a><title y:z='1'>t</title>";
    assert_eq!(title(item(inner).as_bytes(), None), "t");
}

#[test]
fn p77_namespaces_are_known_by_their_misspellings() {
    let uris = [
        "http://search.yahoo.com/mrss",
        "https://search.yahoo.com/mrss/",
        "http://search.yahoo.com/mrss/",
    ];
    for uri in uris {
        let inner = format!("<m:thumbnail xmlns:m='{uri}' url='/a.jpg'/>");
        let entry = first(item(&inner).as_bytes(), None);
        assert_eq!(entry.extensions.first().map(|it| it.name.as_str()), Some("thumbnail"), "{uri}");
    }
}

#[test]
fn p82_hosts_and_paths_of_all_languages_become_uris() {
    let entry = first(item("<link>https://bücher.example/tiếng?q=ô</link>").as_bytes(), None);
    let expected = "https://xn--bcher-kva.example/ti%E1%BA%BFng?q=%C3%B4";
    assert_eq!(entry.link.as_deref(), Some(expected));
}

#[test]
fn p83_blanks_around_an_address_go() {
    let entry = first(item("<link>\n\t https://bao.example/a \n</link>").as_bytes(), None);
    assert_eq!(entry.link.as_deref(), Some("https://bao.example/a"));
}

#[test]
fn d27_the_strongest_date_of_an_item_counts_and_never_that_of_the_channel() {
    let date = |day: u8| format!("2024-02-{day:02}T00:00:00Z");
    let elements = [
        format!("<pubDate>{}</pubDate>", date(1)),
        format!("<dcterms:issued>{}</dcterms:issued>", date(2)),
        format!("<dc:date>{}</dc:date>", date(3)),
        format!("<atom:published>{}</atom:published>", date(4)),
    ];
    for (at, day) in (0..elements.len()).zip(1..) {
        let written: String = elements.iter().skip(at).rev().map(String::as_str).collect();
        let entry = first(item(&written).as_bytes(), None);
        assert_eq!(entry.published.unwrap().to_string(), date(day), "{written}");
    }
    let entry = first(item("<title>t</title>").as_bytes(), None);
    assert_eq!((entry.published, entry.updated), (None, None), "not the channel's");
    let changed = format!("<atom:updated>{}</atom:updated>", date(9));
    let entry = first(item(&changed).as_bytes(), None);
    assert_eq!((entry.published, entry.updated), (None, Some(date(9).parse().unwrap())));
}
