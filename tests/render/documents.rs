//! Documents that the suites render: one small one for each cause under `tests/golden/render`.

use feedmill::model::entry::{Category, Element, Enclosure, Link, Person};
use feedmill::render::{CopyCredit, Document, Item, SourceCredit};
use jiff::Timestamp;

/// Reads an instant.
pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// The documents, by the cause that their folder is named by.
pub(crate) fn causes() -> Vec<(&'static str, Document)> {
    vec![
        ("plain_text_title_with_markup_characters", markup_characters()),
        ("story_with_copies_and_credit", copies_and_credit()),
        ("item_without_title_link_date_and_author", bare_item()),
        ("podcast_with_two_files", podcast()),
        ("characters_that_end_or_break_a_document", breaking_characters()),
        ("empty_archive_page_with_a_hub", archive()),
        ("entry_in_another_language", other_language()),
        ("second_alternate_of_one_type", second_alternate()),
        ("private_source_has_no_address", private_source()),
    ]
}

fn document(items: Vec<Item>) -> Document {
    Document {
        id: "tag:news.example,2026:all".into(),
        title: "Tin tức".into(),
        subtitle: "Tất cả, mới nhất trước".into(),
        updated: at("2024-11-22T11:11:00Z"),
        language: "vi".into(),
        page_url: "https://news.example/".into(),
        atom_url: "https://news.example/all.atom".into(),
        rss_url: "https://news.example/all.rss".into(),
        json_url: "https://news.example/all.json".into(),
        site_title: "Feedmill".into(),
        base_url: "https://news.example".into(),
        ttl_min: 5,
        items,
        ..Document::default()
    }
}

fn item() -> Item {
    Item {
        id: "tag:news.example,2026:1".into(),
        page_url: "https://news.example/entry/0123456789abcdef".into(),
        link: Some("https://bao.example/a?x=1&y=2".into()),
        title: "Bão số 3 đổ bộ".into(),
        published: Some(at("2024-11-22T11:00:00Z")),
        updated: at("2024-11-22T11:11:00Z"),
        date: at("2024-11-22T11:00:00Z"),
        source: source(),
        ..Item::default()
    }
}

fn source() -> SourceCredit {
    SourceCredit {
        slug: "bao".into(),
        id: "https://bao.example/rss".into(),
        title: "Báo Ví Dụ".into(),
        feed_url: Some("https://bao.example/rss".into()),
        updated: at("2024-11-22T11:05:00Z"),
        ..SourceCredit::default()
    }
}

fn person(name: &str) -> Person {
    Person { name: name.into(), ..Person::default() }
}

fn markup_characters() -> Document {
    let title = r#"AT&T <b> "quoted" isn't &amp;"#;
    let content = Some("<p>AT&amp;T &lt;b&gt;</p>".into());
    document(vec![Item {
        title: title.into(),
        content,
        authors: vec![person("Đỗ & Cộng sự")],
        ..item()
    }])
}

fn copies_and_credit() -> Document {
    let copy = |source: &str, title: &str, url: Option<&str>| CopyCredit {
        source: source.into(),
        source_title: title.into(),
        title: format!("{title}: bão số 3"),
        url: url.map(Into::into),
        published: at("2024-11-22T10:30:00Z"),
    };
    document(vec![Item {
        summary: Some("<p>Bão đã vào <b>đất liền</b>.</p>".into()),
        content: Some("<p>Bão đã vào đất liền lúc 18 giờ.</p><p>Theo: nhandan.example</p>".into()),
        authors: vec![Person {
            name: "Nguyễn An".into(),
            email: Some("an@bao.example".into()),
            uri: Some("https://bao.example/an".into()),
        }],
        contributors: vec![person("Lê Bình")],
        categories: vec![Category {
            term: "thoi-tiet".into(),
            scheme: Some("https://bao.example/muc".into()),
            label: Some("Thời tiết".into()),
        }],
        sections: vec![("thoi-su".into(), "Thời sự".into())],
        rights: Some("© Báo Ví Dụ".into()),
        source: SourceCredit {
            site: Some("https://bao.example/".into()),
            icon: Some("https://bao.example/icon.png".into()),
            logo: Some("https://bao.example/logo.png".into()),
            rights: Some("© 2024".into()),
            authors: vec![person("Tòa soạn")],
            ..source()
        },
        credit: Some("Theo: nhandan.example".into()),
        via: Some("https://nhandan.example/goc".into()),
        copies: vec![
            copy("nhandan", "Nhân Dân Ví Dụ", Some("https://nhandan.example/goc")),
            copy("khac", "Báo Khác", None),
        ],
        ..item()
    }])
}

