//! Who publishes: a table of outlets with their formats, dates and faults.

/// The categories of the sample site: slug and title.
pub(super) const CATEGORIES: [(&str, &str); 5] = [
    ("thoi-su", "Thời sự"),
    ("the-gioi", "Thế giới"),
    ("cong-nghe", "Công nghệ"),
    ("van-hoa", "Văn hóa"),
    ("podcast", "Podcast"),
];

/// What a feed is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// RSS 2.0, the whole text in `description`.
    RssShort,
    /// RSS 2.0 with `content:encoded`.
    RssFull,
    /// RSS 2.0 with enclosures and `itunes:`.
    Podcast,
    /// Atom with XHTML and `xml:base`.
    Atom,
    /// RSS 1.0.
    Rdf,
    /// JSON Feed 1.1.
    Json,
}

/// How an outlet writes dates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dates {
    /// `22.11.2024 | 18:11 PM`, local time.
    Dotted,
    /// `Fri, 22 Nov 2024 18:11:05 GMT+7`.
    GmtPlus7,
    /// RFC 822, so many hours east of Greenwich.
    Mail(i8),
    /// RFC 3339, so many hours east of Greenwich.
    Iso(i8),
}

/// How an outlet's server behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Conduct {
    /// As it should, but without validators.
    Plain,
    /// Sends an ETag, and 304 to who holds it.
    Validating,
    /// Answers after a second.
    Slow,
    /// Writes bare `&` and breaks off in the midst of an item.
    Truncating,
    /// Writes windows-1252.
    Windows1252,
    /// Answers 500.
    Failing,
}

/// One outlet.
#[derive(Debug)]
pub(super) struct Outlet {
    pub(super) id: &'static str,
    pub(super) title: &'static str,
    pub(super) about: &'static str,
    pub(super) host: &'static str,
    pub(super) path: &'static str,
    pub(super) language: &'static str,
    pub(super) categories: &'static [&'static str],
    pub(super) aliases: &'static [&'static str],
    pub(super) priority: i64,
    pub(super) format: Format,
    pub(super) dates: Dates,
    pub(super) conduct: Conduct,
    pub(super) articles: &'static str,
}

/// What most outlets have in common.
const PLAIN: Outlet = Outlet {
    id: "",
    title: "",
    about: "",
    host: "",
    path: "",
    language: "vi",
    categories: &["thoi-su"],
    aliases: &[],
    priority: 0,
    format: Format::RssFull,
    dates: Dates::Mail(7),
    conduct: Conduct::Plain,
    articles: "",
};

