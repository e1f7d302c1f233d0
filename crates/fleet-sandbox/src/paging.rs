//! Pages of a list: real tokens that go on after the last key shown, whatever was deleted between.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::error::AwsError;
use crate::request::Request;

/// How an operation pages.
pub struct Paging<'a> {
    /// Input member with the token.
    pub token: &'a str,
    /// Input member with the page size; empty if the operation takes none.
    pub size: &'a str,
    /// Page size where the caller names none.
    pub default: usize,
    /// Greatest page size; a larger wish is cut to it (refusing it is the model's business).
    pub max: usize,
    /// Error code for a token that is not one of ours.
    pub invalid: &'a str,
}

/// The usual form of IoT: `nextToken`, `maxResults`.
pub const IOT: Paging<'static> =
    Paging { token: "nextToken", size: "maxResults", default: 25, max: 250, invalid: "InvalidRequestException" };

/// Cuts the caller's page out of `items`, which must be sorted by their keys (unique, byte order).
/// Returns the page and the token of the next one, if there is more.
pub fn page<T>(
    request: &Request,
    paging: &Paging<'_>,
    items: impl IntoIterator<Item = (String, T)>,
) -> Result<(Vec<T>, Option<String>), AwsError> {
    cut(request, paging, items, |key, after| key <= after)
}

/// As [`page`], for items sorted the other way round.
pub fn page_backwards<T>(
    request: &Request,
    paging: &Paging<'_>,
    items: impl IntoIterator<Item = (String, T)>,
) -> Result<(Vec<T>, Option<String>), AwsError> {
    cut(request, paging, items, |key, after| key >= after)
}

fn cut<T>(
    request: &Request,
    paging: &Paging<'_>,
    items: impl IntoIterator<Item = (String, T)>,
    is_shown: fn(&str, &str) -> bool,
) -> Result<(Vec<T>, Option<String>), AwsError> {
    let after = match request.str(paging.token).filter(|token| !token.is_empty()) {
        Some(token) => Some(open(token, &request.operation).ok_or_else(|| {
            AwsError::new(
                paging.invalid,
                format!("Invalid {}: it is not a token of {}.", paging.token, request.operation),
            )
        })?),
        None => None,
    };
    let wish = request.int(paging.size).and_then(|n| usize::try_from(n).ok()).filter(|n| *n > 0);
    let size = wish.unwrap_or(paging.default).min(paging.max);
    let mut rest = items.into_iter().skip_while(|(key, _)| after.as_ref().is_some_and(|after| is_shown(key, after)));
    let mut shown = Vec::new();
    let mut last = String::new();
    for (key, item) in rest.by_ref().take(size) {
        shown.push(item);
        last = key;
    }
    let more = rest.next().is_some();
    Ok((shown, more.then(|| seal(&last, &request.operation))))
}

fn seal(key: &str, operation: &str) -> String {
    URL_SAFE_NO_PAD.encode(format!("{operation}\n{key}"))
}

fn open(token: &str, operation: &str) -> Option<String> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
    let (sealed, key) = text.split_once('\n')?;
    (sealed == operation).then(|| key.to_owned())
}
