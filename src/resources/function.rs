//! Lambda functions, packed from a folder, with the permissions to invoke them.
//!
//! Lambda makes one change of a function at a time and refuses the next one until the last is through, so every change
//! is followed by a wait (Lambda developer guide, "Lambda function states").

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use aws_sdk_lambda::operation::get_function_configuration::GetFunctionConfigurationOutput;
use aws_sdk_lambda::types::{
    ApplicationLogLevel, Architecture, Environment, EphemeralStorage, FunctionCode, FunctionConfiguration,
    LastUpdateStatus, LogFormat, LoggingConfig, Runtime, State as LambdaState, SystemLogLevel, TracingConfig,
    TracingMode,
};
use aws_smithy_types::Blob;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::function_permission::{self as permission, Permissions};
use super::names::{NameRule, check_length};
use super::{log_group, role};
use crate::aws::context::Context;
use crate::aws::error::{AwsError, Cause, Optional};
use crate::aws::pages;
use crate::kind::{Kind, Live, Ownership};
use crate::ownership::{TagChange, Tags};
use crate::scope::{FileContent, FileForm, FileRequest, Place, Problems, Reference, Scope};

pub struct Function;

/// `[a-zA-Z0-9-_]+`, 1–64 (API:CreateFunction).
const FUNCTION_NAME: NameRule = NameRule { others: "-_", longest: 64, source: "API:CreateFunction" };

/// Names that Lambda sets itself (Lambda developer guide, "Defined runtime environment variables").
const RESERVED_VARIABLES: &[&str] = &[
    "_HANDLER",
    "_X_AMZN_TRACE_ID",
    "AWS_DEFAULT_REGION",
    "AWS_REGION",
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_ACCESS_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_LAMBDA_RUNTIME_API",
    "LAMBDA_TASK_ROOT",
    "LAMBDA_RUNTIME_DIR",
];

/// How long a change of a function may take. Functions outside a VPC need seconds.
const SETTLE: Duration = Duration::from_secs(300);

/// A Lambda function whose code is a folder.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Spec {
    /// The folder with the code, relative to this file. All of it is packed, except names that begin with a dot and
    /// `__pycache__`. At most 50 MB packed.
    source: String,
    /// For example `python3.12`.
    runtime: String,
    /// What Lambda calls, for example `lambda_function.lambda_handler`. At most 128 characters.
    handler: String,
    /// The role that the function runs as: a role of this spec, or an ARN. It must trust `lambda.amazonaws.com`.
    role: String,
    /// At most 256 characters.
    #[serde(default)]
    description: String,
    /// Seconds that one invocation may take: 1 to 900, by default 3.
    timeout: Option<i32>,
    /// Memory in MB: 128 to 10240, by default 128.
    memory_size: Option<i32>,
    /// Environment variables. Their values are hidden in plans, but AWS shows them to everyone who may read the
    /// function: this is no place for secrets. At most 4 KB in all.
    #[serde(default)]
    environment: BTreeMap<String, String>,
    /// One of `x86_64` and `arm64`, by default `[x86_64]`.
    architectures: Option<Vec<String>>,
    /// Size of `/tmp` in MB: 512 to 10240, by default 512. (`EphemeralStorage.Size` in the API.)
    ephemeral_storage: Option<i32>,
    /// ARNs of layer versions in the order in which they are laid over each other, at most five.
    #[serde(default)]
    layers: Vec<String>,
    /// `Active` or `PassThrough`, by default `PassThrough`. (`TracingConfig.Mode` in the API.)
    #[serde(default)]
    tracing: Tracing,
    /// Where and how the function logs. (`LoggingConfig` in the API.)
    #[serde(default)]
    logging: Logging,
    /// Concurrent invocations that are reserved for this function, and its limit; 0 stops it. Left out, it shares the
    /// account's. (`ReservedConcurrentExecutions` in the API.)
    reserved_concurrency: Option<i32>,
    /// Who may invoke the function, by statement ID. Topics, rules and alarms of this spec that name the function need
    /// no entry; theirs are made. Permissions that are not declared are removed.
    #[serde(default)]
    permissions: BTreeMap<String, permission::Spec>,
    /// The metrics that the code publishes. AWS is not told; `check` uses it to follow an alert from the function to
    /// its alarm.
    #[serde(default)]
    emits: Vec<Emits>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
