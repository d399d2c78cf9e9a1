//! The AWS clients' one foundation: TLS over ring with Amazon's own roots embedded, credentials from the function's environment.
//!
//! Each of these was measured: AWS-LC costs 35 ms of CPU at the first TLS call, the system's CA bundle 1 ms, the whole credential chain a
//! megabyte.

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

/// Amazon Trust Services' roots: all that a call to AWS needs to trust.
const AMAZON_ROOTS: &str = include_str!("amazon-roots.pem");
const LARGEST_DOCUMENT: usize = 256 * 1024;

/// The SDK's own client makes a connector, roots and all, to see that it can, and another for its first request: 4 % of a cold start's
/// instructions. A function has one set of settings, so one connector does.
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

/// One for all of a process's clients.
static HTTP_CLIENT: OnceLock<SharedHttpClient> = OnceLock::new();

/// As every AWS SDK does, `AWS_CA_BUNDLE` replaces the roots, and `AWS_ENDPOINT_URL` and `AWS_ENDPOINT_URL_<SERVICE>` the endpoints.
#[allow(clippy::disallowed_methods, reason = "the SDK's own environment, read once at start")]
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
        // A request that hangs is worth more tried again than waited for; a function answers within seconds.
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

/// S3 guards what it is sent with checksums of the SDK's choice. A presigned upload is sent by somebody else, who would have to know
/// the image's before they may ask. Its buckets are host names, but for an endpoint of somebody's own.
pub fn s3_config() -> aws_sdk_s3::Config {
    let config = sdk_config("S3");
    aws_sdk_s3::config::Builder::from(&config)
        .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
        .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
        .force_path_style(config.endpoint_url().is_some())
        .build()
}

/// A plain GET of a JSON document, for an issuer's keys. It trusts what the system trusts: the issuer may be anybody.
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
        let request = HttpRequest::get(url).map_err(|e| format!("{url} is no URL: {e}"))?;
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
        if bytes.len() > LARGEST_DOCUMENT {
            return Err(format!("{url} answered with more than a set of keys"));
        }
        serde_json::from_slice(&bytes).map_err(|e| format!("{url} did not answer with a set of keys: {e}"))
    }
}

impl Default for HttpFetch {
    fn default() -> Self {
        Self::new()
    }
}
