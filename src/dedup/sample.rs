//! Texts for the tests of this module.

use super::{Context, Features, Names, features};
use crate::model::entry::Entry;

pub(super) const OUTLET: &str = "paper.example";

/// An article of some eighty words, with names and numbers.
pub(super) const STORY: &str = "<p>Sáng 18/11, Thủ tướng Nguyễn Văn An đã tới thăm nhà máy thép \
    Hòa Phát tại tỉnh Quảng Ngãi và làm việc với lãnh đạo địa phương về kế hoạch mở rộng sản xuất \
    trong năm tới.</p><p>Theo báo cáo, nhà máy có công suất 5,6 triệu tấn mỗi năm, tạo việc làm \
    cho hơn 12.000 lao động trong vùng. Thủ tướng yêu cầu các đơn vị liên quan bảo đảm an toàn và \
    giảm phát thải.</p><p>Chủ tịch tỉnh Trần Thị Bình cam kết hoàn thành giải phóng mặt bằng trước \
    tháng 3 để dự án kịp khởi công.</p>";

/// Another one, of the same kind, about something else.
pub(super) const OTHER: &str = "<p>The harbour authority of Port Calder said on Monday that \
    freight volumes fell 4.2 percent in October after a strike by crane operators closed two of \
    its terminals for nine days, the longest stoppage since 2009.</p><p>Chief executive Maria \
    Lund said ships had been diverted to Westhaven, and that the backlog of 3,100 containers would \
    be cleared by the end of the month.</p>";

pub(super) fn entry(title: &str, html: &str) -> Entry {
    Entry {
        title: title.to_owned(),
        content: (!html.is_empty()).then(|| html.to_owned()),
        link: Some(format!("https://{OUTLET}/a")),
        ..Entry::default()
    }
}

pub(super) fn features_of(title: &str, html: &str) -> Features {
    features(&entry(title, html), Context { names: &Names::default(), outlet: OUTLET })
}
