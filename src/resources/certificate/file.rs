//! The file to which the certificate that AWS issues for a signing request is written. A certificate is public.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use super::key;
use crate::aws::context::Context;
use crate::aws::error::{AwsError, Cause};

/// The certificate in the file, if it holds one.
pub fn read(path: &str) -> Option<key::Parsed> {
    key::certificate(&fs::read_to_string(path).ok()?).ok()
}

pub fn holds(path: &str, pem: Option<&str>) -> bool {
    pem.is_some() && read(path).map(|parsed| parsed.pem).as_deref() == pem
}

/// Writes the whole file or nothing, readable for all. A file with other contents is left alone.
pub fn write(cx: &Context, path: &str, pem: &str) -> Result<(), AwsError> {
    let failed = |message: String| AwsError {
        action: "iot:CreateCertificateFromCsr",
        subject: cx.mark.address.to_string(),
        cause: Cause::Malformed {
            message: format!("the certificate is there, but `{path}` cannot be written: {message}"),
        },
    };
    match fs::exists(path) {
        Ok(true) if holds(path, Some(pem)) => return Ok(()),
        Ok(true) => return Err(failed("it holds something else; move it away and run the command again".into())),
        Ok(false) => {}
        Err(error) => return Err(failed(error.to_string())),
    }
    write_new(Path::new(path), pem).map_err(|error| failed(error.to_string()))
}

fn write_new(path: &Path, pem: &str) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut unfinished = path.as_os_str().to_owned();
    unfinished.push(".unfinished");
    fs::write(&unfinished, pem)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(&unfinished, fs::Permissions::from_mode(0o644))?;
    }
    // A link, unlike a renaming, never replaces a file that came into being meanwhile.
    let linked = match fs::hard_link(&unfinished, path) {
        Err(error) if error.kind() == ErrorKind::Unsupported => return fs::rename(&unfinished, path),
        result => result,
    };
    fs::remove_file(&unfinished)?;
    linked
}
