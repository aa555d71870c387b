//! The style sheet, with the operator's colour made legible in both schemes (WCAG 1.4.3: 4.5 to 1).

/// The one style sheet.
const SHEET: &str = include_str!("../assets/feedmill.css");
/// Background in the light scheme; `assets/feedmill.css` has the same.
const LIGHT: [u8; 3] = [0xfd, 0xfc, 0xf9];
/// Background in the dark scheme.
const DARK: [u8; 3] = [0x16, 0x18, 0x1a];
/// Default of `[site] accent`.
const ACCENT: [u8; 3] = [0x0a, 0x6e, 0x4f];
/// The least contrast of text.
const CONTRAST_MIN: f64 = 4.5;

/// A style sheet and its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Style {
    /// The text.
    pub css: String,
    /// Path under the base URL: it changes with the text, so that the text may be kept for ever.
    pub path: String,
    /// The part of the path that changes.
    pub hash: String,
}

/// Returns the style sheet with this colour (`#rrggbb`).
pub fn style(accent: &str) -> Style {
    let accent = read(accent).unwrap_or(ACCENT);
    let css = SHEET
        .replace("#accent-light", &write(legible(accent, LIGHT, 0x00)))
        .replace("#accent-dark", &write(legible(accent, DARK, 0xff)));
    let hash: String = blake3::hash(css.as_bytes()).to_hex().chars().take(16).collect();
    Style { path: format!("/static/feedmill.{hash}.css"), css, hash }
}

/// Path of the icon under the base URL.
pub const ICON_PATH: &str = "/favicon.svg";

/// Returns the icon in this colour: many lines that become one column.
pub fn icon(accent: &str) -> String {
    let ground = write(legible(read(accent).unwrap_or(ACCENT), [0xff; 3], 0x00));
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 32 32\">\
         <rect width=\"32\" height=\"32\" rx=\"6\" fill=\"{ground}\"/>\
         <path d=\"M6 8h8l6 8h6M6 16h20M6 24h8l6-8\" fill=\"none\" stroke=\"#fff\" \
         stroke-width=\"3\" stroke-linecap=\"round\" stroke-linejoin=\"round\"/></svg>\n"
    )
}

fn read(text: &str) -> Option<[u8; 3]> {
    let hex = text.strip_prefix('#').filter(|hex| hex.len() == 6 && hex.is_ascii())?;
    let channel = |at: usize| u8::from_str_radix(hex.get(at..at + 2)?, 16).ok();
    Some([channel(0)?, channel(2)?, channel(4)?])
}

fn write([red, green, blue]: [u8; 3]) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}

/// Moves a colour towards black (0) or white (255) until it can be read on `background`.
fn legible(colour: [u8; 3], background: [u8; 3], towards: u8) -> [u8; 3] {
    let mixed = |step: u16| {
        colour.map(|channel| {
            let mix = (u16::from(channel) * (20 - step) + u16::from(towards) * step) / 20;
            u8::try_from(mix).unwrap_or(towards)
        })
    };
    let is_legible = |colour: &[u8; 3]| contrast(*colour, background) >= CONTRAST_MIN;
    (0..=20).map(mixed).find(is_legible).unwrap_or([towards; 3])
}

/// WCAG 2.2, "contrast ratio".
fn contrast(one: [u8; 3], other: [u8; 3]) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

/// WCAG 2.2, "relative luminance".
fn luminance(colour: [u8; 3]) -> f64 {
    let [red, green, blue] = colour.map(|channel| {
        let value = f64::from(channel) / 255.0;
        if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    });
    0.2126 * red + 0.7152 * green + 0.0722 * blue
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contrast_is_that_of_wcag() {
        assert!((contrast([0; 3], [255; 3]) - 21.0).abs() < 1e-9);
        assert!((contrast([0x77; 3], [255; 3]) - 4.478).abs() < 1e-3, "#777 on white just fails");
    }

    #[test]
    fn any_accent_is_legible_in_both_schemes() {
        for accent in ["#0a6e4f", "#ffff00", "#000000", "#ffffff", "#0000ff", "#7f7f7f", "nonsense"]
        {
            let colour = read(accent).unwrap_or(ACCENT);
            for (background, towards) in [(LIGHT, 0), (DARK, 255)] {
                let seen = contrast(legible(colour, background, towards), background);
                assert!(seen >= CONTRAST_MIN, "{accent} on {background:?}: {seen}");
            }
        }
        assert_eq!(write(legible(ACCENT, LIGHT, 0)), "#0a6e4f", "a good colour is left alone");
    }

    #[test]
    fn the_sheet_is_small_whole_and_named_by_its_content() {
        let (one, other) = (style("#0a6e4f"), style("#aa0000"));
        assert!(one.css.len() <= 8 << 10, "{} bytes", one.css.len());
        assert!(!one.css.contains("#accent"));
        assert!(!one.css.contains("url(") && !one.css.contains("@import"), "no outside request");
        assert_ne!(one.path, other.path);
        assert_eq!(one.path, format!("/static/feedmill.{}.css", one.hash));
        for colour in [LIGHT, DARK] {
            assert!(one.css.contains(&write(colour)), "the sheet has the background reckoned with");
        }
    }
}
