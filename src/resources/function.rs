//! Lambda functions, packed from a folder, with the permissions to invoke them.
//!
//! Lambda makes one change of a function at a time and refuses the next one until the last is through, so every change
//! is followed by a wait (Lambda developer guide, "Lambda function states").

mod check;
mod logging;
mod permission;
mod settle;
mod wire;

use std::collections::{BTreeMap, HashMap};

use aws_sdk_cloudwatch::types::StandardUnit;
use aws_sdk_lambda::types::{FunctionCode, Runtime};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::logging::{LogSettings, Logging};
use self::permission::Permissions;
use self::settle::settle;
use super::names::{NameRule, check_length};
use super::role;
use crate::aws::context::Context;
use crate::aws::error::{AwsError, Cause, Optional};
use crate::aws::pages;
use crate::kind::{Kind, Live, Ownership};
use crate::ownership::{TagChange, Tags};
use crate::scope::{FileContent, FileForm, FileRequest, Place, Problems, Reference, Scope};

pub struct Function;

/// `[a-zA-Z0-9-_]+`, 1–64 (API:CreateFunction).
const FUNCTION_NAME: NameRule = NameRule { others: "-_", longest: 64, source: "API:CreateFunction" };

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
    /// Actions that the code calls, such as `iot:UpdateCertificate`. AWS is not told; `check` uses it to see whether the
    /// role allows them.
    #[serde(default)]
    needs: Vec<String>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
enum Tracing {
    Active,
    #[default]
    PassThrough,
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
    /// The unit of each datapoint, for example `Count`.
    #[schemars(extend("enum" = StandardUnit::values()))]
    unit: Option<String>,
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

pub fn arn(place: &Place, name: &str) -> String {
    place.arn("lambda", format_args!("function:{name}"))
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
        check::range("/timeout", spec.timeout, 1..=900, problems);
        check::range("/memorySize", spec.memory_size, 128..=10_240, problems);
        check::range("/ephemeralStorage", spec.ephemeral_storage, 512..=10_240, problems);
        check::range("/reservedConcurrency", spec.reserved_concurrency, 0..=i32::MAX, problems);
        if let Some(architectures) = &spec.architectures {
            check::choice("/architectures/0", architectures.first(), &["x86_64", "arm64"], problems);
            if architectures.len() != 1 {
                problems.push("/architectures", "a function has exactly one architecture (API:CreateFunction)");
            }
        }
        if spec.layers.len() > 5 {
            problems.push("/layers", "a function has at most five layers (Lambda quotas)");
        }
        spec.logging.check(problems);
        check::environment(&spec.environment, problems);
        check::emits(&spec.emits, problems);
        check::needs(&spec.needs, problems);
        permission::check(&spec.permissions, problems);
    }

    fn files(spec: &Spec) -> Vec<FileRequest> {
        vec![FileRequest { pointer: "/source".into(), path: spec.source.clone(), form: FileForm::ZippedFolder }]
    }

    fn references(spec: &Spec) -> Vec<Reference> {
        let role = Reference::to(role::Role::SECTION, &spec.role, "/role");
        role.into_iter().chain(spec.logging.reference()).collect()
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
        let zip = wire::code(cx, "lambda:CreateFunction", desired)?;
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
        wire::set_concurrency(cx, name, None, desired.reserved_concurrency).await?;
        permission::set(cx, name, &Permissions::new(), &desired.permissions).await
    }

    /// The configuration comes before the code, so that new code finds its variables and layers.
    async fn update(cx: &Context, live: &Live<State>, desired: &State) -> Result<(), AwsError> {
        let (name, state) = (&live.id, &live.state);
        if !state.same_configuration(desired) {
            wire::configure(cx, name, desired).await?;
            settle(cx, name).await?;
        }
        if state.code_sha256 != desired.code_sha256 || state.architectures != desired.architectures {
            let zip = wire::code(cx, "lambda:UpdateFunctionCode", desired)?;
            cx.call("lambda:UpdateFunctionCode", || {
                let request = cx.session.clients.lambda.update_function_code().function_name(name);
                request.zip_file(zip.clone()).set_architectures(desired.wire_architectures()).send()
            })
            .await?;
            settle(cx, name).await?;
        }
        wire::set_concurrency(cx, name, state.reserved_concurrency, desired.reserved_concurrency).await?;
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

#[cfg(test)]
mod tests {
    use aws_sdk_lambda::types::FunctionConfiguration;
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
        let scope = Scope {
            fleet: "factory",
            place: &place,
            name: "fix",
            files: &files,
            invokers: &[],
            declared: &crate::scope::alone,
        };
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
            "environment": { "AWS_REGION": "x", "_X": "y" }, "emits": [{ "namespace": ":Own", "metrics": [] }],
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
}
