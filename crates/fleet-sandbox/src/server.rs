//! Connections: HTTP/1.1 in, answers out, and connections closed on purpose.

use std::io::Read as _;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{HeaderMap, Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::control;
use crate::dispatch::{self, Call};
use crate::protocol::reply::Reply;
use crate::sandbox::Inner;

/// The largest request: a Lambda zip of 50 MB in base64, with its members.
const BODY_BYTES: usize = 70 * 1024 * 1024;

/// The connection is to be closed without an answer.
#[derive(Debug, thiserror::Error)]
#[error("connection closed on purpose")]
struct Dropped;

/// Accepts connections until told to stop; then finishes the requests in work.
pub async fn serve(listener: TcpListener, inner: Arc<Inner>, mut stopped: watch::Receiver<bool>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                // A failed accept (too many open files, a client gone) concerns that client alone.
                if let Ok((stream, _)) = accepted {
                    connections.spawn(connection(stream, Arc::clone(&inner), stopped.clone()));
                }
            }
            () = until(&mut stopped) => break,
            Some(_) = connections.join_next() => {}
        }
    }
    while connections.join_next().await.is_some() {}
}

async fn until(stopped: &mut watch::Receiver<bool>) {
    // A sandbox dropped without a shutdown closes the channel: that is a stop, too.
    let _ = stopped.wait_for(|stop| *stop).await;
}

async fn connection(stream: TcpStream, inner: Arc<Inner>, mut stopped: watch::Receiver<bool>) {
    // Small answers to clients that wait for them: latency before packet count.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| answer(Arc::clone(&inner), request));
    let connection = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    tokio::select! {
        // An error is the client's going away or a connection dropped on purpose.
        _ = connection.as_mut() => {}
        () = until(&mut stopped) => {
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
        }
    }
}

async fn answer(inner: Arc<Inner>, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Dropped> {
    let (parts, body) = request.into_parts();
    let body = match Limited::new(body, BODY_BYTES).collect().await {
        Ok(body) => body.to_bytes(),
        Err(_) => {
            return Ok(send(Reply::new(413, "text/plain", b"request body larger than 70 MB, or cut off\n".to_vec())));
        }
    };
    let body = match plain(&parts.headers, body) {
        Ok(body) => body,
        Err(_) => {
            return Ok(send(Reply::new(
                400,
                "text/plain",
                b"request body is not gzip, or larger than 70 MB\n".to_vec(),
            )));
        }
    };
    let call = Call { method: parts.method.as_str(), uri: &parts.uri, headers: &parts.headers, body: &body };
    let reply = if parts.uri.path().starts_with(control::PREFIX) {
        Some(control::answer(&inner, &call))
    } else {
        dispatch::answer(&inner, &call).await
    };
    reply.map(send).ok_or(Dropped)
}

/// SDKs compress large bodies of some operations (Smithy: requestCompression).
fn plain(headers: &HeaderMap, body: Bytes) -> std::io::Result<Bytes> {
    if headers.get("content-encoding").is_none_or(|encoding| encoding != "gzip") {
        return Ok(body);
    }
    let mut plain = Vec::new();
    let limit = BODY_BYTES as u64;
    flate2::read::GzDecoder::new(&body[..]).take(limit + 1).read_to_end(&mut plain)?;
    if plain.len() > BODY_BYTES { Err(std::io::ErrorKind::FileTooLarge.into()) } else { Ok(plain.into()) }
}

fn send(reply: Reply) -> Response<Full<Bytes>> {
    let mut response = Response::builder().status(reply.status);
    for (name, value) in &reply.headers {
        response = response.header(name, value);
    }
    // Header values hold only our own text; should one not fit a header, the client sees a 500.
    response.body(Full::new(reply.body.into())).unwrap_or_else(|_| {
        let mut broken = Response::new(Full::new(Bytes::from_static(b"answer with an invalid header\n")));
        *broken.status_mut() = hyper::StatusCode::INTERNAL_SERVER_ERROR;
        broken
    })
}
