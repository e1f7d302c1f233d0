//! Plain HTTP to a sandbox: what is written here is what goes over the wire.

use fleet_sandbox::{Config, Sandbox};
use serde_json::Value;
use tokio::runtime::Runtime;
use ureq::Agent;
use ureq::http::Request;

/// Account of the callers.
pub const ACCOUNT: &str = "111111111111";
/// A role ARN of that account.
pub const ROLE: &str = "arn:aws:iam::111111111111:role/iot";

/// A running sandbox with the runtime it lives on.
pub struct Local {
    /// The sandbox.
    pub sandbox: Sandbox,
    runtime: Runtime,
}

/// Starts a sandbox.
pub fn start(config: Config) -> Local {
    let runtime = Runtime::new().unwrap();
    let sandbox = runtime.block_on(Sandbox::start(config)).unwrap();
    Local { sandbox, runtime }
}

impl Local {
    /// A client of [`ACCOUNT`] in a region.
    pub fn caller(&self, region: &str) -> Caller {
        self.caller_of(ACCOUNT, region)
    }

    /// A client of any account.
    pub fn caller_of(&self, account: &str, region: &str) -> Caller {
        let agent: Agent = Agent::config_builder().http_status_as_error(false).build().into();
        Caller { agent, url: self.sandbox.url(), region: region.to_owned(), account: account.to_owned() }
    }

    /// Ends the server, so that another can use its folder.
    pub fn stop(self) {
        self.runtime.block_on(self.sandbox.shutdown());
    }
}

/// A client of one account and region.
pub struct Caller {
    agent: Agent,
    url: String,
    /// Region, as in the credential scope.
    pub region: String,
    account: String,
}

/// An answer: status, error type and body.
pub type Answer = (u16, String, Value);

impl Caller {
    /// One call; `None` if the connection was closed without an answer.
    pub fn call(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Value) -> Option<Answer> {
        self.send(
            "iot",
            method,
            path,
            headers,
            if body == serde_json::json!({}) { String::new() } else { body.to_string() },
        )
    }

    fn send(&self, service: &str, method: &str, path: &str, headers: &[(&str, &str)], body: String) -> Option<Answer> {
        let scope = format!("{}/20261121/{}/{service}/aws4_request", self.account, self.region);
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.url))
            .header("authorization", format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut answer = self.agent.run(request.body(body).unwrap()).ok()?;
        let kind = answer.headers().get("x-amzn-errortype").map(|kind| kind.to_str().unwrap().to_owned());
        let text = answer.body_mut().read_to_string().ok()?;
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Some((answer.status().as_u16(), kind.unwrap_or_default(), body))
    }

    /// A call that must succeed.
    pub fn ok(&self, method: &str, path: &str, body: Value) -> Value {
        self.ok_with(method, path, &[], body)
    }

    /// A call with headers that must succeed.
    pub fn ok_with(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Value) -> Value {
        let (status, kind, answer) = self.call(method, path, headers, body).expect("an answer");
        assert_eq!(status, 200, "{method} {path}: {kind} {answer}");
        answer
    }

    /// A call that must be refused with this error and a message that contains `text`.
    pub fn no(&self, method: &str, path: &str, body: Value, code: &str, text: &str) {
        let (status, kind, answer) = self.call(method, path, &[], body).expect("an answer");
        let message = answer["message"].as_str().unwrap_or_default();
        assert!(status >= 400 && kind == code && message.contains(text), "{method} {path}: {status} {kind} {answer}");
    }

    /// An IAM call in the query protocol that must succeed.
    pub fn iam(&self, form: &str) {
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        let (status, _, answer) =
            self.send("iam", "POST", "/", &headers, format!("Version=2010-05-08&{form}")).expect("an answer");
        assert_eq!(status, 200, "{form}: {answer}");
    }

    /// An ARN of AWS IoT in this account and region.
    pub fn arn(&self, resource: &str) -> String {
        format!("arn:aws:iot:{}:{}:{resource}", self.region, self.account)
    }
}

/// An ARN as a path segment or query value.
pub fn encoded(arn: &str) -> String {
    arn.replace(':', "%3A").replace('/', "%2F")
}
