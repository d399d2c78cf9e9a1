//! The configuration of all AWS clients: TLS over ring, Amazon's root certificates embedded, credentials from the environment.
//!
//! Measured reasons: AWS-LC costs 35 ms of CPU at the first TLS call, loading the system's CA bundle costs 1 ms, and the full credential
//! chain adds a megabyte to the binary.

use aws_config::{
    BehaviorVersion, Region, SdkConfig, environment::EnvironmentVariableCredentialsProvider, retry::RetryConfig,
    timeout::TimeoutConfig,
};
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_s3::config::{RequestChecksumCalculation, ResponseChecksumValidation};
use aws_smithy_http_client::{
    Connector,
    tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode},
};
use aws_smithy_runtime_api::client::{
    http::{HttpConnector, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector, http_client_fn},
    orchestrator::HttpRequest,
};
use aws_smithy_types::retry::RetryMode;
use serde::de::DeserializeOwned;
use std::{env, sync::OnceLock, time::Duration};

/// The root certificates of Amazon Trust Services, which signs the certificates of all AWS endpoints.
const AMAZON_ROOTS: &str = include_str!("amazon-roots.pem");
const MAX_DOCUMENT_BYTES: usize = 256 * 1024;
/// The issuer's keys are needed within the time that a caller waits.
const LONGEST_FETCH: Duration = Duration::from_secs(5);

/// Reuses one connector for all requests, because all clients have the same settings. The SDK's own client builds a connector with all
/// roots to validate its configuration, and a second one for the first request; that took 4 % of a cold start's instructions.
fn http_client(roots: TrustStore) -> SharedHttpClient {
    let tls = TlsContext::builder().with_trust_store(roots).build();
    let connector = OnceLock::new();
    http_client_fn(move |settings, _| {
        let connect = || {
            let mut builder = Connector::builder()
                .connector_settings(settings.clone())
                .tls_provider(Provider::Rustls(CryptoMode::Ring));
            if let Ok(tls) = &tls {
                builder = builder.tls_context(tls.clone());
            }
            SharedHttpConnector::new(builder.build())
        };
        connector.get_or_init(connect).clone()
    })
}

/// Shared by all clients of the process.
static HTTP_CLIENT: OnceLock<SharedHttpClient> = OnceLock::new();

/// Reads the variables that every AWS SDK reads: `AWS_CA_BUNDLE` replaces the roots; `AWS_ENDPOINT_URL` and
/// `AWS_ENDPOINT_URL_<SERVICE>` replace the endpoints.
#[allow(clippy::disallowed_methods, reason = "the SDK's own variables, read once at start")]
pub fn sdk_config(service: &str) -> SdkConfig {
    let roots = || match env::var("AWS_CA_BUNDLE").ok().and_then(|path| std::fs::read(path).ok()) {
        Some(bundle) => TrustStore::empty().with_pem_certificate(bundle),
        None => TrustStore::empty().with_pem_certificate(AMAZON_ROOTS.as_bytes()),
    };
    let endpoint = env::var(format!("AWS_ENDPOINT_URL_{service}")).or_else(|_| env::var("AWS_ENDPOINT_URL"));
    let mut config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(env::var("AWS_REGION").ok().map(Region::new))
        .credentials_provider(SharedCredentialsProvider::new(
            EnvironmentVariableCredentialsProvider::new(),
        ))
        .http_client(HTTP_CLIENT.get_or_init(|| http_client(roots())).clone())
        // A function must answer within seconds, so a hanging request is cut off and retried.
        .retry_config(
            RetryConfig::standard()
                .with_max_attempts(3)
                .with_retry_mode(RetryMode::Standard),
        )
        .timeout_config(
            TimeoutConfig::builder()
                .connect_timeout(Duration::from_secs(1))
                .operation_attempt_timeout(Duration::from_secs(2))
                .operation_timeout(Duration::from_secs(5))
                .build(),
        );
    if let Ok(url) = endpoint {
        config = config.endpoint_url(url);
    }
    config.build()
}

/// Turns off the SDK's checksums, because a presigned URL would then demand the checksum of an image that is not known yet. Uses path
/// style if `AWS_ENDPOINT_URL` is set, because a custom endpoint may have no host name for each bucket.
pub(crate) fn s3_config() -> aws_sdk_s3::Config {
    let config = sdk_config("S3");
    aws_sdk_s3::config::Builder::from(&config)
        .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
        .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
        .force_path_style(config.endpoint_url().is_some())
        .build()
}

/// Fetches a token issuer's keys. Trusts the system's root certificates, because the issuer need not be on AWS.
pub struct HttpFetch {
    connector: Connector,
}

impl HttpFetch {
    pub fn new() -> Self {
        let settings = HttpConnectorSettings::builder()
            .connect_timeout(Duration::from_secs(2))
            .read_timeout(Duration::from_secs(3))
            .build();
        Self {
            connector: Connector::builder()
                .connector_settings(settings)
                .tls_provider(Provider::Rustls(CryptoMode::Ring))
                .build(),
        }
    }

    pub async fn json<T: DeserializeOwned>(&self, url: &str) -> Result<T, String> {
        // The connector's own limits end with the head of the answer; a body may come drop by drop.
        match tokio::time::timeout(LONGEST_FETCH, self.request(url)).await {
            Ok(answer) => answer,
            Err(_) => Err(format!("{url} did not answer within {LONGEST_FETCH:?}")),
        }
    }

    async fn request<T: DeserializeOwned>(&self, url: &str) -> Result<T, String> {
        let request = HttpRequest::get(url).map_err(|e| format!("{url} is not a URL: {e}"))?;
        let response = self
            .connector
            .call(request)
            .await
            .map_err(|e| format!("{url}: {e:?}"))?;
        if !response.status().is_success() {
            return Err(format!("{url} answered {}", response.status().as_u16()));
        }
        let body = aws_smithy_types::byte_stream::ByteStream::new(response.into_body());
        let bytes = body.collect().await.map_err(|e| format!("{url}: {e}"))?.into_bytes();
        if bytes.len() > MAX_DOCUMENT_BYTES {
            return Err(format!("{url} answered with more than {MAX_DOCUMENT_BYTES} bytes"));
        }
        serde_json::from_slice(&bytes).map_err(|e| format!("{url} did not answer with the expected JSON: {e}"))
    }
}

impl Default for HttpFetch {
    fn default() -> Self {
        Self::new()
    }
}