/// All outlets.
pub(super) const OUTLETS: [Outlet; 14] = [
    Outlet {
        id: "dat-nuoc",
        title: "Báo Đất Nước",
        about: "A national paper: the wire stories begin here.",
        host: "datnuoc.example",
        path: "/dat-nuoc/rss/home.rss",
        aliases: &["datnuoc.example"],
        priority: 10,
        articles: include_str!("articles/dat-nuoc.txt"),
        ..PLAIN
    },
    Outlet {
        id: "song-lam",
        title: "Báo Sông Lam",
        about: "A provincial paper: dates like 22.11.2024 | 18:11 PM, texts taken from others.",
        host: "baosonglam.example",
        path: "/song-lam/rss.aspx",
        format: Format::RssShort,
        dates: Dates::Dotted,
        articles: include_str!("articles/song-lam.txt"),
        ..PLAIN
    },
    Outlet {
        id: "mien-bien",
        title: "Báo Miền Biển",
        about: "A second regional paper: zone GMT+7, shortened wire stories.",
        host: "mienbien.example",
        path: "/mien-bien/tin-moi.rss",
        format: Format::RssShort,
        dates: Dates::GmtPlus7,
        articles: include_str!("articles/mien-bien.txt"),
        ..PLAIN
    },
    Outlet {
        id: "harbour-post",
        title: "The Harbour Post",
        about: "An English paper.",
        host: "harbourpost.example",
        path: "/harbour-post/feed",
        language: "en",
        categories: &["the-gioi"],
        dates: Dates::Mail(0),
        articles: include_str!("articles/harbour-post.txt"),
        ..PLAIN
    },
    Outlet {
        id: "courrier",
        title: "Le Courrier du Fleuve",
        about: "A French paper.",
        host: "courrierdufleuve.example",
        path: "/courrier/une.xml",
        language: "fr",
        categories: &["the-gioi", "van-hoa"],
        dates: Dates::Mail(1),
        articles: include_str!("articles/courrier.txt"),
        ..PLAIN
    },
    Outlet {
        id: "chuyen-pho",
        title: "Chuyện Phố",
        about: "A podcast with enclosures.",
        host: "chuyenpho.example",
        path: "/chuyen-pho/podcast.xml",
        categories: &["podcast", "van-hoa"],
        format: Format::Podcast,
        articles: include_str!("articles/chuyen-pho.txt"),
        ..PLAIN
    },
    Outlet {
        id: "nhat-ky",
        title: "Nhật ký mã nguồn",
        about: "A blog in Atom: XHTML, and links relative to xml:base.",
        host: "nhatky.example",
        path: "/nhat-ky/atom.xml",
        categories: &["cong-nghe"],
        format: Format::Atom,
        dates: Dates::Iso(7),
        articles: include_str!("articles/nhat-ky.txt"),
        ..PLAIN
    },
    Outlet {
        id: "bon-phuong",
        title: "Văn hóa Bốn Phương",
        about: "A magazine in RSS 1.0.",
        host: "bonphuong.example",
        path: "/bon-phuong/index.rdf",
        categories: &["van-hoa"],
        format: Format::Rdf,
        dates: Dates::Iso(7),
        articles: include_str!("articles/bon-phuong.txt"),
        ..PLAIN
    },
    Outlet {
        id: "tech-lantern",
        title: "Tech Lantern",
        about: "A JSON Feed.",
        host: "techlantern.example",
        path: "/tech-lantern/feed.json",
        language: "en",
        categories: &["cong-nghe", "the-gioi"],
        format: Format::Json,
        dates: Dates::Iso(0),
        articles: include_str!("articles/tech-lantern.txt"),
        ..PLAIN
    },
    Outlet {
        id: "gazette",
        title: "La Gazette des Arts",
        about: "A French magazine in windows-1252.",
        host: "gazettedesarts.example",
        path: "/gazette/rss.php",
        language: "fr",
        categories: &["van-hoa"],
        dates: Dates::Mail(1),
        conduct: Conduct::Windows1252,
        articles: include_str!("articles/gazette.txt"),
        ..PLAIN
    },
    Outlet {
        id: "tin-nhanh",
        title: "Tin Nhanh Công Nghệ",
        about: "A server with ETags: it answers 304 when nothing is new.",
        host: "tinnhanh.example",
        path: "/tin-nhanh/rss",
        categories: &["cong-nghe"],
        conduct: Conduct::Validating,
        articles: include_str!("articles/tin-nhanh.txt"),
        ..PLAIN
    },
    Outlet {
        id: "cau-cu",
        title: "Tin Cầu Cũ",
        about: "A broken feed: bare & and cut off in the midst of an item.",
        host: "caucu.example",
        path: "/cau-cu/rss.xml",
        conduct: Conduct::Truncating,
        articles: include_str!("articles/cau-cu.txt"),
        ..PLAIN
    },
    Outlet {
        id: "cham",
        title: "Tạp chí Chậm",
        about: "A slow server.",
        host: "tapchicham.example",
        path: "/cham/feed.xml",
        categories: &["van-hoa", "thoi-su"],
        conduct: Conduct::Slow,
        articles: include_str!("articles/cham.txt"),
        ..PLAIN
    },
    Outlet {
        id: "tram-loi",
        title: "Trạm Tin Lỗi",
        about: "A server that answers 500.",
        host: "tramloi.example",
        path: "/tram-loi/rss",
        conduct: Conduct::Failing,
        articles: include_str!("articles/tram-loi.txt"),
        ..PLAIN
    },
];
