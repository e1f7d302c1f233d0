//! Reads Signature Version 4 for account, region and service; never verifies it.
//!
//! Source: AWS General Reference, "Signing AWS API requests": the Authorization header, and the
//! `X-Amz-Credential` query parameter of presigned URLs, hold
//! `KEY/DATE/REGION/SERVICE/aws4_request`.

use hyper::HeaderMap;

/// Account of callers whose access key id is not an account number.
pub const DEFAULT_ACCOUNT: &str = "000000000000";

/// Who calls what, as far as the signature says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    /// Access key id.
    pub access_key: String,
    /// Region of the scope.
    pub region: String,
    /// Signing name of the service.
    pub service: String,
}

impl Credential {
    /// The account: an access key id of 12 digits is one, every other key belongs to
    /// [`DEFAULT_ACCOUNT`].
    pub fn account(&self) -> &str {
        let digits = self.access_key.len() == 12 && self.access_key.bytes().all(|b| b.is_ascii_digit());
        if digits { &self.access_key } else { DEFAULT_ACCOUNT }
    }
}

/// Finds the credential in the headers or the query; `None` for an unsigned request.
pub fn parse(headers: &HeaderMap, query: &str) -> Option<Credential> {
    let header = headers.get("authorization").and_then(|v| v.to_str().ok());
    if let Some(text) = header.filter(|h| h.starts_with("AWS4-HMAC-SHA256") || h.starts_with("AWS4-ECDSA")) {
        let scope = text.split_once("Credential=")?.1;
        return scope_of(scope.split([',', ' ']).next()?);
    }
    form_urlencoded::parse(query.as_bytes())
        .find(|(name, _)| name.eq_ignore_ascii_case("X-Amz-Credential"))
        .and_then(|(_, value)| scope_of(&value))
}

fn scope_of(text: &str) -> Option<Credential> {
    // The access key id may hold slashes in theory; the scope's parts do not, so count from the end.
    let mut parts = text.rsplitn(5, '/');
    let (_terminator, service, region) = (parts.next()?, parts.next()?, parts.next()?);
    let (_date, access_key) = (parts.next()?, parts.next()?);
    Some(Credential { access_key: access_key.to_owned(), region: region.to_owned(), service: service.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scope_comes_from_header_or_query_and_names_the_account() {
        let mut headers = HeaderMap::new();
        assert_eq!(parse(&headers, "a=b"), None);
        let query = "X-Amz-Credential=AKIDEXAMPLE%2F20261121%2Feu-west-1%2Fiot%2Faws4_request";
        let presigned = parse(&headers, query).unwrap();
        assert_eq!((presigned.region.as_str(), presigned.account()), ("eu-west-1", DEFAULT_ACCOUNT));
        let value = "AWS4-HMAC-SHA256 Credential=123456789012/20261121/us-east-1/monitoring/aws4_request, SignedHeaders=host, Signature=00";
        headers.insert("authorization", value.parse().unwrap());
        let signed = parse(&headers, "").unwrap();
        assert_eq!((signed.service.as_str(), signed.account()), ("monitoring", "123456789012"));
    }
}
