//! A function's state in the SDK's types, and the calls that change one part of a function.

use std::collections::HashMap;

use aws_sdk_lambda::types::{
    Architecture, Environment, EphemeralStorage, FunctionConfiguration, Runtime, TracingConfig, TracingMode,
};
use aws_smithy_types::Blob;

use super::logging::LogSettings;
use super::permission::Permissions;
use super::{State, failure};
use crate::aws::context::Context;
use crate::aws::error::{AwsError, Cause};

impl State {
    /// What `GetFunction` says of the function itself; concurrency and permissions are read apart.
    pub fn live(found: &FunctionConfiguration, name: &str) -> State {
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
    pub fn same_configuration(&self, other: &State) -> bool {
        let State { code_sha256, architectures, reserved_concurrency, permissions, .. } = other.clone();
        State { code_sha256, architectures, reserved_concurrency, permissions, ..self.clone() } == *other
    }

    pub fn wire_environment(&self) -> Environment {
        let variables: HashMap<_, _> = self.environment.clone().into_iter().collect();
        Environment::builder().set_variables(Some(variables)).build()
    }

    pub fn wire_storage(&self) -> EphemeralStorage {
        EphemeralStorage::builder().size(self.ephemeral_storage).build().expect("the size is set")
    }

    pub fn wire_tracing(&self) -> TracingConfig {
        TracingConfig::builder().mode(TracingMode::from(self.tracing.as_str())).build()
    }

    pub fn wire_architectures(&self) -> Option<Vec<Architecture>> {
        Some(self.architectures.iter().map(|architecture| Architecture::from(architecture.as_str())).collect())
    }
}

/// The zip, which the plan knows by its hash.
pub fn code(cx: &Context, action: &'static str, desired: &State) -> Result<Blob, AwsError> {
    match cx.session.artifacts.get(&desired.code_sha256) {
        Some(bytes) => Ok(Blob::new(bytes.as_slice())),
        None => {
            let message = "the folder with the code is not as it was when this was planned; plan again".into();
            Err(failure(cx, action, Cause::Malformed { message }))
        }
    }
}

pub async fn configure(cx: &Context, name: &str, desired: &State) -> Result<(), AwsError> {
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

pub async fn set_concurrency(
    cx: &Context,
    name: &str,
    live: Option<i32>,
    desired: Option<i32>,
) -> Result<(), AwsError> {
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
