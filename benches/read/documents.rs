//! Documents as papers, blogs and podcasts write them: well-formed, the same at every run.

use std::fmt::Write as _;

use feedmill::model::raw::RawDocument;

/// Articles of one document.
const ARTICLES: u32 = 30;
/// Bytes of HTML of one article, about.
const ARTICLE_BYTES: usize = 1_800;

/// Returns one document of each kind, with its name.
pub(crate) fn kinds() -> Vec<(&'static str, RawDocument)> {
    vec![
        ("RSS, full text, CDATA", rss(|html| format!("<![CDATA[{html}]]>"))),
        ("RSS, full text, escaped", rss(|html| escaped(&html))),
        ("RSS, headlines", headlines()),
        ("Atom, full text", atom()),
        ("JSON Feed, full text", json()),
        ("podcast", podcast()),
    ]
}

/// Returns a document of which only the bytes are known.
pub(crate) fn of_bytes(body: Vec<u8>) -> RawDocument {
    RawDocument { body, url: "https://bao.example/feed".to_owned(), ..RawDocument::default() }
}

/// HTML as papers write it: paragraphs, a picture, links, Vietnamese.
fn article(n: u32) -> String {
    let mut html = format!(
        "<p><img src=\"/anh/{n}.jpg\" alt=\"Ảnh {n}\" width=\"600\"/><strong>Hà Nội</strong> – tin số {n}.</p>"
    );
    let mut sentence = n;
    while html.len() < ARTICLE_BYTES {
        sentence = sentence.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let _ = writeln!(
            html,
            "<p>Theo <a href=\"https://bao.example/tag/{sentence}?utm_source=rss\">Sở Xây dựng</a>, \
             đoạn đường dài {} km qua huyện số {} sẽ thông xe trong quý sau, người dân &amp; doanh nghiệp chờ đợi.</p>",
            sentence % 97,
            sentence % 31,
        );
    }
    html
}

