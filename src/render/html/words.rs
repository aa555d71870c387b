//! What the pages say, in English and Vietnamese.

/// The texts of the site itself.
#[derive(Debug)]
pub(super) struct Words {
    pub skip: &'static str,
    pub menu: &'static str,
    pub latest: &'static str,
    pub dates: &'static str,
    pub categories: &'static str,
    pub sources: &'static str,
    pub nothing: &'static str,
    pub untitled: &'static str,
    pub newer: &'static str,
    pub older: &'static str,
    pub pages: &'static str,
    /// January first.
    pub months: [&'static str; 12],
    /// Monday first: short, in full.
    pub weekdays: [(&'static str, &'static str); 7],
    pub of_the_day: &'static str,
    pub whole_day: &'static str,
    pub archive: &'static str,
    pub copy: &'static str,
    pub follow: &'static str,
    pub feed_is: &'static str,
    pub source: &'static str,
    pub by: &'static str,
    pub read_at: &'static str,
    pub website: &'static str,
    pub carried_by: &'static str,
    pub original: &'static str,
    pub more_of: &'static str,
    pub news_of: &'static str,
    pub files: &'static str,
    pub picture: &'static str,
    pub recording: &'static str,
    pub made_by: &'static str,
    pub all_feeds: &'static str,
    pub home: &'static str,
    /// Heading and explanation.
    pub not_found: (&'static str, &'static str),
    pub gone: (&'static str, &'static str),
    pub unavailable: (&'static str, &'static str),
    pub failed: (&'static str, &'static str),
}

const ENGLISH: Words = Words {
    skip: "Skip to the news",
    menu: "Sections",
    latest: "Latest news",
    dates: "News by date",
    categories: "Categories",
    sources: "Sources",
    nothing: "Nothing has been published here yet.",
    untitled: "Untitled",
    newer: "Newer",
    older: "Older",
    pages: "Other pages",
    months: [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ],
    weekdays: [
        ("Mo", "Monday"),
        ("Tu", "Tuesday"),
        ("We", "Wednesday"),
        ("Th", "Thursday"),
        ("Fr", "Friday"),
        ("Sa", "Saturday"),
        ("Su", "Sunday"),
    ],
    of_the_day: "This day by category",
    whole_day: "All news of the day",
    archive: "archive page",
    copy: "One click selects a whole address.",
    follow: "Follow this page",
    feed_is: "A feed lets a reader app fetch the news for you: no account, no tracking, newest \
              first. Copy one of these addresses into any feed reader.",
    source: "Source",
    by: "By",
    read_at: "Read the article at",
    website: "Website of the publisher",
    carried_by: "Also carried by",
    original: "the original",
    more_of: "More of",
    news_of: "News of",
    files: "Files",
    picture: "Picture",
    recording: "Recording",
    made_by: "Headlines and texts belong to their publishers.",
    all_feeds: "All feeds (OPML)",
    home: "To the front page",
    not_found: ("Page not found", "There is nothing at this address. It may be mistyped."),
    gone: ("No longer here", "What was at this address has been removed for good."),
    unavailable: ("Back in a moment", "The news cannot be read just now. Please try again soon."),
    failed: ("Something went wrong", "The page could not be made. The operator has been told."),
};

const VIETNAMESE: Words = Words {
    skip: "Đến phần tin tức",
    menu: "Chuyên mục",
    latest: "Tin mới nhất",
    dates: "Tin theo ngày",
    categories: "Chuyên mục",
    sources: "Nguồn tin",
    nothing: "Chưa có tin nào ở đây.",
    untitled: "Không có tiêu đề",
    newer: "Mới hơn",
    older: "Cũ hơn",
    pages: "Trang khác",
    months: [
        "Tháng 1",
        "Tháng 2",
        "Tháng 3",
        "Tháng 4",
        "Tháng 5",
        "Tháng 6",
        "Tháng 7",
        "Tháng 8",
        "Tháng 9",
        "Tháng 10",
        "Tháng 11",
        "Tháng 12",
    ],
    weekdays: [
        ("T2", "Thứ Hai"),
        ("T3", "Thứ Ba"),
        ("T4", "Thứ Tư"),
        ("T5", "Thứ Năm"),
        ("T6", "Thứ Sáu"),
        ("T7", "Thứ Bảy"),
        ("CN", "Chủ Nhật"),
    ],
    of_the_day: "Trong ngày, theo chuyên mục",
    whole_day: "Mọi tin trong ngày",
    archive: "trang lưu trữ",
    copy: "Bấm một lần để chọn cả địa chỉ.",
    follow: "Theo dõi trang này",
    feed_is: "Nguồn cấp tin (feed) để ứng dụng đọc tin tự lấy tin mới cho bạn: không cần \
              tài khoản, không theo dõi, tin mới ở trên. Hãy chép một trong các địa chỉ này vào ứng dụng đọc tin.",
    source: "Nguồn",
    by: "Tác giả:",
    read_at: "Đọc bài tại",
    website: "Trang của nhà xuất bản",
    carried_by: "Cũng đăng tại",
    original: "bản gốc",
    more_of: "Cùng chuyên mục",
    news_of: "Tin ngày",
    files: "Tệp đính kèm",
    picture: "Hình",
    recording: "Bản ghi",
    made_by: "Tiêu đề và nội dung thuộc về các nhà xuất bản.",
    all_feeds: "Mọi nguồn cấp tin (OPML)",
    home: "Về trang đầu",
    not_found: ("Không tìm thấy trang", "Không có gì ở địa chỉ này. Có thể địa chỉ bị gõ sai."),
    gone: ("Không còn ở đây", "Nội dung ở địa chỉ này đã được gỡ bỏ."),
    unavailable: ("Xin chờ giây lát", "Hiện chưa đọc được tin. Xin thử lại sau ít phút."),
    failed: ("Có lỗi xảy ra", "Không tạo được trang. Người vận hành đã được báo."),
};

/// Returns the texts in a language, English when it is not spoken here.
pub(super) fn words(language: &str) -> &'static Words {
    if is_vietnamese(language) { &VIETNAMESE } else { &ENGLISH }
}

/// Tells whether a language is spoken here.
pub(super) fn is_spoken(language: &str) -> bool {
    matches!(primary(language).as_str(), "en" | "vi")
}

/// Tells whether Vietnamese is spoken.
pub(super) fn is_vietnamese(language: &str) -> bool {
    primary(language) == "vi"
}

fn primary(language: &str) -> String {
    language.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase()
}
