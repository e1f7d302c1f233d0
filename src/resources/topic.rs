//! SNS topics, with their access policy and their subscriptions.
//!
//! Subscriptions belong to the topic and are managed when the spec says `subscriptions`. A subscription that waits for
//! its confirmation counts as present: AWS shows neither its settings nor an ARN for it until then, and removes it by
//! itself when nobody confirms.

mod access;
mod subscription;

use std::collections::BTreeMap;

use aws_sdk_sns::types::Tag;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use self::subscription::Subscription;
use super::names::{NameRule, check_choice, check_length};
use crate::aws::context::Context;
use crate::aws::error::{AwsError, Cause, Optional};
use crate::aws::pages;
use crate::kind::{Kind, Live, Ownership};
use crate::ownership::{FLEET_TAG, TagChange, Tags};
use crate::policy_document::{PolicyDocument, PolicyUse};
use crate::scope::{Place, Problems, Reference, Scope};

pub struct Topic;

const TRACING: &[&str] = &["PassThrough", "Active"];
const SIGNATURES: &[&str] = &["1", "2"];
const THROUGHPUT: &[&str] = &["Topic", "MessageGroup"];

/// An SNS topic.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Spec {
    /// The sender's name in e-mails and SMS, at most 100 characters.
    display_name: String,
    /// A first-in-first-out topic; its name ends in `.fifo`. It cannot be changed later, so the topic is replaced.
    fifo: bool,
    /// For FIFO topics: whether equal messages count as one. Default false.
    content_based_deduplication: bool,
    /// For FIFO topics. Default `Topic`.
    #[schemars(extend("enum" = THROUGHPUT))]
    fifo_throughput_scope: Option<String>,
    /// The KMS key that encrypts messages at rest: an ID, an ARN or an alias such as `alias/aws/sns`.
    kms_key: Option<String>,
    /// Whether messages are traced with X-Ray. Default `PassThrough`.
    #[schemars(extend("enum" = TRACING))]
    tracing_config: Option<String>,
    /// The hash that notifications are signed with: `1` is SHA-1 (default), `2` is SHA-256.
    #[schemars(extend("enum" = SIGNATURES))]
    signature_version: Option<String>,
    /// AWS services that may publish on behalf of this account, for example `cloudwatch.amazonaws.com`. Expands to a
    /// statement with the condition `aws:SourceAccount`, beside SNS's default statement for the owner.
    publishers: Vec<String>,
    /// The whole access policy, instead of `publishers`.
    policy: Option<PolicyDocument>,
    /// How deliveries to HTTP and HTTPS endpoints are retried, in AWS's form.
    delivery_policy: Option<Map<String, Value>>,
    /// The subscriptions, all of them, by names that are yours to choose. Left out, they are not managed. E-mail and HTTP
    /// endpoints must confirm; until they do, AWS lets nobody change or remove the subscription.
    subscriptions: Option<BTreeMap<String, subscription::Spec>>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct State {
    display_name: String,
    fifo: bool,
    content_based_deduplication: bool,
    fifo_throughput_scope: String,
    kms_key: Option<String>,
    tracing_config: String,
    signature_version: String,
    /// Absent where it is the one that SNS gives every topic.
    policy: Option<PolicyDocument>,
    delivery_policy: Option<Value>,
    /// By `protocol:endpoint`, which is what identifies a subscription in AWS. Absent where they are not managed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    subscriptions: Option<BTreeMap<String, Subscription>>,
}

