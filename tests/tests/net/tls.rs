//! Certificates that don't vouch for the service: not a byte of an event is sent, and the log says why.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use tempfile::TempDir;
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use crate::child::Said;
use crate::secrets::{assert_discreet, environment, talk};

/// A service behind TLS. What it could decrypt is kept.
struct Behind {
    address: SocketAddr,
    decrypted: Arc<Mutex<Vec<u8>>>,
}

/// An authority that the client trusts, because its environment says so.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    directory: TempDir,
}

impl Authority {
    fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let directory = tempfile::tempdir().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        std::fs::write(directory.path().join("ca.pem"), certificate.pem()).unwrap();
        Self { issuer: Issuer::new(params, key), directory }
    }

    fn file(&self) -> String {
        self.directory.path().join("ca.pem").display().to_string()
    }

    /// A service with a certificate for this name.
    async fn vouches_for(&self, name: &str, change: impl FnOnce(&mut CertificateParams)) -> Behind {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        change(&mut params);
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        serve(certificate.der().to_vec(), &key).await
    }

    async fn talk(&self, service: SocketAddr, directory: &Path) -> Said {
        let base = format!("https://localhost:{}", service.port());
        talk("client", directory, environment(&base, &[("SSL_CERT_FILE", &self.file())])).await
    }
}

async fn serve(certificate: Vec<u8>, key: &KeyPair) -> Behind {
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.into()], key)
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let decrypted = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&decrypted);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(connection(acceptor.clone(), stream, Arc::clone(&kept)));
        }
    });
    Behind { address, decrypted }
}

/// HTTP/2, as the hosted service speaks it. Every request gets a receipt.
async fn connection(acceptor: TlsAcceptor, stream: TcpStream, decrypted: Arc<Mutex<Vec<u8>>>) {
    let Ok(stream) = acceptor.accept(stream).await else { return };
    let Ok(mut connection) = h2::server::handshake(stream).await else { return };
    while let Some(Ok((request, mut respond))) = connection.accept().await {
        let decrypted = Arc::clone(&decrypted);
        tokio::spawn(async move {
            decrypted.lock().unwrap().extend(format!("{:?}", request.headers()).into_bytes());
            let mut body = request.into_body();
            while let Some(Ok(data)) = body.data().await {
                decrypted.lock().unwrap().extend_from_slice(&data);
            }
            let head = axum::http::Response::builder().status(202).body(()).unwrap();
            let receipt = Bytes::from_static(br#"{"accepted":true,"receipt":"rcpt_1"}"#);
            respond.send_response(head, false).unwrap().send_data(receipt, true).unwrap();
        });
    }
}

#[tokio::test]
async fn a_service_with_a_good_certificate_gets_the_events_and_nobody_else_the_key() {
    let authority = Authority::new();
    let service = authority.vouches_for("localhost", |_| {}).await;
    let directory = tempfile::tempdir().unwrap();
    let said = authority.talk(service.address, directory.path()).await;
    assert_discreet(&said);
    assert_eq!(said.stats()["destinations"][0]["delivered"], 3);
    assert!(said.err_with("h2::").next().is_some(), "HTTP/2 is what is spoken");
    let decrypted = String::from_utf8_lossy(&service.decrypted.lock().unwrap()).into_owned();
    assert_eq!(decrypted.matches("invoice.update").count(), 3);
}

/// The events are kept, and what is wrong is in the log.
#[track_caller]
fn assert_kept(said: &Said, service: &Behind, why: &str) {
    assert_discreet(said);
    let lane = &said.stats()["destinations"][0];
    assert_eq!(
        (lane["routed"].as_u64(), lane["delivered"].as_u64(), lane["dead"].as_u64()),
        (Some(3), Some(0), Some(0))
    );
    let error = lane["lastError"].as_str().unwrap();
    assert!(error.starts_with("the service could not be reached") && error.contains(why), "{error}");
    assert!(said.err_with(" WARN lodger").any(|line| line.contains(why)), "{}", said.err);
    assert_eq!(String::from_utf8_lossy(&service.decrypted.lock().unwrap()), "");
}

#[tokio::test]
async fn a_certificate_for_another_host_gets_nothing() {
    let authority = Authority::new();
    let service = authority.vouches_for("elsewhere.example", |_| {}).await;
    let directory = tempfile::tempdir().unwrap();
    let said = authority.talk(service.address, directory.path()).await;
    assert_kept(&said, &service, "not valid for name");
}

#[tokio::test]
async fn a_certificate_that_has_expired_gets_nothing() {
    let authority = Authority::new();
    let expired = |params: &mut CertificateParams| {
        params.not_before = date_time_ymd(2019, 1, 1);
        params.not_after = date_time_ymd(2020, 1, 1);
    };
    let service = authority.vouches_for("localhost", expired).await;
    let directory = tempfile::tempdir().unwrap();
    let said = authority.talk(service.address, directory.path()).await;
    assert_kept(&said, &service, "expired");
}

#[tokio::test]
async fn a_certificate_that_vouches_for_itself_gets_nothing() {
    let authority = Authority::new();
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let service = serve(params.self_signed(&key).unwrap().der().to_vec(), &key).await;
    let directory = tempfile::tempdir().unwrap();
    let said = authority.talk(service.address, directory.path()).await;
    assert_kept(&said, &service, "certificate");
}

/// Where TLS is expected and something else answers: what was sent is a greeting in which there is nothing.
#[tokio::test]
async fn a_service_that_speaks_no_tls_gets_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let received = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&received);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut buffer = vec![0; 4096];
            let read = stream.read(&mut buffer).await.unwrap_or(0);
            kept.lock().unwrap().extend_from_slice(&buffer[..read]);
            drop(tokio::io::AsyncWriteExt::write_all(&mut stream, b"HTTP/1.1 202 OK\r\n\r\n").await);
        }
    });
    let directory = tempfile::tempdir().unwrap();
    let said = Authority::new().talk(address, directory.path()).await;
    assert_discreet(&said);
    assert_eq!(said.stats()["destinations"][0]["delivered"], 0);
    let received = String::from_utf8_lossy(&received.lock().unwrap()).into_owned();
    assert!(!received.is_empty() && !received.contains("invoice") && !received.contains(crate::secrets::KEY));
}
