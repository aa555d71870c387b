//! What certificates are trusted: those of the system, Mozilla's when there are none, and the operator's own besides.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use hyper_rustls::ConfigBuilderExt;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

use super::FetchSetupError;

/// Where systems keep the bundle of their authorities.
const BUNDLES: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// Makes the TLS settings of a client, without ALPN.
pub(super) fn config(ca_file: Option<&Path>) -> Result<ClientConfig, FetchSetupError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| FetchSetupError::Tls { source: Box::new(error) })?;
    let mut roots = RootCertStore::empty();
    if let Some(bundle) = system_bundle() {
        // A bundle that cannot be read counts as none: Mozilla's roots stand in for it.
        roots.add_parsable_certificates(certificates(&bundle).unwrap_or_default());
    }
    let Some(path) = ca_file else {
        let builder = if roots.is_empty() {
            builder.with_webpki_roots()
        } else {
            builder.with_root_certificates(roots)
        };
        return Ok(builder.with_no_client_auth());
    };
    for certificate in certificates(path)? {
        roots.add(certificate).map_err(|error| unusable(path, error.into()))?;
    }
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

fn system_bundle() -> Option<PathBuf> {
    let named = std::env::var_os("SSL_CERT_FILE").map(PathBuf::from);
    named.into_iter().chain(BUNDLES.map(PathBuf::from)).find(|path| path.is_file())
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, FetchSetupError> {
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
    let found: Vec<_> = read.map_err(|error| unusable(path, error.into()))?;
    if found.is_empty() {
        return Err(unusable(path, "no certificate in it".into()));
    }
    Ok(found)
}

fn unusable(path: &Path, source: super::connect::BoxError) -> FetchSetupError {
    FetchSetupError::CaFile { path: path.to_path_buf(), source }
}
