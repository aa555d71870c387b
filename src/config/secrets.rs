//! The credentials of a source, read from its `secret_file`; never from the configuration itself.
//!
//! Standards: RFC 7617 (Basic: the user holds no colon), RFC 6750 §2.1 (Bearer).

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// The longest secret file.
pub const SECRET_BYTES_MAX: u64 = 8_192;

/// What a secret file holds. Its `Debug` shows no value.
#[derive(Clone, PartialEq, Eq)]
pub enum Secret {
    /// `user:password`.
    Basic {
        /// Before the first colon.
        user: String,
        /// After it.
        password: String,
    },
    /// `Bearer …`.
    Bearer {
        /// Without the word.
        token: String,
    },
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Basic { .. } => "Basic(***)",
            Self::Bearer { .. } => "Bearer(***)",
        })
    }
}

/// Why a secret file is of no use. Either way the source is polled without it, or not at all.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// It cannot be read.
    #[error("failed to read the secret file {}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It holds something else.
    #[error("{} holds neither `user:password` nor `Bearer …` on its one line", path.display())]
    Shape {
        /// Which.
        path: PathBuf,
    },
}

/// Reads a secret file.
pub fn read_secret(path: &Path) -> Result<Secret, SecretError> {
    let failed = |source| SecretError::Read { path: path.to_owned(), source };
    let file = File::open(path).map_err(failed)?;
    let mut text = String::new();
    file.take(SECRET_BYTES_MAX + 1).read_to_string(&mut text).map_err(failed)?;
    let is_short = u64::try_from(text.len()).is_ok_and(|bytes| bytes <= SECRET_BYTES_MAX);
    let parsed = if is_short { parse(&text) } else { None };
    parsed.ok_or_else(|| SecretError::Shape { path: path.to_owned() })
}

fn parse(text: &str) -> Option<Secret> {
    let line = text.trim_end_matches(['\r', '\n']);
    if line.contains(char::is_control) {
        return None;
    }
    let word = line.get(..7).filter(|word| word.eq_ignore_ascii_case("bearer "));
    if word.is_some() {
        let token = line.get(7..).unwrap_or_default().trim();
        let is_token = !token.is_empty() && token.chars().all(|c| c.is_ascii_graphic());
        return is_token.then(|| Secret::Bearer { token: token.to_owned() });
    }
    let (user, password) = line.split_once(':')?;
    Some(Secret::Basic { user: user.to_owned(), password: password.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn basic(user: &str, password: &str) -> Option<Secret> {
        Some(Secret::Basic { user: user.to_owned(), password: password.to_owned() })
    }

    #[test]
    fn secret_files() {
        let bearer = |token: &str| Some(Secret::Bearer { token: token.to_owned() });
        let cases = [
            ("reader:s3cret\n", basic("reader", "s3cret")),
            ("reader:a:b", basic("reader", "a:b")),
            ("reader: spaced ", basic("reader", " spaced ")),
            ("reader:", basic("reader", "")),
            ("Bearer abc.def\r\n", bearer("abc.def")),
            ("bearer abc", bearer("abc")),
            ("Bearer a b", None),
            ("Bearer ", None),
            ("no colon", None),
            ("", None),
            ("two:lines\nhere", None),
        ];
        for (text, expected) in cases {
            assert_eq!(parse(text), expected, "{text:?}");
        }
    }

    #[test]
    fn debug_shows_no_secret() {
        for text in ["reader:s3cret", "Bearer s3cret"] {
            assert!(!format!("{:?}", parse(text)).contains("s3cret"));
        }
    }
}
