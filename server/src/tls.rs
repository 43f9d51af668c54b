//! TLS of our own, for those without a proxy: a certificate and its key out of files, read again when
//! they change, so that a renewed certificate needs no restart.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio_rustls::TlsAcceptor;

/// How often the files are looked at.
pub(crate) const LOOK_AGAIN: Duration = Duration::from_secs(10);

/// Why there is no TLS.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TlsError {
    /// A file cannot be read.
    #[error("{file} cannot be read: {error}")]
    File {
        /// The file.
        file: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// The certificates are none.
    #[error("{0} holds no certificate in PEM")]
    NoCertificate(PathBuf),
    /// The key is none.
    #[error("{0} holds no private key in PEM")]
    NoKey(PathBuf),
    /// They do not fit.
    #[error("the certificate and the key cannot be used together: {0}")]
    Unfit(#[from] rustls::Error),
}

/// The two files, and what they held when they were last read.
#[derive(Debug)]
pub(crate) struct Identity {
    certificate: PathBuf,
    key: PathBuf,
    now: RwLock<Held>,
}

#[derive(Clone, Debug)]
struct Held {
    /// When the files had been written.
    written: [Option<SystemTime>; 2],
    pair: Arc<CertifiedKey>,
}

impl Identity {
    /// Reads both files.
    pub(crate) fn read(certificate: &Path, key: &Path) -> Result<Arc<Self>, TlsError> {
        let now = held(certificate, key)?;
        Ok(Arc::new(Self {
            certificate: certificate.to_owned(),
            key: key.to_owned(),
            now: RwLock::new(now),
        }))
    }

    /// What takes connections with it.
    pub(crate) fn acceptor(self: &Arc<Self>) -> Result<TlsAcceptor, TlsError> {
        let provider = Arc::new(ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(self.clone());
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(TlsAcceptor::from(Arc::new(config)))
    }

    /// Reads the files again where they have changed; answers whether what is shown changed.
    /// What cannot be used is told, and the old pair stays: a half-written file must not end service.
    pub(crate) fn renew(&self) -> Result<bool, TlsError> {
        let old = self.held();
        if old.written == [written(&self.certificate), written(&self.key)] {
            return Ok(false);
        }
        let new = held(&self.certificate, &self.key)?;
        *self.now.write().unwrap_or_else(PoisonError::into_inner) = new;
        Ok(true)
    }

    fn held(&self) -> Held {
        let now = self.now.read().unwrap_or_else(PoisonError::into_inner);
        now.clone()
    }
}

impl ResolvesServerCert for Identity {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.held().pair)
    }
}

fn written(file: &Path) -> Option<SystemTime> {
    std::fs::metadata(file).and_then(|m| m.modified()).ok()
}