impl State {
    /// AWS's attributes. An empty text stands for "not set", and setting it clears the attribute.
    fn attributes(&self, topic_arn: &str, place: &Place) -> BTreeMap<&'static str, String> {
        let mut all = BTreeMap::from([
            ("DisplayName", self.display_name.clone()),
            ("KmsMasterKeyId", self.kms_key.clone().unwrap_or_default()),
            ("SignatureVersion", self.signature_version.clone()),
            ("DeliveryPolicy", self.delivery_policy.as_ref().map(Value::to_string).unwrap_or_default()),
            ("Policy", access::wire(self.policy.as_ref(), topic_arn, place)),
        ]);
        match self.fifo {
            true => all.extend([
                ("ContentBasedDeduplication", self.content_based_deduplication.to_string()),
                ("FifoThroughputScope", self.fifo_throughput_scope.clone()),
            ]),
            false => all.extend([("TracingConfig", self.tracing_config.clone())]),
        }
        all
    }

    /// A new topic for which nothing but its type is said.
    fn plain(fifo: bool) -> State {
        State {
            display_name: String::new(),
            fifo,
            content_based_deduplication: false,
            fifo_throughput_scope: "Topic".into(),
            kms_key: None,
            tracing_config: "PassThrough".into(),
            signature_version: "1".into(),
            policy: None,
            delivery_policy: None,
            subscriptions: None,
        }
    }
}

pub fn arn(place: &Place, name: &str) -> String {
    place.arn("sns", name)
}

