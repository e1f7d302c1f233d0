//! What each action of a topic rule may hold, in AWS's own form, and the sugar for some of it.
//!
//! Source: API:Action and the shapes it names. Defaults are those that the shapes' texts or the IoT developer guide's
//! page of the action state; AWS may write them out when a rule is read.

use Shape::{Flag, List, Object, OneOf, Text, Texts, Whole};

/// One member of an action or of a structure in it.
pub struct Field {
    pub name: &'static str,
    pub required: bool,
    pub shape: Shape,
    pub default: Default,
}

/// What a member's value is.
pub enum Shape {
    Text,
    Flag,
    /// A whole number within bounds.
    Whole(i64, i64),
    OneOf(&'static [&'static str]),
    /// A map of texts.
    Texts,
    Object(&'static [Field]),
    List(&'static [Field]),
}

/// The value that is the same as none.
#[derive(Clone, Copy)]
pub enum Default {
    None,
    False,
    Zero,
    Text(&'static str),
}

/// A shorter key beside AWS's form.
pub struct Sugar {
    pub key: &'static str,
    /// The field it stands for.
    pub stands_for: &'static str,
    pub means: Means,
}

/// What the value of a sugared key is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Means {
    /// The same value; a number may stand for a text.
    Value,
    Role,
    Function,
    Topic,
    LogGroup,
    /// The name of an SQS queue of the same account and region.
    Queue,
}

pub struct Action {
    pub name: &'static str,
    pub fields: &'static [Field],
    pub sugar: &'static [Sugar],
}

impl Action {
    /// The sugar of this action, with `role`, which every action with a `roleArn` has.
    pub fn all_sugar(&self) -> impl Iterator<Item = &'static Sugar> {
        let role = self.fields.iter().any(|field| field.name == ROLE.stands_for).then_some(&ROLE);
        self.sugar.iter().chain(role)
    }
}

static ROLE: Sugar = Sugar { key: "role", stands_for: "roleArn", means: Means::Role };

pub fn find(name: &str) -> Option<&'static Action> {
    ACTIONS.iter().find(|action| action.name == name)
}

const fn need(name: &'static str, shape: Shape) -> Field {
    Field { name, required: true, shape, default: Default::None }
}

const fn may(name: &'static str, shape: Shape) -> Field {
    Field { name, required: false, shape, default: Default::None }
}

const fn or(name: &'static str, shape: Shape, default: Default) -> Field {
    Field { name, required: false, shape, default }
}

const fn flag(name: &'static str) -> Field {
    or(name, Flag, Default::False)
}

const fn sugar(key: &'static str, stands_for: &'static str, means: Means) -> Sugar {
    Sugar { key, stands_for, means }
}

const fn plain(name: &'static str, fields: &'static [Field]) -> Action {
    Action { name, fields, sugar: &[] }
}

const KEY_TYPES: Shape = OneOf(&["STRING", "NUMBER"]);
const PAIRS: &[Field] = &[need("key", Text), need("value", Text)];
const SEARCH: &[Field] =
    &[need("roleArn", Text), need("endpoint", Text), need("index", Text), need("type", Text), need("id", Text)];

