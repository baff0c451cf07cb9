//! The style sheet and the scripts, inside of the program.

use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};

/// A file that pages refer to.
struct Asset {
    name: &'static str,
    media_type: &'static str,
    content: &'static str,
    version: u64,
}

const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

static ASSETS: [Asset; 5] = [
    Asset::new("style.css", CSS, include_str!("../../assets/style.css")),
    Asset::new("page.js", SCRIPT, include_str!("../../assets/page.js")),
    Asset::new("live.js", SCRIPT, include_str!("../../assets/live.js")),
    Asset::new("trace.js", SCRIPT, include_str!("../../assets/trace.js")),
    Asset::new("icon.svg", "image/svg+xml", include_str!("../../assets/icon.svg")),
];

impl Asset {
    const fn new(name: &'static str, media_type: &'static str, content: &'static str) -> Self {
        Asset { name, media_type, content, version: version(content) }
    }
}

/// The path of a file, with its version, so that browsers may keep it for good.
pub(crate) fn path(name: &str) -> String {
    let version = ASSETS.iter().find(|asset| asset.name == name).map_or(0, |asset| asset.version);
    format!("/assets/{version:016x}/{name}")
}

/// Answers with a file.
pub(crate) async fn asset(Path((_, name)): Path<(String, String)>) -> Response {
    match ASSETS.iter().find(|asset| asset.name == name) {
        Some(asset) => {
            let headers = [(CONTENT_TYPE, asset.media_type), (CACHE_CONTROL, "public, max-age=31536000, immutable")];
            (headers, asset.content).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// FNV-1a. It tells versions apart, and protects against nothing.
const fn version(content: &str) -> u64 {
    let bytes = content.as_bytes();
    let mut hash = 0xcbf2_9ce4_8422_2325;
    let mut at = 0;
    while at < bytes.len() {
        hash = (hash ^ bytes[at] as u64).wrapping_mul(0x100_0000_01b3);
        at += 1;
    }
    hash
}