fn bare_item() -> Document {
    document(vec![Item { title: String::new(), link: None, published: None, ..item() }])
}

fn podcast() -> Document {
    let file = |url: &str, length, duration_s| Enclosure {
        url: url.into(),
        mime: Some("audio/mpeg".into()),
        length,
        title: Some("Tập 7".into()),
        duration_s,
    };
    let element = |prefix: &str, name: &str, text: &str| Element {
        prefix: prefix.into(),
        name: name.into(),
        text: text.into(),
        ..Element::default()
    };
    let with = |attributes: &[(&str, &str)], element: Element| Element {
        attributes: attributes.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect(),
        ..element
    };
    let thumbnail =
        with(&[("url", "https://i.example/7.jpg?a=1&b=2")], element("media", "thumbnail", ""));
    let credit = with(&[("role", "host")], element("media", "credit", "Lê & Trần"));
    document(vec![Item {
        enclosures: vec![
            file("https://cdn.example/7.mp3?a=1&b=2", None, Some(1_805)),
            file("https://cdn.example/7.ogg", Some(12_345), Some(1_805)),
        ],
        extensions: vec![
            element("itunes", "duration", "30:05"),
            Element { children: vec![thumbnail, credit], ..element("media", "group", "") },
            with(
                &[("url", "https://cdn.example/7.vtt"), ("type", "text/vtt")],
                element("podcast", "transcript", ""),
            ),
            element("unknown", "thing", "is left out"),
        ],
        ..item()
    }])
}

fn breaking_characters() -> Document {
    document(vec![Item {
        title: "a\u{0}b\u{8}c\u{fffe}d ]]> 😀".into(),
        summary: Some("<p>x ]]&gt; ]]> y\r\nz</p>".into()),
        content: Some("<![CDATA[ ]]>\u{b}".into()),
        extensions: vec![Element {
            prefix: "media".into(),
            name: "credit".into(),
            attributes: vec![("role".into(), "a\"<>&\n\u{1}b".into())],
            text: "]]>\u{c}".into(),
            children: vec![],
        }],
        ..item()
    }])
}

fn archive() -> Document {
    let path = |n: u32| format!("https://news.example/all/archive/{n}");
    Document {
        hub: Some("https://hub.example/".into()),
        is_archive: true,
        paging: vec![
            ("prev-archive".into(), path(1)),
            ("next-archive".into(), path(3)),
            ("current".into(), "https://news.example/all".into()),
        ],
        ..document(vec![])
    }
}

fn other_language() -> Document {
    document(vec![
        Item {
            language: Some("en-GB".into()),
            source: SourceCredit { language: Some("fr".into()), ..source() },
            ..item()
        },
        Item {
            id: "tag:news.example,2026:2".into(),
            language: Some("VI".into()),
            source: SourceCredit { language: Some("not a tag".into()), ..source() },
            ..item()
        },
    ])
}

fn second_alternate() -> Document {
    let link = |rel: &str, href: &str, mime: Option<&str>, hreflang: Option<&str>| Link {
        rel: rel.into(),
        href: href.into(),
        mime: mime.map(Into::into),
        title: None,
        hreflang: hreflang.map(Into::into),
    };
    document(vec![Item {
        links: vec![
            link("alternate", "https://bao.example/amp", Some("text/html"), None),
            link("alternate", "https://bao.example/en", Some("text/html"), Some("en")),
            link("alternate", "https://bao.example/a.pdf", Some("application/pdf"), None),
            link("replies", "https://bao.example/a/tra-loi", None, None),
        ],
        ..item()
    }])
}

fn private_source() -> Document {
    document(vec![Item { source: SourceCredit { feed_url: None, ..source() }, ..item() }])
}