enum Tracing {
    Active,
    #[default]
    PassThrough,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct Logging {
    /// `Text` or `JSON`, by default `Text`.
    log_format: Format,
    /// A log group of this spec, or an ARN. By default `/aws/lambda/NAME`, which Lambda makes itself.
    log_group: Option<String>,
    /// `TRACE`, `DEBUG`, `INFO`, `WARN`, `ERROR` or `FATAL`; only with `JSON`, by default `INFO`.
    application_log_level: Option<String>,
    /// `DEBUG`, `INFO` or `WARN`; only with `JSON`, by default `INFO`.
    system_log_level: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
enum Format {
    #[default]
    Text,
    #[serde(rename = "JSON")]
    Json,
}

/// Metrics of one namespace with the same dimensions.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Emits {
    /// The namespace; those that begin with `AWS/` belong to AWS.
    namespace: String,
    /// Names of metrics.
    metrics: Vec<String>,
    /// Names of the dimensions that each datapoint carries.
    #[serde(default)]
    dimensions: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct State {
    /// SHA-256 of the zip, in base64.
    code_sha256: String,
    architectures: Vec<String>,
    runtime: String,
    handler: String,
    /// An ARN.
    role: String,
    description: String,
    timeout: i32,
    memory_size: i32,
    environment: BTreeMap<String, String>,
    ephemeral_storage: i32,
    layers: Vec<String>,
    tracing: String,
    logging: LogSettings,
    reserved_concurrency: Option<i32>,
    permissions: Permissions,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct LogSettings {
    log_format: String,
    log_group: String,
    application_log_level: Option<String>,
    system_log_level: Option<String>,
}

pub fn arn(place: &Place, name: &str) -> String {
    place.arn("lambda", format_args!("function:{name}"))
}

/// The log group that Lambda makes for a function that names none.
fn default_log_group(function: &str) -> String {
    format!("/aws/lambda/{function}")
}

impl Logging {
    fn settings(self, function: &str) -> LogSettings {
        let json = self.log_format == Format::Json;
        let level = |declared: Option<String>| declared.or_else(|| json.then(|| "INFO".to_owned()));
        LogSettings {
            log_format: if json { "JSON" } else { "Text" }.to_owned(),
            log_group: self
                .log_group
                .map_or_else(|| default_log_group(function), |text| log_group::name_of(&text).to_owned()),
            application_log_level: level(self.application_log_level),
            system_log_level: level(self.system_log_level),
        }
    }
}

impl LogSettings {
    fn wire(&self) -> LoggingConfig {
        LoggingConfig::builder()
            .log_format(LogFormat::from(self.log_format.as_str()))
            .log_group(&self.log_group)
            .set_application_log_level(self.application_log_level.as_deref().map(ApplicationLogLevel::from))
            .set_system_log_level(self.system_log_level.as_deref().map(SystemLogLevel::from))
            .build()
    }

    /// Levels mean nothing for the format Text, so what is left of them there is no setting.
    fn live(live: Option<&LoggingConfig>, function: &str) -> LogSettings {
        let log_format = live.and_then(|config| config.log_format()).map_or("Text", |format| format.as_str());
        let leveled = live.filter(|_| log_format == "JSON");
        let application = leveled.and_then(|config| config.application_log_level()).map(|level| level.as_str());
        let system = leveled.and_then(|config| config.system_log_level()).map(|level| level.as_str());
        LogSettings {
            log_format: log_format.to_owned(),
            log_group: live
                .and_then(|config| config.log_group())
                .map_or_else(|| default_log_group(function), str::to_owned),
            application_log_level: application.map(str::to_owned),
            system_log_level: system.map(str::to_owned),
        }
    }
}

impl State {
    fn live(found: &FunctionConfiguration, name: &str) -> State {
        let text = |part: Option<&str>| part.unwrap_or_default().to_owned();
        let environment = found.environment().and_then(|environment| environment.variables());
        let architectures: Vec<_> = found.architectures().iter().map(|a| a.as_str().to_owned()).collect();
        State {
            code_sha256: text(found.code_sha256()),
            architectures: if architectures.is_empty() { vec!["x86_64".into()] } else { architectures },
            runtime: text(found.runtime().map(|runtime| runtime.as_str())),
            handler: text(found.handler()),
            role: text(found.role()),
            description: text(found.description()),
            timeout: found.timeout().unwrap_or(3),
            memory_size: found.memory_size().unwrap_or(128),
            environment: environment.into_iter().flatten().map(|(k, v)| (k.clone(), v.clone())).collect(),
            ephemeral_storage: found.ephemeral_storage().map_or(512, |storage| storage.size()),
            layers: found.layers().iter().map(|layer| text(layer.arn())).collect(),
            tracing: found
                .tracing_config()
                .and_then(|tracing| tracing.mode())
                .map_or("PassThrough", |mode| mode.as_str())
                .to_owned(),
            logging: LogSettings::live(found.logging_config(), name),
            reserved_concurrency: None,
            permissions: Permissions::new(),
        }
    }

    /// Whether all is the same that `UpdateFunctionConfiguration` writes.
    fn same_configuration(&self, other: &State) -> bool {
        let State { code_sha256, architectures, reserved_concurrency, permissions, .. } = other.clone();
        State { code_sha256, architectures, reserved_concurrency, permissions, ..self.clone() } == *other
    }

    fn wire_environment(&self) -> Environment {
        let variables: HashMap<_, _> = self.environment.clone().into_iter().collect();
        Environment::builder().set_variables(Some(variables)).build()
    }

    fn wire_storage(&self) -> EphemeralStorage {
        EphemeralStorage::builder().size(self.ephemeral_storage).build().expect("the size is set")
    }

    fn wire_tracing(&self) -> TracingConfig {
        TracingConfig::builder().mode(TracingMode::from(self.tracing.as_str())).build()
    }

    fn wire_architectures(&self) -> Option<Vec<Architecture>> {
        Some(self.architectures.iter().map(|architecture| Architecture::from(architecture.as_str())).collect())
    }
}

fn check_range(pointer: &str, value: Option<i32>, range: std::ops::RangeInclusive<i32>, problems: &mut Problems) {
    if value.is_some_and(|value| !range.contains(&value)) {
        let message = format!("{} to {} is allowed here (Lambda quotas)", range.start(), range.end());
        problems.push(pointer, message);
    }
}

fn check_choice(pointer: &str, value: Option<&String>, choices: &[&str], problems: &mut Problems) {
    let Some(value) = value.filter(|value| !choices.contains(&value.as_str())) else { return };
    let help = crate::diagnostic::did_you_mean(value, choices.iter().copied());
    let message = format!("`{value}` is none of {}", choices.join(", "));
    match help {
        Some(help) => problems.push_help(pointer, message, help),
        None => problems.push(pointer, message),
    }
}

fn check_logging(logging: &Logging, problems: &mut Problems) {
    let application = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"];
    let levels = [
        ("/logging/applicationLogLevel", &logging.application_log_level, &application[..]),
        ("/logging/systemLogLevel", &logging.system_log_level, &application[1..4]),
    ];
    for (pointer, level, choices) in levels {
        check_choice(pointer, level.as_ref(), choices, problems);
        if level.is_some() && logging.log_format == Format::Text {
            problems.push_help(pointer, "log levels need the log format JSON", "add `logFormat: JSON`");
        }
    }
}

fn check_environment(environment: &BTreeMap<String, String>, problems: &mut Problems) {
    for name in environment.keys() {
        let pointer = format!("/environment/{}", crate::spec::node::pointer_token(name));
        let (first, others) = name.split_at(name.chars().next().map_or(0, char::len_utf8));
        let valid = first.chars().all(|c| c.is_ascii_alphabetic())
            && !others.is_empty()
            && others.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if RESERVED_VARIABLES.contains(&name.as_str()) {
            problems.push(&pointer, format!("Lambda sets `{name}` itself"));
        } else if !valid {
            let message = "a variable's name has two or more of letters, digits and `_`, a letter first \
                           (API:EnvironmentVariableName)";
            problems.push(&pointer, message);
        }
    }
    let size: usize = environment.iter().map(|(name, value)| name.len() + value.len()).sum();
    if size > 4096 {
        let message =
            format!("environment variables have at most 4096 bytes in all; these have {size} (Lambda quotas)");
        problems.push("/environment", message);
    }
}

fn check_emits(emits: &[Emits], problems: &mut Problems) {
    for (index, emits) in emits.iter().enumerate() {
        let pointer = format!("/emits/{index}");
        if emits.namespace.is_empty() || emits.namespace.starts_with(':') || emits.namespace.starts_with("AWS/") {
            problems.push_help(
                format!("{pointer}/namespace"),
                format!("`{}` is no namespace for own metrics", emits.namespace),
                "it has 1 to 255 characters and begins neither with `:` nor with `AWS/` (API:PutMetricData)",
            );
        }
        if emits.metrics.is_empty() {
            problems.push(format!("{pointer}/metrics"), "name at least one metric");
        }
        if emits.dimensions.len() > 30 {
            problems.push(format!("{pointer}/dimensions"), "a metric has at most 30 dimensions (API:MetricDatum)");
        }
    }
}

impl Kind for Function {
    const SECTION: &'static str = "functions";
    const NOUN: &'static str = "function";
    const OWNERSHIP: Ownership = Ownership::Tags;
    const RANK: u8 = 40;
    const ATTRIBUTES: &'static [&'static str] = &["arn", "name"];
    type Spec = Spec;
    type State = State;

    fn check(name: &str, spec: &Spec, problems: &mut Problems) {
        FUNCTION_NAME.check(name, problems);
        check_length("/description", &spec.description, 256, "API:CreateFunction", problems);
        check_length("/handler", &spec.handler, 128, "API:CreateFunction", problems);
        if spec.handler.is_empty() || spec.handler.contains(char::is_whitespace) {
            problems.push("/handler", "a handler has no white space, for example `lambda_function.lambda_handler`");
        }
        check_range("/timeout", spec.timeout, 1..=900, problems);
        check_range("/memorySize", spec.memory_size, 128..=10_240, problems);
        check_range("/ephemeralStorage", spec.ephemeral_storage, 512..=10_240, problems);
        check_range("/reservedConcurrency", spec.reserved_concurrency, 0..=i32::MAX, problems);
        if let Some(architectures) = &spec.architectures {
            check_choice("/architectures/0", architectures.first(), &["x86_64", "arm64"], problems);
            if architectures.len() != 1 {
                problems.push("/architectures", "a function has exactly one architecture (API:CreateFunction)");
            }
        }
        if spec.layers.len() > 5 {
            problems.push("/layers", "a function has at most five layers (Lambda quotas)");
        }
        check_logging(&spec.logging, problems);
        check_environment(&spec.environment, problems);
        check_emits(&spec.emits, problems);
        permission::check(&spec.permissions, problems);
    }

    fn files(spec: &Spec) -> Vec<FileRequest> {
        vec![FileRequest { pointer: "/source".into(), path: spec.source.clone(), form: FileForm::ZippedFolder }]
    }

    fn references(spec: &Spec) -> Vec<Reference> {
        let role = Reference::to(role::Role::SECTION, &spec.role, "/role");
        let group = spec.logging.log_group.as_ref();
        let group = group.and_then(|text| Reference::to(log_group::SECTION, text, "/logging/logGroup"));
        role.into_iter().chain(group).collect()
    }

    /// Variables and permissions may name what is not there yet; a topic that the function gets in its environment may
    /// have the function as a subscriber.
    fn orders(pointer: &str) -> bool {
        !pointer.starts_with("/environment") && !pointer.starts_with("/permissions") && !pointer.starts_with("/emits")
    }

    fn desired(spec: Spec, scope: &Scope) -> Result<State, Problems> {
        let Some(FileContent::Zip { sha256_base64, .. }) = scope.files.get(&spec.source) else {
            return Err(Problems::one("/source", "the folder was not read"));
        };
        let tracing = match spec.tracing {
            Tracing::Active => "Active",
            Tracing::PassThrough => "PassThrough",
        };
        Ok(State {
            code_sha256: sha256_base64.clone(),
            architectures: spec.architectures.unwrap_or_else(|| vec!["x86_64".into()]),
            runtime: spec.runtime,
            handler: spec.handler,
            role: Reference::arn(&spec.role, |name| role::arn(scope.place, scope.fleet, name)),
            description: spec.description,
            timeout: spec.timeout.unwrap_or(3),
            memory_size: spec.memory_size.unwrap_or(128),
            environment: spec.environment,
            ephemeral_storage: spec.ephemeral_storage.unwrap_or(512),
            layers: spec.layers,
            tracing: tracing.to_owned(),
            logging: spec.logging.settings(scope.name),
            reserved_concurrency: spec.reserved_concurrency,
            permissions: permission::desired(spec.permissions, scope.invokers),
        })
    }

    fn attribute(name: &str, attribute: &str, scope: &Scope) -> Option<String> {
        match attribute {
            "arn" => Some(arn(scope.place, name)),
            "name" => Some(name.to_owned()),
            _ => None,
        }
    }

    fn hides(path: &str) -> bool {
        path == "/environment" || path.starts_with("/environment/")
    }

    async fn read(cx: &Context, name: &str) -> Result<Option<Live<State>>, AwsError> {
        let get = || cx.session.clients.lambda.get_function().function_name(name).send();
        let Some(found) = cx.call("lambda:GetFunction", get).await.optional()? else { return Ok(None) };
        let Some(configuration) = found.configuration() else { return Ok(None) };
        if let Some(error) = found.tags_error() {
            // Without its tags the function would look like somebody else's.
            let (code, message) = (error.error_code().to_owned(), error.message().to_owned());
            return Err(failure(cx, "lambda:ListTags", Cause::Service { code, message, status: 200 }));
        }
        let state = State {
            reserved_concurrency: found.concurrency().and_then(|limit| limit.reserved_concurrent_executions()),
            permissions: permission::read(cx, name).await?,
            ..State::live(configuration, name)
        };
        let tags: Tags = found.tags().into_iter().flatten().map(|(k, v)| (k.clone(), v.clone())).collect();
        Ok(Some(Live { id: name.to_owned(), state, tags, version: None }))
    }

    async fn create(cx: &Context, name: &str, desired: &State) -> Result<(), AwsError> {
        let zip = code(cx, "lambda:CreateFunction", desired)?;
        cx.call("lambda:CreateFunction", || {
            let request = cx.session.clients.lambda.create_function().function_name(name);
            let request = request.code(FunctionCode::builder().zip_file(zip.clone()).build());
            let request = request.set_architectures(desired.wire_architectures());
            let request = request.runtime(Runtime::from(desired.runtime.as_str())).handler(&desired.handler);
            let request = request.role(&desired.role).description(&desired.description);
            let request = request.timeout(desired.timeout).memory_size(desired.memory_size);
            let request = request.environment(desired.wire_environment()).set_layers(Some(desired.layers.clone()));
            let request = request.ephemeral_storage(desired.wire_storage()).tracing_config(desired.wire_tracing());
            let request = request.logging_config(desired.logging.wire());
            request.set_tags(Some(cx.tags().into_iter().collect())).send()
        })
        .await?;
        settle(cx, name).await?;
        set_concurrency(cx, name, None, desired.reserved_concurrency).await?;
        permission::set(cx, name, &Permissions::new(), &desired.permissions).await
    }

    /// The configuration comes before the code, so that new code finds its variables and layers.
    async fn update(cx: &Context, live: &Live<State>, desired: &State) -> Result<(), AwsError> {
        let (name, state) = (&live.id, &live.state);
        if !state.same_configuration(desired) {
            configure(cx, name, desired).await?;
            settle(cx, name).await?;
        }
        if state.code_sha256 != desired.code_sha256 || state.architectures != desired.architectures {
            let zip = code(cx, "lambda:UpdateFunctionCode", desired)?;
            cx.call("lambda:UpdateFunctionCode", || {
                let request = cx.session.clients.lambda.update_function_code().function_name(name);
                request.zip_file(zip.clone()).set_architectures(desired.wire_architectures()).send()
            })
            .await?;
            settle(cx, name).await?;
        }
        set_concurrency(cx, name, state.reserved_concurrency, desired.reserved_concurrency).await?;
        permission::set(cx, name, &state.permissions, &desired.permissions).await
    }

    async fn retag(cx: &Context, live: &Live<State>, change: &TagChange) -> Result<(), AwsError> {
        let (lambda, arn) = (&cx.session.clients.lambda, arn(cx.place(), &live.id));
        if !change.set.is_empty() {
            let tags: HashMap<_, _> = change.set.clone().into_iter().collect();
            let tag = || lambda.tag_resource().resource(&arn).set_tags(Some(tags.clone())).send();
            cx.call("lambda:TagResource", tag).await?;
        }
        if !change.remove.is_empty() {
            let untag = || lambda.untag_resource().resource(&arn).set_tag_keys(Some(change.remove.clone())).send();
            cx.call("lambda:UntagResource", untag).await?;
        }
        Ok(())
    }

    async fn delete(cx: &Context, live: &Live<State>) -> Result<(), AwsError> {
        let delete = || cx.session.clients.lambda.delete_function().function_name(&live.id).send();
        cx.call("lambda:DeleteFunction", delete).await.optional()?;
        Ok(())
    }

    async fn list(cx: &Context) -> Result<Vec<String>, AwsError> {
        let list = |token| cx.session.clients.lambda.list_functions().set_marker(token).send();
        let pages = pages::all(cx, "lambda:ListFunctions", list, |page| page.next_marker()).await?;
        Ok(pages
            .iter()
            .flat_map(|page| page.functions())
            .filter_map(|found| found.function_name().map(str::to_owned))
            .collect())
    }
}

fn failure(cx: &Context, action: &'static str, cause: Cause) -> AwsError {
    AwsError { action, subject: cx.mark.address.to_string(), cause }
}

/// The zip, which the plan knows by its hash.
fn code(cx: &Context, action: &'static str, desired: &State) -> Result<Blob, AwsError> {
    match cx.session.artifacts.get(&desired.code_sha256) {
        Some(bytes) => Ok(Blob::new(bytes.as_slice())),
        None => {
            let message = "the folder with the code is not as it was when this was planned; plan again".into();
            Err(failure(cx, action, Cause::Malformed { message }))
        }
    }
}

async fn configure(cx: &Context, name: &str, desired: &State) -> Result<(), AwsError> {
    cx.call("lambda:UpdateFunctionConfiguration", || {
        let request = cx.session.clients.lambda.update_function_configuration().function_name(name);
        let request = request.runtime(Runtime::from(desired.runtime.as_str())).handler(&desired.handler);
        let request = request.role(&desired.role).description(&desired.description);
        let request = request.timeout(desired.timeout).memory_size(desired.memory_size);
        let request = request.environment(desired.wire_environment()).set_layers(Some(desired.layers.clone()));
        let request = request.ephemeral_storage(desired.wire_storage()).tracing_config(desired.wire_tracing());
        request.logging_config(desired.logging.wire()).send()
    })
    .await?;
    Ok(())
}

async fn set_concurrency(cx: &Context, name: &str, live: Option<i32>, desired: Option<i32>) -> Result<(), AwsError> {
    let lambda = &cx.session.clients.lambda;
    match desired {
        limit if limit == live => {}
        Some(limit) => {
            let put =
                || lambda.put_function_concurrency().function_name(name).reserved_concurrent_executions(limit).send();
            cx.call("lambda:PutFunctionConcurrency", put).await?;
        }
        None => {
            let delete = || lambda.delete_function_concurrency().function_name(name).send();
            cx.call("lambda:DeleteFunctionConcurrency", delete).await?;
        }
    }
    Ok(())
}

/// Where the last change of a function stands.
#[derive(Debug, PartialEq, Eq)]
enum Standing {
    Settled,
    Busy(&'static str),
    Failed { code: String, reason: String },
}

fn standing(found: &GetFunctionConfigurationOutput) -> Standing {
    let text = |part: Option<&str>| part.unwrap_or_default().to_owned();
    match (found.state(), found.last_update_status()) {
        (Some(LambdaState::Pending), _) => Standing::Busy("the function to become active"),
        (Some(LambdaState::Failed), _) => Standing::Failed {
            code: text(found.state_reason_code().map(|code| code.as_str())),
            reason: text(found.state_reason()),
        },
        (_, Some(LastUpdateStatus::InProgress)) => Standing::Busy("the function's update"),
        (_, Some(LastUpdateStatus::Failed)) => Standing::Failed {
            code: text(found.last_update_status_reason_code().map(|code| code.as_str())),
            reason: text(found.last_update_status_reason()),
        },
        _ => Standing::Settled,
    }
}

/// Waits until the last change is through.
async fn settle(cx: &Context, name: &str) -> Result<(), AwsError> {
    const ACTION: &str = "lambda:GetFunctionConfiguration";
    let (mut waited, mut pause) = (Duration::ZERO, Duration::from_millis(500));
    loop {
        let get = || cx.session.clients.lambda.get_function_configuration().function_name(name).send();
        let what = match standing(&cx.call(ACTION, get).await?) {
            Standing::Settled => return Ok(()),
            Standing::Busy(what) => what,
            Standing::Failed { code, reason } => {
                return Err(failure(cx, ACTION, Cause::Service { code, message: reason, status: 200 }));
            }
        };
        if waited >= SETTLE {
            let message = format!("after {} seconds still waiting for {what}; run the command again", SETTLE.as_secs());
            return Err(failure(cx, ACTION, Cause::Malformed { message }));
        }
        cx.session.progress.waiting(&cx.mark.address, Some(what));
        cx.sleep(pause).await;
        cx.session.progress.waiting(&cx.mark.address, None);
        waited += pause;
        pause = (pause * 2).min(Duration::from_secs(5));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn spec(extra: Value) -> Spec {
        let mut value = json!({ "source": "fix", "runtime": "python3.12", "handler": "a.b", "role": "fix" });
        value.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        serde_json::from_value(value).unwrap()
    }

    fn desired(extra: Value) -> State {
        let zip = FileContent::Zip { bytes: std::sync::Arc::default(), sha256_base64: "hash=".into() };
        let (place, files) = (Place::new("123456789012", "eu-west-1"), [("fix".to_owned(), zip)].into());
        let scope = Scope { fleet: "factory", place: &place, name: "fix", files: &files, invokers: &[] };
        Function::desired(spec(extra), &scope).unwrap()
    }

    #[test]
    fn a_bare_answer_of_lambda_is_a_spec_without_options() {
        let role = "arn:aws:iam::123456789012:role/fleetctl/factory/fix";
        let found = FunctionConfiguration::builder().code_sha256("hash=").runtime(Runtime::Python312);
        let found = found.handler("a.b").role(role).build();
        assert_eq!(State::live(&found, "fix"), desired(json!({})));
        let written = json!({ "timeout": 3, "memorySize": 128, "ephemeralStorage": 512, "tracing": "PassThrough",
            "architectures": ["x86_64"], "logging": { "logGroup": "arn:aws:logs:r:1:log-group:/aws/lambda/fix:*" } });
        assert_eq!(desired(written), desired(json!({})));
    }

    #[test]
    fn each_field_belongs_to_the_call_that_writes_it() {
        let plain = desired(json!({}));
        for extra in [
            json!({ "environment": { "FLEET": "a" } }),
            json!({ "logging": { "logFormat": "JSON" } }),
            json!({ "layers": ["arn:l"] }),
        ] {
            assert!(!plain.same_configuration(&desired(extra.clone())), "{extra}");
        }
        for extra in [
            json!({ "architectures": ["arm64"] }),
            json!({ "reservedConcurrency": 1 }),
            json!({ "permissions": { "a": { "principal": "123456789012" } } }),
        ] {
            let changed = desired(extra.clone());
            assert!(plain.same_configuration(&changed) && plain != changed, "{extra}");
        }
    }

    #[test]
    fn mistakes_are_found_where_they_stand() {
        let bad = spec(json!({ "timeout": 901, "architectures": ["arm"], "logging": { "systemLogLevel": "INFO" },
            "environment": { "AWS_REGION": "x", "_X": "y" }, "emits": [{ "namespace": "AWS/Own", "metrics": [] }],
            "permissions": { "fleetctl-a": { "principal": "sns.amazonaws.com" } } }));
        let mut problems = Problems::default();
        Function::check("a.b", &bad, &mut problems);
        let found: Vec<_> = problems.0.iter().map(|problem| problem.pointer.as_str()).collect();
        assert_eq!(
            found,
            [
                "",
                "/timeout",
                "/architectures/0",
                "/logging/systemLogLevel",
                "/environment/AWS_REGION",
                "/environment/_X",
                "/emits/0/namespace",
                "/emits/0/metrics",
                "/permissions/fleetctl-a",
                "/permissions/fleetctl-a",
            ]
        );
    }

    #[test]
    fn a_failed_update_is_told_from_one_under_way() {
        let answer = || GetFunctionConfigurationOutput::builder().state(LambdaState::Active);
        assert_eq!(standing(&answer().build()), Standing::Settled);
        let busy = answer().last_update_status(LastUpdateStatus::InProgress).build();
        assert!(matches!(standing(&busy), Standing::Busy(_)));
        let failed = answer().last_update_status(LastUpdateStatus::Failed).last_update_status_reason("no").build();
        assert_eq!(standing(&failed), Standing::Failed { code: String::new(), reason: "no".into() });
    }
}
