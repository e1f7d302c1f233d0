pub struct Zip {
    pub bytes: Vec<u8>,
    pub sha256_base64: String,
}
pub fn zip_folder(_: &std::path::Path) -> std::io::Result<Zip> {
    unreachable!()
}