fn held(certificate: &Path, key: &Path) -> Result<Held, TlsError> {
    // Before they are read: what is written meanwhile is then read once more.
    let written = [written(certificate), written(key)];
    let bytes = |file: &Path| {
        std::fs::read(file).map_err(|error| TlsError::File {
            file: file.to_owned(),
            error,
        })
    };
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes(certificate)?).collect();
    let chain = chain.unwrap_or_default();
    if chain.is_empty() {
        return Err(TlsError::NoCertificate(certificate.to_owned()));
    }
    let private =
        PrivateKeyDer::from_pem_slice(&bytes(key)?).map_err(|_| TlsError::NoKey(key.to_owned()))?;
    let pair = CertifiedKey::from_der(chain, private, &ring::default_provider())?;
    Ok(Held {
        written,
        pair: Arc::new(pair),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::listen::{Patience, serve};
    use axum::Router;
    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;
    use tokio_util::sync::CancellationToken;

    /// Writes a self-made certificate and its key; answers the certificate.
    fn write(folder: &Path, name: &str) -> String {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let certificate = made.cert.pem();
        std::fs::write(folder.join(format!("{name}.crt")), &certificate).unwrap();
        std::fs::write(
            folder.join(format!("{name}.key")),
            made.signing_key.serialize_pem(),
        )
        .unwrap();
        certificate
    }

    /// What somebody is answered who believes that certificate and no other.
    async fn ask(port: u16, certificate: &str) -> Result<String, reqwest::Error> {
        let trust = crate::trust::Trust::Own(certificate.to_owned());
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(trust.config().unwrap())
            .no_proxy()
            .build()?;
        let answer = client
            .get(format!("https://localhost:{port}/"))
            .send()
            .await?;
        answer.text().await
    }

    /// What somebody is answered who sends that head without TLS.
    async fn in_the_open(port: u16, head: &str) -> String {
        let plain = tokio::net::TcpStream::connect(("127.0.0.1", port)).await;
        let mut plain = plain.unwrap();
        let head = format!("{head}\r\nconnection: close\r\n\r\n");
        plain.write_all(head.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        // A reset is an answer too.
        let _ = plain.read_to_end(&mut answer).await;
        String::from_utf8_lossy(&answer).into_owned()
    }

    #[tokio::test]
    async fn https_is_served_and_a_renewed_certificate_is_shown_without_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let first = write(folder.path(), "a");
        let (certificate, key) = (folder.path().join("a.crt"), folder.path().join("a.key"));
        let identity = Identity::read(&certificate, &key).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let encrypted = async |request: axum::extract::Request| {
            let about = request.extensions().get::<crate::guard::Connection>();
            about.unwrap().encrypted.to_string()
        };
        let router = Router::new().route("/", get(encrypted));
        let stopping = CancellationToken::new();
        let tls = Some(identity.acceptor().unwrap());
        let task = tokio::spawn(serve(
            listener,
            router,
            tls,
            Patience::default(),
            stopping.clone(),
        ));
        assert_eq!(ask(port, &first).await.unwrap(), "true");
        // Who speaks no TLS is sent to where it is spoken, reaches nothing, and disturbs nobody.
        let moved = in_the_open(
            port,
            "GET /runway?a=1 HTTP/1.1\r\nhost: hub.example.org:8443",
        )
        .await;
        assert!(moved.starts_with("HTTP/1.1 301 "), "{moved}");
        let to = "location: https://hub.example.org:8443/runway?a=1\r\n";
        assert!(moved.contains(to), "{moved}");
        for refused in [
            "POST /auth/sign-in HTTP/1.1\r\nhost: x\r\ncontent-length: 0",
            "GET / HTTP/1.0",
        ] {
            let answer = in_the_open(port, refused).await;
            assert!(answer.contains(" 403 "), "{answer}");
            assert!(!answer.contains("location"), "{answer}");
        }
        assert!(!in_the_open(port, "\u{1}\u{2}").await.contains("true"));
        assert!(!identity.renew().unwrap());

        // Half of a renewal: the old pair stays.
        let later = written(&certificate).unwrap() + Duration::from_secs(5);
        let second = write(folder.path(), "b");
        std::fs::copy(folder.path().join("b.crt"), &certificate).unwrap();
        std::fs::File::open(&certificate)
            .unwrap()
            .set_modified(later)
            .unwrap();
        assert!(identity.renew().is_err());
        assert_eq!(ask(port, &first).await.unwrap(), "true");
        std::fs::copy(folder.path().join("b.key"), &key).unwrap();
        assert!(identity.renew().unwrap());
        assert_eq!(ask(port, &second).await.unwrap(), "true");
        assert!(ask(port, &first).await.is_err());
        stopping.cancel();
        task.await.unwrap();
    }

    #[test]
    fn what_is_wrong_with_the_files_is_told_without_what_stands_in_them() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "a");
        write(folder.path(), "b");
        let at = |name: &str| folder.path().join(name);
        for (certificate, key, words) in [
            ("none.crt", "a.key", "cannot be read"),
            ("a.key", "a.key", "holds no certificate"),
            ("a.crt", "b.crt", "holds no private key"),
            ("a.crt", "b.key", "cannot be used together"),
        ] {
            let error = Identity::read(&at(certificate), &at(key))
                .unwrap_err()
                .to_string();
            assert!(error.contains(words), "{error}");
        }
    }
}