impl Kind for Topic {
    const SECTION: &'static str = "topics";
    const NOUN: &'static str = "topic";
    const OWNERSHIP: Ownership = Ownership::Tags;
    const RANK: u8 = 50;
    const ATTRIBUTES: &'static [&'static str] = &["arn"];
    type Spec = Spec;
    type State = State;

    fn check(name: &str, spec: &Spec, problems: &mut Problems) {
        let stem = name.strip_suffix(".fifo").unwrap_or(name);
        NameRule { others: "_-", longest: 256 + stem.len() - name.len(), source: "API:CreateTopic" }
            .check(stem, problems);
        if spec.fifo != name.ends_with(".fifo") {
            problems.push("", "`fifo: true` and a name that ends in `.fifo` go together (API:CreateTopic)");
        }
        if !spec.fifo && (spec.content_based_deduplication || spec.fifo_throughput_scope.is_some()) {
            let message = "`contentBasedDeduplication` and `fifoThroughputScope` are for FIFO topics (API:CreateTopic)";
            problems.push("", message);
        }
        if spec.fifo && spec.tracing_config.is_some() {
            problems.push("/tracingConfig", "a FIFO topic cannot be traced (API:CreateTopic)");
        }
        check_length("/displayName", &spec.display_name, 100, "SNS developer guide, display name", problems);
        check_choice("/tracingConfig", &spec.tracing_config, TRACING, problems);
        check_choice("/signatureVersion", &spec.signature_version, SIGNATURES, problems);
        check_choice("/fifoThroughputScope", &spec.fifo_throughput_scope, THROUGHPUT, problems);
        access::check_publishers(&spec.publishers, problems);
        if let Some(policy) = &spec.policy {
            policy.check("/policy", PolicyUse::Resource, problems);
            if !spec.publishers.is_empty() {
                problems.push("/publishers", "`publishers` is a part of `policy`; write one of the two");
            }
        }
        for (label, entry) in spec.subscriptions.iter().flatten() {
            let pointer = format!("/subscriptions/{}", crate::spec::node::pointer_token(label));
            entry.check(&pointer, spec.fifo, problems);
        }
    }

    fn references(spec: &Spec) -> Vec<Reference> {
        let entries = spec.subscriptions.iter().flatten();
        let reference = |(label, entry): (&String, &subscription::Spec)| {
            entry.reference(&format!("/subscriptions/{}", crate::spec::node::pointer_token(label)))
        };
        entries.filter_map(reference).collect()
    }

    /// A policy may name what is not there yet.
    fn orders(pointer: &str) -> bool {
        !pointer.starts_with("/policy")
    }

    fn desired(spec: Spec, scope: &Scope) -> Result<State, Problems> {
        let plain = State::plain(spec.fifo);
        let topic_arn = arn(scope.place, scope.name);
        let policy = match spec.publishers.is_empty() {
            true => spec.policy,
            false => Some(access::of_publishers(&spec.publishers, &topic_arn, scope.place)),
        };
        Ok(State {
            display_name: spec.display_name,
            fifo: spec.fifo,
            content_based_deduplication: spec.content_based_deduplication,
            fifo_throughput_scope: spec.fifo_throughput_scope.unwrap_or(plain.fifo_throughput_scope),
            kms_key: spec.kms_key.filter(|key| !key.is_empty()),
            tracing_config: spec.tracing_config.unwrap_or(plain.tracing_config),
            signature_version: spec.signature_version.unwrap_or(plain.signature_version),
            policy: policy.filter(|policy| !access::is_default(policy, scope.place)),
            delivery_policy: spec.delivery_policy.map(Value::Object),
            subscriptions: spec.subscriptions.map(|all| subscription::desired(all, scope.place)).transpose()?,
        })
    }

    fn attribute(name: &str, attribute: &str, scope: &Scope) -> Option<String> {
        (attribute == "arn").then(|| arn(scope.place, name))
    }

    fn replaces(path: &str) -> bool {
        path == "/fifo"
    }

    async fn read(cx: &Context, name: &str) -> Result<Option<Live<State>>, AwsError> {
        read(cx, name, None).await
    }

    async fn read_declared(cx: &Context, name: &str, desired: &State) -> Result<Option<Live<State>>, AwsError> {
        read(cx, name, Some(desired)).await
    }

    /// `CreateTopic` returns a topic that exists already, whoever owns it; so this looks first.
    async fn create(cx: &Context, name: &str, desired: &State) -> Result<(), AwsError> {
        if let Some(live) = read(cx, name, Some(desired)).await? {
            return match live.tags.get(FLEET_TAG) == Some(&cx.mark.fleet) {
                true => Self::update(cx, &live, desired).await,
                false => Err(taken(cx)),
            };
        }
        let topic_arn = arn(cx.place(), name);
        let plain = State::plain(desired.fifo).attributes(&topic_arn, cx.place());
        let mut attributes = desired.attributes(&topic_arn, cx.place());
        attributes.retain(|key, value| plain.get(key) != Some(value));
        if desired.fifo {
            attributes.insert("FifoTopic", "true".into());
        }
        cx.call("sns:CreateTopic", || {
            let request = cx.session.clients.sns.create_topic().name(name).set_tags(wire_tags(&cx.tags()));
            attributes.iter().fold(request, |request, (key, value)| request.attributes(*key, value)).send()
        })
        .await?;
        subscription::converge(cx, &topic_arn, None, desired.subscriptions.as_ref()).await
    }

    async fn update(cx: &Context, live: &Live<State>, desired: &State) -> Result<(), AwsError> {
        let topic_arn = arn(cx.place(), &live.id);
        let before = live.state.attributes(&topic_arn, cx.place());
        for (key, value) in desired.attributes(&topic_arn, cx.place()) {
            if before.get(key) != Some(&value) {
                cx.call("sns:SetTopicAttributes", || {
                    let request = cx.session.clients.sns.set_topic_attributes().topic_arn(&topic_arn);
                    request.attribute_name(key).attribute_value(&value).send()
                })
                .await?;
            }
        }
        let live = live.state.subscriptions.as_ref();
        subscription::converge(cx, &topic_arn, live, desired.subscriptions.as_ref()).await
    }

    async fn retag(cx: &Context, live: &Live<State>, change: &TagChange) -> Result<(), AwsError> {
        let (sns, topic_arn) = (&cx.session.clients.sns, arn(cx.place(), &live.id));
        if !change.set.is_empty() {
            cx.call("sns:TagResource", || {
                sns.tag_resource().resource_arn(&topic_arn).set_tags(wire_tags(&change.set)).send()
            })
            .await?;
        }
        if !change.remove.is_empty() {
            cx.call("sns:UntagResource", || {
                sns.untag_resource().resource_arn(&topic_arn).set_tag_keys(Some(change.remove.clone())).send()
            })
            .await?;
        }
        Ok(())
    }

    /// Its subscriptions go with it (API:DeleteTopic).
    async fn delete(cx: &Context, live: &Live<State>) -> Result<(), AwsError> {
        let topic_arn = arn(cx.place(), &live.id);
        let delete = || cx.session.clients.sns.delete_topic().topic_arn(&topic_arn).send();
        cx.call("sns:DeleteTopic", delete).await.optional()?;
        Ok(())
    }

    async fn list(cx: &Context) -> Result<Vec<String>, AwsError> {
        let list = |token| cx.session.clients.sns.list_topics().set_next_token(token).send();
        let pages = pages::all(cx, "sns:ListTopics", list, |page| page.next_token()).await?;
        let arns = pages.iter().flat_map(|page| page.topics()).filter_map(|topic| topic.topic_arn());
        Ok(arns.filter_map(|arn| arn.rsplit(':').next().map(str::to_owned)).collect())
    }
}

