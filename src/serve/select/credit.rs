//! Whether a credit line ("Theo: nhandan.vn") means an outlet.

/// Shortest name that is looked for: shorter ones turn up by chance.
const NAME_CHARS_MIN: usize = 3;

/// Tells whether one of the names stands in the line as whole words, whatever the case.
pub(super) fn names_outlet<N: AsRef<str>>(line: &str, names: &[N]) -> bool {
    let line = line.to_lowercase();
    names.iter().any(|name| {
        let name = name.as_ref().trim().to_lowercase();
        name.chars().count() >= NAME_CHARS_MIN && stands_in(&line, &name)
    })
}

fn stands_in(line: &str, name: &str) -> bool {
    line.match_indices(name).any(|(at, found)| {
        let before = line.get(..at).and_then(|text| text.chars().next_back());
        let after = line.get(at + found.len()..).and_then(|text| text.chars().next());
        let is_edge = |c: Option<char>| !c.is_some_and(char::is_alphanumeric);
        is_edge(before) && is_edge(after)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credit_names_an_outlet_by_title_alias_or_domain() {
        let cases = [
            ("domain", "Theo: nhandan.vn", "nhandan.vn", true),
            ("title", "Theo Báo Nhân Dân", "Báo Nhân Dân", true),
            ("alias in brackets", "(TTXVN)", "ttxvn", true),
            ("upper case with marks", "THEO TUỔI TRẺ", "Tuổi Trẻ", true),
            ("part of a word", "Theo: nhandan.vnexpress", "nhandan.vn", false),
            ("another", "Theo: vnexpress.net", "nhandan.vn", false),
            ("too short", "Theo AP", "AP", false),
            ("empty name", "Theo AP", "", false),
        ];
        for (case, line, name, expected) in cases {
            assert_eq!(names_outlet(line, &[name]), expected, "{case}");
        }
    }
}
