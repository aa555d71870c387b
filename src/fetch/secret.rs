//! Credentials of a source: read when they are needed, sent to the source's own origin, never shown.
//!
//! Standards: RFC 7617 (Basic), RFC 6750 §2.1 (Bearer).

use std::path::{Path, PathBuf};

use http::HeaderValue;

use super::trouble::Trouble;
use crate::model::outcome::FailureKind;
use crate::model::source::Source;

/// Longest secret file, in bytes.
const SECRET_BYTES_MAX: u64 = 64 * 1_024;

/// Returns the `Authorization` of a source: from its `secret_file`, else from the user info of its URL.
pub(super) async fn authorization(source: &Source) -> Result<Option<HeaderValue>, Trouble> {
    if let Some(path) = &source.secret_file {
        let secret = read(&located(path)).await.map_err(|reason| unusable(path, &reason))?;
        let value = from_secret(secret.trim());
        return value.map(Some).ok_or_else(|| unusable(path, "neither user:password nor Bearer …"));
    }
    let user = percent_decoded(source.url.username());
    let password = percent_decoded(source.url.password().unwrap_or_default());
    if user.is_empty() && password.is_empty() {
        return Ok(None);
    }
    Ok(basic(&user, &password))
}

/// Returns a Basic credential, marked so that nobody prints it.
pub(super) fn basic(user: &str, password: &str) -> Option<HeaderValue> {
    sensitive(&format!("Basic {}", base64(format!("{user}:{password}").as_bytes())))
}

/// Decodes `%XX`; what is no escape stays as it is.
pub(super) fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let escaped = after
            .get(..2)
            .filter(|_| byte == b'%')
            .and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        bytes.push(escaped.unwrap_or(byte));
        rest = if escaped.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn from_secret(secret: &str) -> Option<HeaderValue> {
    if secret.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case("bearer ")) {
        return sensitive(secret);
    }
    let (user, password) = secret.split_once(':')?;
    basic(user, password)
}

fn sensitive(value: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(value).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// Prefers a file of the same name among the credentials that systemd passes (systemd.exec(5), `LoadCredential=`).
fn located(path: &Path) -> PathBuf {
    let passed = std::env::var_os("CREDENTIALS_DIRECTORY")
        .and_then(|directory| Some(Path::new(&directory).join(path.file_name()?)));
    passed.filter(|passed| passed.is_file()).unwrap_or_else(|| path.to_path_buf())
}

async fn read(path: &Path) -> Result<String, String> {
    let facts = tokio::fs::metadata(path).await.map_err(|error| error.to_string())?;
    if !facts.is_file() || facts.len() > SECRET_BYTES_MAX {
        return Err(format!("no regular file of at most {SECRET_BYTES_MAX} bytes"));
    }
    tokio::fs::read_to_string(path).await.map_err(|error| error.to_string())
}

fn unusable(path: &Path, reason: &str) -> Trouble {
    let line = format!("failed to use secret_file `{}`: {reason}", path.display());
    Trouble::new(FailureKind::Network, line)
}

/// RFC 4648 §4.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let letter = |bits: u32| {
        let index = usize::try_from(bits & 63).unwrap_or(0);
        ALPHABET.get(index).map_or('A', |byte| char::from(*byte))
    };
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let octet = |index: usize| u32::from(group.get(index).copied().unwrap_or(0));
        let bits = octet(0) << 16 | octet(1) << 8 | octet(2);
        let letters = [letter(bits >> 18), letter(bits >> 12), letter(bits >> 6), letter(bits)];
        let used = group.len() + 1;
        text.extend(letters.iter().take(used));
        text.extend(std::iter::repeat_n('=', 4 - used));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_follows_the_vectors_of_rfc_4648() {
        let cases = [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ];
        for (plain, expected) in cases {
            assert_eq!(base64(plain.as_bytes()), expected, "{plain}");
        }
    }

    #[test]
    fn percent_escapes_are_decoded_and_others_kept() {
        let cases = [("a%40b", "a@b"), ("%C3%A9", "é"), ("100%", "100%"), ("%zz", "%zz"), ("", "")];
        for (text, expected) in cases {
            assert_eq!(percent_decoded(text), expected, "{text}");
        }
    }

    #[test]
    fn a_secret_is_basic_or_bearer() {
        // RFC 7617 §2: Aladdin.
        let cases = [
            ("Aladdin:open sesame", Some("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==")),
            ("user:", Some("Basic dXNlcjo=")),
            ("Bearer abc.def", Some("Bearer abc.def")),
            ("bearer abc", Some("bearer abc")),
            ("no credential", None),
            ("Bearer line\nbreak", None),
        ];
        for (secret, expected) in cases {
            let value = from_secret(secret);
            assert!(value.iter().all(HeaderValue::is_sensitive), "{secret}");
            let value = value.map(|value| value.to_str().unwrap().to_owned());
            assert_eq!(value.as_deref(), expected, "{secret}");
        }
    }
}
