//! Code of functions. Source: API:UpdateFunctionCode, CreateFunction.
//!
//! Collection `lambda.code`, key: the function's name, value: the zip in base64.

use std::io::Cursor;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::function_state::{self, invalid};
use crate::api::service::Table;
use crate::error::AwsError;
use crate::request::Request;
use crate::store::Tx;

/// Operations of this kind.
pub const OPERATIONS: Table = &[("UpdateFunctionCode", update_function_code)];

/// Collection of zips.
pub const CODE: &str = "lambda.code";

/// Bytes of a zip in a request, and of what is in it (Lambda quotas).
const MOST_ZIPPED: usize = 50 * 1024 * 1024;
const MOST_UNZIPPED: u64 = 262_144_000;

/// A checked zip: its base64, size in bytes and `CodeSha256`.
pub struct Code {
    zip: String,
    size: usize,
    sha256: String,
}

/// Reads the code in `ZipFile`. S3 objects and images are refused: there are none here.
pub fn read(members: &Value) -> Result<Code, AwsError> {
    if members.get("S3Bucket").is_some() || members.get("ImageUri").is_some() {
        return Err(invalid("The sandbox has no S3 objects and no images: give the code as ZipFile."));
    }
    let text = members["ZipFile"].as_str().ok_or_else(|| invalid("Please provide a source for function code."))?;
    let zip = STANDARD.decode(text).map_err(|_| invalid("ZipFile is not base64."))?;
    if zip.len() > MOST_ZIPPED {
        let error = AwsError::new(
            "RequestEntityTooLargeException",
            format!("Zipped size must be smaller than {MOST_ZIPPED} bytes"),
        );
        return Err(error.status(413));
    }
    check_zip(&zip)?;
    let sha256 = STANDARD.encode(Sha256::digest(&zip));
    Ok(Code { zip: text.to_owned(), size: zip.len(), sha256 })
}

fn check_zip(zip: &[u8]) -> Result<(), AwsError> {
    if zip.is_empty() {
        return Err(invalid("Uploaded file must be a non-empty zip"));
    }
    let unreadable = |_| invalid("Could not unzip uploaded file. Please check your file, then try to upload again.");
    let mut archive = zip::ZipArchive::new(Cursor::new(zip)).map_err(unreadable)?;
    if archive.is_empty() {
        return Err(invalid("Uploaded file must be a non-empty zip"));
    }
    let mut unzipped: u64 = 0;
    for index in 0..archive.len() {
        unzipped = unzipped.saturating_add(archive.by_index_raw(index).map_err(unreadable)?.size());
    }
    match unzipped > MOST_UNZIPPED {
        true => Err(invalid(format!("Unzipped size must be smaller than {MOST_UNZIPPED} bytes"))),
        false => Ok(()),
    }
}

/// Writes the code's facts into the configuration and, unless it is a dry run, keeps the zip.
pub fn put(tx: &mut Tx<'_>, name: &str, function: &mut Value, code: Code, dry_run: bool) {
    function["CodeSize"] = code.size.into();
    function["CodeSha256"] = code.sha256.into();
    if !dry_run {
        tx.put(CODE, name, code.zip.into());
    }
}

/// Where the zip can be fetched for now: on AWS a presigned S3 link, here this server.
pub fn location(request: &Request, name: &str) -> Value {
    let Request { endpoint, account, region, .. } = request;
    json!({"RepositoryType": "S3", "Location": format!("{endpoint}/_fleetctl/code/{account}/{region}/{name}")})
}

fn update_function_code(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let (name, mut function) = function_state::find(tx, request)?;
    function_state::check_settled(request, &function)?;
    function_state::check_revision(request, &function)?;
    super::function::refuse_versions(request)?;
    let code = read(&Value::Object(request.input.clone()))?;
    let dry_run = request.flag("DryRun").unwrap_or(false);
    put(tx, &name, &mut function, code, dry_run);
    if let Some(architectures) = request.get("Architectures") {
        function["Architectures"] = architectures.clone();
    }
    if !dry_run {
        function = function_state::store_update(tx, request, &name, function);
    }
    Ok(function_state::shown(request, &function, true))
}
