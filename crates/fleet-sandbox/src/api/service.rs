//! The registry of services.

use std::sync::LazyLock;

use serde_json::Value;

use super::dialect::Dialect;
use super::{cloudwatch, iam, iot, lambda, logs, sns, sts, tagging};
use crate::error::AwsError;
use crate::model::Model;
use crate::request::Request;
use crate::store::Tx;

/// Behaviour of one operation.
pub type Handler = fn(&mut Tx<'_>, &Request) -> Result<Value, AwsError>;

/// Operations with their handlers.
pub type Table = &'static [(&'static str, Handler)];

/// One service.
pub struct Service {
    /// Signing name, as in the credential scope.
    pub name: &'static str,
    /// Whether its objects belong to the account and not to a region.
    pub global: bool,
    /// How it words errors that are not its operations' own.
    pub dialect: &'static Dialect,
    /// Operations the sandbox offers.
    pub tables: &'static [Table],
    model: &'static LazyLock<Model>,
}

impl Service {
    /// The service's model.
    pub fn model(&self) -> &'static Model {
        self.model
    }

    /// What stands before the colon in IAM's names of its actions.
    pub fn action_prefix(&self) -> &'static str {
        match self.name {
            "monitoring" => "cloudwatch",
            "tagging" => "tag",
            name => name,
        }
    }

    /// Operations the sandbox offers.
    pub fn operations(&self) -> impl Iterator<Item = &'static (&'static str, Handler)> {
        self.tables.iter().copied().flatten()
    }

    /// The behaviour of an operation, if offered.
    pub fn handler(&self, operation: &str) -> Option<Handler> {
        self.operations().find(|(name, _)| *name == operation).map(|(_, handler)| *handler)
    }
}

macro_rules! model {
    ($file:literal) => {{
        static MODEL: LazyLock<Model> = LazyLock::new(|| Model::parse(include_str!(concat!("../../models/", $file))));
        &MODEL
    }};
}

/// All services.
pub static SERVICES: &[Service] = &[
    Service { name: "iam", global: true, dialect: &Dialect::QUERY, tables: iam::TABLES, model: model!("iam.json") },
    Service { name: "iot", global: false, dialect: &Dialect::IOT, tables: iot::TABLES, model: model!("iot.json") },
    Service {
        name: "lambda",
        global: false,
        dialect: &Dialect::LAMBDA,
        tables: lambda::TABLES,
        model: model!("lambda.json"),
    },
    Service { name: "logs", global: false, dialect: &Dialect::LOGS, tables: logs::TABLES, model: model!("logs.json") },
    Service {
        name: "monitoring",
        global: false,
        dialect: &Dialect::CLOUDWATCH,
        tables: cloudwatch::TABLES,
        model: model!("cloudwatch.json"),
    },
    Service { name: "sns", global: false, dialect: &Dialect::SNS, tables: sns::TABLES, model: model!("sns.json") },
    Service { name: "sts", global: false, dialect: &Dialect::QUERY, tables: sts::TABLES, model: model!("sts.json") },
    Service {
        name: "tagging",
        global: false,
        dialect: &Dialect::TAGGING,
        tables: tagging::TABLES,
        model: model!("tagging.json"),
    },
];

/// The service of that signing name.
pub fn find(name: &str) -> Option<&'static Service> {
    SERVICES.iter().find(|service| service.name == name)
}
