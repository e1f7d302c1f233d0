//! What went wrong with a call: one sentence that names the action and the object, and what to do next.

use std::fmt;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::display::DisplayErrorContext;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

/// A failed call, without the SDK's types.
#[derive(Clone, Debug)]
pub struct AwsError {
    /// As IAM names it, for example `iot:CreateThing`.
    pub action: &'static str,
    /// What it was about, usually an address.
    pub subject: String,
    pub cause: Cause,
}

#[derive(Clone, Debug)]
pub enum Cause {
    /// AWS answered with an error.
    Service { code: String, message: String, status: u16 },
    /// No answer: the connection failed or broke. The change may have been made.
    NoAnswer { message: String, refused: bool },
    /// No usable credentials were found, so nothing was sent.
    NoCredentials { message: String },
    /// The request could not be built, or the answer could not be read.
    Malformed { message: String },
}

const NOT_FOUND: &[&str] = &[
    "ResourceNotFoundException",
    "NoSuchEntity",
    "NoSuchEntityException",
    "NotFound",
    "NotFoundException",
    "ResourceNotFound",
];

impl AwsError {
    pub fn from_sdk<E>(action: &'static str, subject: &str, error: SdkError<E, HttpResponse>) -> AwsError
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        let cause = match &error {
            // An answer of success that does not fit the model.
            SdkError::ServiceError(answer) if answer.raw().status().is_success() => {
                Cause::Malformed { message: format!("the answer could not be read: {}", chain(answer.err())) }
            }
            SdkError::ServiceError(answer) => Cause::Service {
                code: answer.err().code().unwrap_or("Unknown").to_owned(),
                message: answer.err().message().unwrap_or_default().to_owned(),
                status: answer.raw().status().as_u16(),
            },
            SdkError::DispatchFailure(_) | SdkError::TimeoutError(_) => {
                let message = DisplayErrorContext(&error).to_string();
                match message.contains("credentials") || message.contains("CredentialsNotLoaded") {
                    true => Cause::NoCredentials { message: short(&message) },
                    false => Cause::NoAnswer { refused: unreachable(&message), message: short(&message) },
                }
            }
            SdkError::ResponseError(answer) if answer.raw().status().is_server_error() => Cause::Service {
                code: "InternalFailure".into(),
                message: "an answer that is not an error document".into(),
                status: answer.raw().status().as_u16(),
            },
            SdkError::ResponseError(_) => {
                let message = DisplayErrorContext(&error).to_string();
                Cause::NoAnswer { refused: false, message: short(&message) }
            }
            _ => Cause::Malformed { message: short(&DisplayErrorContext(&error).to_string()) },
        };
        AwsError { action, subject: subject.to_owned(), cause }
    }

    pub fn code(&self) -> &str {
        match &self.cause {
            Cause::Service { code, .. } => code,
            _ => "",
        }
    }

    pub fn message(&self) -> &str {
        match &self.cause {
            Cause::Service { message, .. }
            | Cause::NoAnswer { message, .. }
            | Cause::NoCredentials { message }
            | Cause::Malformed { message } => message,
        }
    }

    pub fn is_not_found(&self) -> bool {
        NOT_FOUND.contains(&self.code())
    }

    /// The object exists already: a creation that was answered before, or a foreign object.
    pub fn is_already_exists(&self) -> bool {
        matches!(self.code(), "ResourceAlreadyExistsException" | "EntityAlreadyExists" | "EntityAlreadyExistsException")
            || (self.action == "lambda:CreateFunction" && self.code() == "ResourceConflictException")
    }

    /// Whether the call makes an object of Device Defender Detect.
    fn is_about_detect(&self) -> bool {
        ["iot:CreateSecurityProfile", "iot:CreateCustomMetric", "iot:CreateDimension"].contains(&self.action)
    }

