//! Plain HTTP to a sandbox in each of the protocols.

use std::io::Write as _;

use fleet_sandbox::{Config, Sandbox};
use serde_json::Value;
use tokio::runtime::Runtime;
use ureq::Agent;
use ureq::http::Request;

/// Account of the callers.
pub const ACCOUNT: &str = "111111111111";

/// A running sandbox with the runtime it lives on.
pub struct Local {
    pub sandbox: Sandbox,
    runtime: Runtime,
}

pub fn start(config: Config) -> Local {
    let runtime = Runtime::new().unwrap();
    let sandbox = runtime.block_on(Sandbox::start(config)).unwrap();
    Local { sandbox, runtime }
}

impl Local {
    pub fn caller(&self) -> Caller {
        Caller::new(&self.sandbox.url())
    }

    /// Waits for something that must come at once.
    pub fn wait<T>(&self, work: impl Future<Output = T>) -> T {
        let soon = std::time::Duration::from_secs(10);
        self.runtime.block_on(async { tokio::time::timeout(soon, work).await }).unwrap()
    }

    pub fn stop(self) {
        self.runtime.block_on(self.sandbox.shutdown());
    }
}

/// A client of one account in us-east-1.
pub struct Caller {
    agent: Agent,
    url: String,
    pub key: String,
}

/// An answer as it came over the wire.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub error_type: String,
    pub query_error: String,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// The error's name, wherever the protocol puts it.
    pub fn error(&self) -> String {
        if !self.error_type.is_empty() {
            return self.error_type.clone();
        }
        if let Some((_, code)) = self.text().split_once("<Code>") {
            return code.split('<').next().unwrap_or_default().to_owned();
        }
        let typed = self.json()["__type"].as_str().map(str::to_owned);
        let cbor = || match ciborium::from_reader(&self.body[..]) {
            Ok(ciborium::Value::Map(members)) => {
                let mut members =
                    members.into_iter().filter_map(|(k, v)| Some((k.into_text().ok()?, v.into_text().ok()?)));
                members.find(|(name, _)| name == "__type").map(|(_, kind)| kind)
            }
            _ => None,
        };
        let name = typed.or_else(cbor).unwrap_or_default();
        name.rsplit('#').next().unwrap_or_default().to_owned()
    }
}

impl Caller {
    pub fn new(url: &str) -> Caller {
        let agent = Agent::config_builder().http_status_as_error(false).build().into();
        Caller { agent, url: url.to_owned(), key: ACCOUNT.to_owned() }
    }

    /// A signed request; `None` if the connection was closed without an answer.
    pub fn send(
        &self,
        service: &str,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Option<Answer> {
        let scope = format!("{}/20261121/us-east-1/{service}/aws4_request", self.key);
        let signature = format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0");
        let signed = [headers, &[("authorization", signature.as_str())]].concat();
        self.send_plain(method, path, &signed, body)
    }

    /// A request without a signature.
    pub fn send_plain(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Option<Answer> {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.url));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut answer = self.agent.run(request.body(body.to_vec()).unwrap()).ok()?;
        let header = |name: &str| answer.headers().get(name).map_or(String::new(), |v| v.to_str().unwrap().to_owned());
        let (error_type, query_error) = (header("x-amzn-errortype"), header("x-amzn-query-error"));
        let status = answer.status().as_u16();
        Some(Answer { status, error_type, query_error, body: answer.body_mut().read_to_vec().ok()? })
    }

    /// awsQuery.
    pub fn query(&self, service: &str, form: &str) -> Option<Answer> {
        self.send(service, "POST", "/", &[("content-type", "application/x-www-form-urlencoded")], form.as_bytes())
    }

    /// awsJson.
    pub fn json(&self, service: &str, target: &str, body: &Value) -> Option<Answer> {
        self.send(service, "POST", "/", &[("x-amz-target", target)], body.to_string().as_bytes())
    }

    /// RPC v2 CBOR, compressed as SDKs do with large bodies.
    pub fn cbor(&self, service: &str, target: &str, operation: &str, body: &Value) -> Option<Answer> {
        let mut plain = Vec::new();
        ciborium::into_writer(body, &mut plain).unwrap();
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(&plain).unwrap();
        let headers = [("smithy-protocol", "rpc-v2-cbor"), ("content-encoding", "gzip")];
        let path = format!("/service/{target}/operation/{operation}");
        self.send(service, "POST", &path, &headers, &gzip.finish().unwrap())
    }

    /// One call that reads, in each service's own protocol.
    pub fn read(&self, service: &str) -> Option<Answer> {
        match service {
            "iam" => self.query(service, "Action=ListRoles&Version=2010-05-08"),
            "iot" => self.send(service, "GET", "/things", &[], &[]),
            "lambda" => self.send(service, "GET", "/2015-03-31/functions", &[], &[]),
            "logs" => self.json(service, "Logs_20140328.DescribeLogGroups", &serde_json::json!({})),
            "monitoring" => {
                self.cbor(service, "GraniteServiceVersion20100801", "DescribeAlarms", &serde_json::json!({}))
            }
            "sns" => self.query(service, "Action=ListTopics&Version=2010-03-31"),
            "sts" => self.query(service, "Action=GetCallerIdentity&Version=2011-06-15"),
            _ => self.json(service, "ResourceGroupsTaggingAPI_20170126.GetResources", &serde_json::json!({})),
        }
    }

    /// Makes a topic.
    pub fn create_topic(&self, name: &str) -> Option<Answer> {
        self.query("sns", &format!("Action=CreateTopic&Version=2010-03-31&Name={name}"))
    }

    /// Names of all topics, page by page.
    pub fn topics(&self) -> Vec<String> {
        let mut names = Vec::new();
        let mut token = String::new();
        loop {
            let answer = self.query("sns", &format!("Action=ListTopics&Version=2010-03-31&NextToken={token}"));
            let text = answer.unwrap().text();
            let arns = text.split("<TopicArn>").skip(1).filter_map(|part| part.split('<').next());
            names.extend(arns.filter_map(|arn| arn.rsplit(':').next()).map(str::to_owned));
            match text.split_once("<NextToken>") {
                Some((_, rest)) => token = rest.split('<').next().unwrap_or_default().to_owned(),
                None => return names,
            }
        }
    }
}