pub static ACTIONS: &[Action] = &[
    plain(
        "dynamoDB",
        &[
            need("tableName", Text),
            need("roleArn", Text),
            may("operation", Text),
            need("hashKeyField", Text),
            need("hashKeyValue", Text),
            or("hashKeyType", KEY_TYPES, Default::Text("STRING")),
            may("rangeKeyField", Text),
            may("rangeKeyValue", Text),
            or("rangeKeyType", KEY_TYPES, Default::Text("STRING")),
            may("payloadField", Text),
        ],
    ),
    plain("dynamoDBv2", &[need("roleArn", Text), need("putItem", Object(&[need("tableName", Text)]))]),
    Action {
        name: "lambda",
        fields: &[need("functionArn", Text)],
        sugar: &[sugar("function", "functionArn", Means::Function)],
    },
    Action {
        name: "sns",
        fields: &[
            need("targetArn", Text),
            need("roleArn", Text),
            or("messageFormat", OneOf(&["RAW", "JSON"]), Default::Text("RAW")),
        ],
        sugar: &[sugar("topic", "targetArn", Means::Topic)],
    },
    Action {
        name: "sqs",
        fields: &[need("roleArn", Text), need("queueUrl", Text), flag("useBase64")],
        sugar: &[sugar("queue", "queueUrl", Means::Queue)],
    },
    plain("kinesis", &[need("roleArn", Text), need("streamName", Text), may("partitionKey", Text)]),
    plain(
        "republish",
        &[
            need("roleArn", Text),
            need("topic", Text),
            or("qos", Whole(0, 1), Default::Zero),
            may(
                "headers",
                Object(&[
                    may("payloadFormatIndicator", Text),
                    may("contentType", Text),
                    may("responseTopic", Text),
                    may("correlationData", Text),
                    may("messageExpiry", Text),
                    may("userProperties", List(PAIRS)),
                ]),
            ),
        ],
    ),
    plain(
        "s3",
        &[
            need("roleArn", Text),
            need("bucketName", Text),
            need("key", Text),
            may(
                "cannedAcl",
                OneOf(&[
                    "private",
                    "public-read",
                    "public-read-write",
                    "aws-exec-read",
                    "authenticated-read",
                    "bucket-owner-read",
                    "bucket-owner-full-control",
                    "log-delivery-write",
                ]),
            ),
        ],
    ),
    plain(
        "firehose",
        &[
            need("roleArn", Text),
            need("deliveryStreamName", Text),
            may("separator", OneOf(&["\n", "\t", "\r\n", ","])),
            flag("batchMode"),
        ],
    ),
    Action {
        name: "cloudwatchMetric",
        fields: &[
            need("roleArn", Text),
            need("metricNamespace", Text),
            need("metricName", Text),
            need("metricValue", Text),
            need("metricUnit", Text),
            may("metricTimestamp", Text),
        ],
        sugar: &[
            sugar("namespace", "metricNamespace", Means::Value),
            sugar("name", "metricName", Means::Value),
            sugar("value", "metricValue", Means::Value),
            sugar("unit", "metricUnit", Means::Value),
            sugar("timestamp", "metricTimestamp", Means::Value),
        ],
    },
    plain(
        "cloudwatchAlarm",
        &[need("roleArn", Text), need("alarmName", Text), need("stateReason", Text), need("stateValue", Text)],
    ),
    Action {
        name: "cloudwatchLogs",
        fields: &[need("roleArn", Text), need("logGroupName", Text), flag("batchMode")],
        sugar: &[sugar("logGroup", "logGroupName", Means::LogGroup)],
    },
    plain("elasticsearch", SEARCH),
    plain("salesforce", &[need("token", Text), need("url", Text)]),
    plain(
        "iotAnalytics",
        &[may("channelArn", Text), may("channelName", Text), flag("batchMode"), may("roleArn", Text)],
    ),
    plain("iotEvents", &[need("inputName", Text), may("messageId", Text), flag("batchMode"), need("roleArn", Text)]),
    plain(
        "iotSiteWise",
        &[
            need(
                "putAssetPropertyValueEntries",
                List(&[
                    may("entryId", Text),
                    may("assetId", Text),
                    may("propertyId", Text),
                    may("propertyAlias", Text),
                    need(
                        "propertyValues",
                        List(&[
                            need(
                                "value",
                                Object(&[
                                    may("stringValue", Text),
                                    may("integerValue", Text),
                                    may("doubleValue", Text),
                                    may("booleanValue", Text),
                                ]),
                            ),
                            need("timestamp", Object(&[need("timeInSeconds", Text), may("offsetInNanos", Text)])),
                            may("quality", Text),
                        ]),
                    ),
                ]),
            ),
            need("roleArn", Text),
        ],
    ),
    plain("stepFunctions", &[may("executionNamePrefix", Text), need("stateMachineName", Text), need("roleArn", Text)]),
    plain(
        "timestream",
        &[
            need("roleArn", Text),
            need("databaseName", Text),
            need("tableName", Text),
            need("dimensions", List(&[need("name", Text), need("value", Text)])),
            may("timestamp", Object(&[need("value", Text), need("unit", Text)])),
        ],
    ),
    plain(
        "http",
        &[
            need("url", Text),
            may("confirmationUrl", Text),
            may("headers", List(PAIRS)),
            may(
                "auth",
                Object(&[may(
                    "sigv4",
                    Object(&[need("signingRegion", Text), need("serviceName", Text), need("roleArn", Text)]),
                )]),
            ),
            flag("enableBatching"),
            may(
                "batchConfig",
                Object(&[
                    may("maxBatchOpenMs", Whole(5, 200)),
                    may("maxBatchSize", Whole(2, 10)),
                    may("maxBatchSizeBytes", Whole(100, 131_072)),
                    may("batchAcrossTopics", Flag),
                ]),
            ),
        ],
    ),
    plain(
        "kafka",
        &[
            need("destinationArn", Text),
            need("topic", Text),
            may("key", Text),
            may("partition", Text),
            need("clientProperties", Texts),
            may("headers", List(PAIRS)),
        ],
    ),
    plain("openSearch", SEARCH),
    plain(
        "location",
        &[
            need("roleArn", Text),
            need("trackerName", Text),
            need("deviceId", Text),
            may("timestamp", Object(&[need("value", Text), may("unit", Text)])),
            need("latitude", Text),
            need("longitude", Text),
        ],
    ),
    plain(
        "influxDB",
        &[
            need("destinationArn", Text),
            need("roleArn", Text),
            need("databaseName", Text),
            need("tableName", Text),
            may("organization", Text),
            may("tags", Texts),
            may("timestampUnit", OneOf(&["s", "ms", "us", "ns"])),
            may(
                "batchConfig",
                Object(&[
                    may("maxBatchSize", Whole(1, 500)),
                    may("maxBatchOpenMs", Whole(5, 1000)),
                    may("maxBatchSizeBytes", Whole(100, 131_072)),
                    may("batchAcrossTopics", Flag),
                ]),
            ),
        ],
    ),
];