fn escaped(html: &str) -> String {
    html.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

const RSS_HEAD: &str = "<?xml version=\"1.0\" encoding=\"utf-8\"?><rss version=\"2.0\" \
     xmlns:dc=\"http://purl.org/dc/elements/1.1/\" xmlns:content=\"http://purl.org/rss/1.0/modules/content/\" \
     xmlns:itunes=\"http://www.itunes.com/dtds/podcast-1.0.dtd\"><channel><title>Báo</title>\
     <link>https://bao.example/</link><description>Tin tức</description>";

fn rss(written: impl Fn(String) -> String) -> RawDocument {
    let mut xml = RSS_HEAD.to_owned();
    for n in 0..ARTICLES {
        let _ = writeln!(
            xml,
            "<item><title>Tin số {n}: cầu mới thông xe</title><link>https://bao.example/tin-{n}.html</link>\
             <guid isPermaLink=\"false\">bao-{n}</guid><pubDate>Mon, 18 Nov 2024 08:{n:02}:00 +0700</pubDate>\
             <dc:creator>An Nguyễn</dc:creator><category>Thời sự</category><category>Giao thông</category>\
             <description>Cầu số {n} thông xe sớm hơn dự kiến hai tháng, theo Sở Xây dựng.</description>\
             <content:encoded>{}</content:encoded></item>",
            written(article(n))
        );
    }
    document(xml + "</channel></rss>", "application/rss+xml; charset=utf-8")
}

fn headlines() -> RawDocument {
    let mut xml = RSS_HEAD.to_owned();
    for n in 0..ARTICLES * 2 {
        let _ = writeln!(
            xml,
            "<item><title>Tin số {n}: cầu mới thông xe</title><link>https://bao.example/tin-{n}.html</link>\
             <guid>https://bao.example/tin-{n}.html</guid><pubDate>Mon, 18 Nov 2024 08:{:02}:00 +0700</pubDate>\
             <description><![CDATA[<a href=\"https://bao.example/tin-{n}.html\"><img src=\"https://i.bao.example/{n}.jpg\"></a>\
             </br>Cầu số {n} thông xe sớm hơn dự kiến hai tháng, theo Sở Xây dựng.]]></description></item>",
            n % 60
        );
    }
    document(xml + "</channel></rss>", "text/xml; charset=utf-8")
}

fn atom() -> RawDocument {
    let mut xml = String::from(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><feed xmlns=\"http://www.w3.org/2005/Atom\" xml:lang=\"vi\">\
         <id>tag:bao.example,2024:f</id><title>Báo</title><updated>2024-11-18T08:30:00+07:00</updated>\
         <link rel=\"alternate\" href=\"https://bao.example/\"/>",
    );
    for n in 0..ARTICLES {
        let _ = writeln!(
            xml,
            "<entry><id>tag:bao.example,2024:{n}</id><title>Tin số {n}: cầu mới thông xe</title>\
             <link rel=\"alternate\" type=\"text/html\" href=\"https://bao.example/tin-{n}.html\"/>\
             <published>2024-11-18T08:{n:02}:00+07:00</published><updated>2024-11-18T08:{n:02}:00+07:00</updated>\
             <author><name>An Nguyễn</name></author><category term=\"Thời sự\"/>\
             <content type=\"html\">{}</content></entry>",
            escaped(&article(n))
        );
    }
    document(xml + "</feed>", "application/atom+xml; charset=utf-8")
}

fn json() -> RawDocument {
    let item = |n: u32| {
        serde_json::json!({
            "id": format!("https://bao.example/tin-{n}.html"),
            "url": format!("https://bao.example/tin-{n}.html"),
            "title": format!("Tin số {n}: cầu mới thông xe"),
            "content_html": article(n),
            "date_published": format!("2024-11-18T08:{n:02}:00+07:00"),
            "authors": [{ "name": "An Nguyễn" }],
            "tags": ["Thời sự", "Giao thông"],
        })
    };
    let feed = serde_json::json!({
        "version": "https://jsonfeed.org/version/1.1",
        "title": "Báo",
        "home_page_url": "https://bao.example/",
        "feed_url": "https://bao.example/feed.json",
        "items": (0..ARTICLES).map(item).collect::<Vec<_>>(),
    });
    document(feed.to_string(), "application/feed+json")
}

fn podcast() -> RawDocument {
    let mut xml = RSS_HEAD.to_owned()
        + "<itunes:author>Đài</itunes:author><itunes:image href=\"https://dai.example/i.jpg\"/>\
           <itunes:category text=\"News\"/><itunes:explicit>false</itunes:explicit>";
    for n in 0..ARTICLES * 3 {
        let _ = writeln!(
            xml,
            "<item><title>Tập {n}: chuyện bên sông</title><link>https://dai.example/tap/{n}</link>\
             <guid isPermaLink=\"false\">dai-{n}</guid><pubDate>Mon, 18 Nov 2024 08:{:02}:00 +0700</pubDate>\
             <description><![CDATA[<p>Khách mời tập {n} kể về <b>chợ nổi</b> và mùa nước lên.</p>\
             <p>Nghe thêm tại <a href=\"https://dai.example/\">dai.example</a>.</p>]]></description>\
             <enclosure url=\"https://dai.example/tap/{n}.mp3\" length=\"12345678\" type=\"audio/mpeg\"/>\
             <itunes:duration>32:0{}</itunes:duration><itunes:episode>{n}</itunes:episode>\
             <itunes:explicit>false</itunes:explicit><itunes:image href=\"https://dai.example/{n}.jpg\"/></item>",
            n % 60,
            n % 10
        );
    }
    document(xml + "</channel></rss>", "application/rss+xml")
}

fn document(text: String, content_type: &str) -> RawDocument {
    RawDocument { content_type: Some(content_type.to_owned()), ..of_bytes(text.into_bytes()) }
}
