//! One client for each service, all from one configuration.

use std::collections::BTreeMap;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;

/// Which credentials, region and endpoints to use. What is not given here comes from the AWS SDK's own environment
/// variables and files.
#[derive(Clone, Debug, Default)]
pub struct Options {
    pub region: Option<String>,
    pub profile: Option<String>,
    /// For all services.
    pub endpoint_url: Option<String>,
    /// For single services, by the names in [`SERVICES`].
    pub endpoints: BTreeMap<String, String>,
    /// Fixed credentials, for the sandbox: access key and secret.
    pub fixed_credentials: Option<(String, String)>,
}

/// Names that `--endpoint SERVICE=URL` takes.
pub const SERVICES: &[&str] = &["cloudwatch", "iam", "iot", "lambda", "logs", "sns", "sts", "tagging"];

#[derive(Clone)]
pub struct Clients {
    pub cloudwatch: aws_sdk_cloudwatch::Client,
    pub iam: aws_sdk_iam::Client,
    pub iot: aws_sdk_iot::Client,
    pub lambda: aws_sdk_lambda::Client,
    pub logs: aws_sdk_cloudwatchlogs::Client,
    pub sns: aws_sdk_sns::Client,
    pub sts: aws_sdk_sts::Client,
    pub tagging: aws_sdk_resourcegroupstagging::Client,
    pub region: Option<String>,
}

impl Clients {
    pub async fn connect(options: &Options) -> Clients {
        let config = load(options).await;
        // Each service has its own configuration type, alike in everything that is used here.
        macro_rules! client {
            ($sdk:ident, $name:literal) => {{
                let mut builder = $sdk::config::Builder::from(&config);
                if let Some(url) = options.endpoints.get($name) {
                    builder = builder.endpoint_url(url);
                }
                $sdk::Client::from_conf(builder.build())
            }};
        }
        Clients {
            cloudwatch: client!(aws_sdk_cloudwatch, "cloudwatch"),
            iam: client!(aws_sdk_iam, "iam"),
            iot: client!(aws_sdk_iot, "iot"),
            lambda: client!(aws_sdk_lambda, "lambda"),
            logs: client!(aws_sdk_cloudwatchlogs, "logs"),
            sns: client!(aws_sdk_sns, "sns"),
            sts: client!(aws_sdk_sts, "sts"),
            tagging: client!(aws_sdk_resourcegroupstagging, "tagging"),
            region: config.region().map(|region| region.as_ref().to_owned()),
        }
    }
}

async fn load(options: &Options) -> SdkConfig {
    // Retries are ours: `patience` waits on the right errors, visibly, and on the sandbox's clock.
    let mut loader =
        aws_config::defaults(BehaviorVersion::latest()).retry_config(aws_config::retry::RetryConfig::disabled());
    if let Some(region) = &options.region {
        loader = loader.region(Region::new(region.clone()));
    }
    if let Some(profile) = &options.profile {
        loader = loader.profile_name(profile);
    }
    if let Some(url) = &options.endpoint_url {
        loader = loader.endpoint_url(url);
    }
    if let Some((key, secret)) = &options.fixed_credentials {
        loader = loader.credentials_provider(Credentials::new(key, secret, None, None, "sandbox"));
    }
    loader.load().await
}
