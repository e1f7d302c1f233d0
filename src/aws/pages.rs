//! Lists that AWS gives in pages.

use std::future::Future;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::context::Context;
use super::error::AwsError;

/// All pages of a list, in order. Each one is a call like any other, with its turn and its retries, which is why the
/// SDK's own paginators are not used.
///
/// `request` asks for the page at a token, `next` reads the token of the page that follows. The APIs call it token or
/// marker. An empty one is taken for none: asking with it would begin the list anew.
pub async fn all<T, E, Fut>(
    cx: &Context,
    action: &'static str,
    request: impl Fn(Option<String>) -> Fut,
    next: impl Fn(&T) -> Option<&str>,
) -> Result<Vec<T>, AwsError>
where
    Fut: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let (mut pages, mut token) = (Vec::new(), None::<String>);
    loop {
        let page = cx.call(action, || request(token.clone())).await?;
        token = next(&page).filter(|token| !token.is_empty()).map(str::to_owned);
        pages.push(page);
        if token.is_none() {
            return Ok(pages);
        }
    }
}