/// `desired` saves reading subscriptions that are not managed, and speaks for those that wait for their confirmation.
async fn read(cx: &Context, name: &str, desired: Option<&State>) -> Result<Option<Live<State>>, AwsError> {
    let (sns, topic_arn) = (&cx.session.clients.sns, arn(cx.place(), name));
    let get = || sns.get_topic_attributes().topic_arn(&topic_arn).send();
    let Some(found) = cx.call("sns:GetTopicAttributes", get).await.optional()? else { return Ok(None) };
    let list = || sns.list_tags_for_resource().resource_arn(&topic_arn).send();
    let Some(tagged) = cx.call("sns:ListTagsForResource", list).await.optional()? else { return Ok(None) };
    let tags = tagged.tags().iter().map(|tag| (tag.key().to_owned(), tag.value().to_owned())).collect();
    let declared = desired.map(|desired| desired.subscriptions.as_ref());
    let subscriptions = match declared {
        Some(None) => None,
        _ => match subscription::read(cx, &topic_arn, declared.flatten()).await.optional()? {
            None => return Ok(None),
            found => found,
        },
    };
    let attribute = |key: &str| {
        found.attributes().and_then(|all| all.get(key)).filter(|value| !value.is_empty()).map(String::as_str)
    };
    let fifo = attribute("FifoTopic") == Some("true");
    let plain = State::plain(fifo);
    let policy = attribute("Policy").map(PolicyDocument::live);
    let state = State {
        display_name: attribute("DisplayName").unwrap_or_default().to_owned(),
        fifo,
        content_based_deduplication: attribute("ContentBasedDeduplication") == Some("true"),
        fifo_throughput_scope: attribute("FifoThroughputScope").unwrap_or(&plain.fifo_throughput_scope).to_owned(),
        kms_key: attribute("KmsMasterKeyId").map(str::to_owned),
        tracing_config: attribute("TracingConfig").unwrap_or(&plain.tracing_config).to_owned(),
        signature_version: attribute("SignatureVersion").unwrap_or(&plain.signature_version).to_owned(),
        policy: policy.filter(|policy| !access::is_default(policy, cx.place())),
        delivery_policy: attribute("DeliveryPolicy").and_then(|text| serde_json::from_str(text).ok()),
        subscriptions,
    };
    Ok(Some(Live { id: name.to_owned(), state, tags, version: None }))
}

fn wire_tags(tags: &Tags) -> Option<Vec<Tag>> {
    let build = |(key, value): (&String, &String)| Tag::builder().key(key).value(value).build();
    Some(tags.iter().map(build).map(|tag| tag.expect("key and value are set")).collect())
}

/// What AWS would say if `CreateTopic` did not return foreign topics.
fn taken(cx: &Context) -> AwsError {
    AwsError {
        action: "sns:CreateTopic",
        subject: cx.mark.address.to_string(),
        cause: Cause::Service {
            code: "ResourceAlreadyExistsException".into(),
            message: "a topic of this name exists and does not belong to this fleet".into(),
            status: 400,
        },
    }
}
