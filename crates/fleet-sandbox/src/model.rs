//! Compact service models: operations, HTTP bindings, shapes and their constraints.
//!
//! The JSON files in `models/` are derived from botocore's service models by `models/derive.py`;
//! they hold facts of the wire and no texts. Everything that differs between services in form only
//! (routes, names on the wire, types, lengths, patterns, enums, error codes) is read from here, so
//! handlers contain behaviour alone.

use std::sync::OnceLock;

use indexmap::IndexMap;
use serde::Deserialize;

/// One service's model.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Model {
    /// Protocols the service speaks, in botocore's words.
    pub protocols: Vec<String>,
    /// API version, as query requests and error texts state it.
    pub version: String,
    /// Prefix of `X-Amz-Target`, also the service name in RPC v2 CBOR paths.
    pub target: Option<String>,
    /// `1.0` or `1.1`: the content type of awsJson answers.
    pub json_version: Option<String>,
    /// Namespace of awsQuery answers.
    pub xml_namespace: Option<String>,
    /// All operations of the service, also those the sandbox does not offer.
    pub operations: IndexMap<String, Operation>,
    shapes: IndexMap<String, Shape>,
}

/// One operation.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Operation {
    /// Route.
    pub http: Http,
    /// Shape of the input; `None` if the operation takes none.
    pub input: Option<String>,
    /// Shape of the output; `None` if the answer is empty.
    pub output: Option<String>,
    /// Element around an awsQuery result.
    pub result_wrapper: Option<String>,
}

/// Method, URI template and success status of an operation.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Http {
    /// HTTP method.
    pub method: String,
    /// Template with `{label}` segments; always `/` outside restJson.
    pub request_uri: String,
    /// Success status, 200 unless stated.
    pub response_code: Option<u16>,
}

/// The kinds of shapes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Type {
    /// Text.
    String,
    /// Text in older models.
    Character,
    /// 32-bit integer.
    Integer,
    /// 64-bit integer.
    Long,
    /// 32-bit float.
    Float,
    /// 64-bit float.
    Double,
    /// Truth value.
    Boolean,
    /// Bytes; base64 text inside the sandbox.
    Blob,
    /// Epoch milliseconds inside the sandbox, whatever the protocol writes.
    Timestamp,
    /// Ordered members.
    Structure,
    /// Sequence.
    List,
    /// String keys.
    Map,
}

/// A shape with its constraints.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Shape {
    /// Kind of the shape.
    #[serde(rename = "type")]
    pub kind: Type,
    /// Least value, length or number of entries.
    pub min: Option<f64>,
    /// Greatest value, length or number of entries.
    pub max: Option<f64>,
    /// Regular expression which the whole text must match.
    pub pattern: Option<String>,
    /// Closed set of values.
    #[serde(rename = "enum")]
    pub choices: Option<Vec<String>>,
    /// Members of a structure.
    #[serde(default)]
    pub members: IndexMap<String, Member>,
    /// Members that must be present.
    #[serde(default)]
    pub required: Vec<String>,
    /// Member that is the whole HTTP body.
    pub payload: Option<String>,
    /// Entries of a list.
    pub member: Option<Member>,
    /// Values of a map.
    pub value: Option<Member>,
    /// Keys of a map.
    pub key: Option<Member>,
    /// Wire code and status of an exception.
    pub error: Option<ErrorTrait>,
    #[serde(skip)]
    compiled: OnceLock<Option<fancy_regex::Regex>>,
}

/// A member of a structure, list or map.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Member {
    /// Name of its shape.
    pub shape: String,
    /// `uri`, `querystring`, `header`, `headers` or `statusCode`; the body if absent.
    pub location: Option<String>,
    /// Name on the wire where it differs.
    pub location_name: Option<String>,
}

impl Member {
    /// The member's name on the wire.
    pub fn wire_name<'a>(&'a self, name: &'a str) -> &'a str {
        self.location_name.as_deref().unwrap_or(name)
    }
}

/// How an exception looks on the wire.
#[derive(Debug, Deserialize)]
pub struct ErrorTrait {
    /// Code in awsQuery answers, where it differs from the shape's name.
    pub code: Option<String>,
    /// HTTP status.
    pub status: Option<u16>,
}

/// An error as the model knows it: shape name, wire code, status.
pub struct KnownError<'m> {
    /// Exception shape's name.
    pub shape: &'m str,
    /// Code in awsQuery answers.
    pub code: &'m str,
    /// HTTP status, 400 where the model is silent.
    pub status: u16,
    /// Member that holds the text: `message` or `Message`.
    pub message_member: &'m str,
}

impl Model {
    /// Parses an embedded model. A broken one is a fault of this crate, found by the unit test below.
    pub fn parse(text: &str) -> Model {
        serde_json::from_str(text).expect("embedded model is valid JSON of the model's form")
    }

    /// The shape of that name.
    pub fn shape(&self, name: &str) -> &Shape {
        self.shapes.get(name).expect("models are closed: every named shape is there")
    }

    /// Whether the service speaks awsQuery beside a typed protocol.
    pub fn query_compatible(&self) -> bool {
        self.protocols.len() > 1 && self.protocols.iter().any(|protocol| protocol == "query")
    }

    /// Finds an error by its shape's name or by its wire code.
    pub fn error<'m>(&'m self, code: &str) -> Option<KnownError<'m>> {
        let errors = || self.shapes.iter().filter_map(|(name, shape)| Some((name, shape.error.as_ref()?)));
        let known = |(name, error): (&'m String, &'m ErrorTrait)| {
            let text = self.shape(name).members.keys().find(|member| member.eq_ignore_ascii_case("message"));
            KnownError {
                shape: name,
                code: error.code.as_deref().unwrap_or(name),
                status: error.status.unwrap_or(400),
                message_member: text.map_or("message", String::as_str),
            }
        };
        // Several shapes may share a wire code, so the shape's own name goes first.
        let by_name = errors().find(|(name, _)| *name == code);
        by_name.or_else(|| errors().find(|(_, error)| error.code.as_deref() == Some(code))).map(known)
    }
}

impl Shape {
    /// Whether the text matches the pattern as a whole; true where there is none.
    ///
    /// Services match whole values, whether or not the published pattern is anchored.
    pub fn matches(&self, text: &str) -> bool {
        let compiled = self.compiled.get_or_init(|| {
            let pattern = self.pattern.as_deref()?;
            fancy_regex::Regex::new(&format!("^(?:{pattern})$")).ok()
        });
        match compiled {
            Some(regex) => regex.is_match(text).unwrap_or(true),
            None => true,
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_model_is_closed_and_every_pattern_compiles() {
        for service in crate::api::service::SERVICES {
            let model = service.model();
            for (name, shape) in &model.shapes {
                let parts = [&shape.member, &shape.key, &shape.value];
                let parts = parts.into_iter().flatten().chain(shape.members.values());
                for part in parts {
                    assert!(model.shapes.contains_key(&part.shape), "{}: {}", service.name, part.shape);
                }
                if let Some(pattern) = &shape.pattern {
                    let whole = format!("^(?:{pattern})$");
                    fancy_regex::Regex::new(&whole).unwrap_or_else(|e| panic!("{}: {name}: {e}", service.name));
                }
            }
            for operation in model.operations.values() {
                let named = operation.input.iter().chain(&operation.output);
                for shape in named {
                    assert!(model.shapes.contains_key(shape), "{}: {shape}", service.name);
                }
            }
            for (operation, _) in service.operations() {
                assert!(model.operations.contains_key(*operation), "{}: {operation}", service.name);
            }
        }
    }
}