    /// What the user can do, where that is clear from the code.
    fn next_step(&self) -> Option<String> {
        let step = match &self.cause {
            Cause::NoCredentials { .. } => {
                "set AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, pass --profile, or work without an account with --sandbox".into()
            }
            Cause::NoAnswer { refused: true, .. } => {
                "check --endpoint-url, --region and the network; nothing was changed by this call".into()
            }
            Cause::NoAnswer { .. } => "whether the change was made is not known; run the command again, it continues".into(),
            Cause::Malformed { .. } => return None,
            Cause::Service { message, .. } if self.is_about_detect() && speaks_of_closing(message) => DETECT_CLOSED.into(),
            Cause::Service { code, .. } => match code.as_str() {
                "ExpiredToken" | "ExpiredTokenException" | "RequestExpired" => {
                    "sign in again (for example `aws sso login`) and repeat the command".into()
                }
                "UnrecognizedClientException" | "InvalidClientTokenId" | "SignatureDoesNotMatch"
                | "InvalidSignatureException" | "IncompleteSignature" | "MissingAuthenticationToken" => {
                    "check the access key, the secret and the profile in use".into()
                }
                "AccessDenied" | "AccessDeniedException" | "AuthorizationError" | "AuthorizationErrorException"
                | "NotAuthorized" | "UnauthorizedException" => {
                    let allow = format!("allow {} for the caller, or use a profile that has it", self.action);
                    // How AWS refuses an account without Detect is not published.
                    if self.is_about_detect() { format!("{allow}. If it is allowed: {DETECT_CLOSED}") } else { allow }
                }
                "RegistrationCodeValidationException" => {
                    "sign a certificate with the CA's key whose common name is what `aws iot get-registration-code` \
                     prints for this account and region, and name it as `verificationPemFile`"
                        .into()
                }
                "LimitExceededException" if self.action == "iot:CreateDimension" => {
                    "an account has at most ten dimensions in a region, and AWS does not raise that; reuse one".into()
                }
                _ => return None,
            },
        };
        Some(step)
    }
}

/// Device Defender developer guide, "Detect availability change".
const DETECT_CLOSED: &str = "AWS takes no new customers for Detect since 2026-08-31; where the account does not have it, \
     leave `securityProfiles`, `customMetrics` and `dimensions` out, and evaluate behaviours with `fleetctl simulate`";

fn speaks_of_closing(message: &str) -> bool {
    let message = message.to_lowercase();
    ["new customer", "not available", "no longer available", "not supported for this account"]
        .iter()
        .any(|sign| message.contains(sign))
}

impl fmt::Display for AwsError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} for {} failed: ", self.action, self.subject)?;
        match &self.cause {
            Cause::Service { code, message, status } if message.is_empty() => {
                write!(formatter, "{code} (HTTP {status})")?
            }
            Cause::Service { code, message, .. } => write!(formatter, "{code}: {}", message.trim_end_matches('.'))?,
            Cause::NoAnswer { message, refused: true } => {
                write!(formatter, "the endpoint cannot be reached ({message})")?
            }
            Cause::NoAnswer { message, .. } => {
                write!(formatter, "the connection broke before an answer came ({message})")?
            }
            Cause::NoCredentials { message } => write!(formatter, "no AWS credentials were found ({message})")?,
            Cause::Malformed { message } => formatter.write_str(message)?,
        }
        match self.next_step() {
            Some(step) => write!(formatter, "; {step}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for AwsError {}

/// An error with its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(&format!(": {cause}"));
        source = cause.source();
    }
    text
}

fn unreachable(message: &str) -> bool {
    [
        "onnection refused",
        "dns error",
        "failed to lookup",
        "No route",
        "etwork is unreachable",
        "timed out",
        "HTTP connect timeout",
    ]
    .iter()
    .any(|sign| message.contains(sign))
}

/// The heart of a chain of causes: SDK error contexts repeat themselves and end in debug output.
fn short(message: &str) -> String {
    let text = message.split(" (DispatchFailure").next().unwrap_or(message);
    let last = text.rsplit(": ").find(|part| part.len() > 3 && !part.contains('{')).unwrap_or(text);
    last.chars().take(200).collect()
}

/// A read of something that may not be there.
pub trait Optional<T> {
    fn optional(self) -> Result<Option<T>, AwsError>;
}

impl<T> Optional<T> for Result<T, AwsError> {
    fn optional(self) -> Result<Option<T>, AwsError> {
        match self {
            Ok(value) => Ok(Some(value)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }
}
