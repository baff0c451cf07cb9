//! The target that redacts secrets in URLs.

use opentracing_core::Secrets;

const SECRET: &str = "5ECRET";
/// Occurrences in a URL: as a password, a query value and a fragment.
const PLANTED: usize = 3;

/// Redacts a text. The first line is a setting of secret names, the rest the text.
pub fn secrets(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (setting, text) = text.split_once('\n').unwrap_or((&text, ""));
    let standard = Secrets::default();
    if let Ok(secrets) = setting.parse::<Secrets>() {
        let is_regex = setting.trim_start().starts_with("regex");
        let memory = allocation_counter::measure(|| {
            std::hint::black_box(secrets.matches(text));
        });
        assert!(is_regex || memory.count_total == 0, "{setting:?} allocates");
        redact(&secrets, text);
    }
    redact(&standard, text);
    plant(&standard, text);
}

fn redact(secrets: &Secrets, text: &str) {
    // Each secret has an equals sign or, in the authority, a colon.
    let longest = text.len() + text.len() / 2 * REDACTED.len() + REDACTED.len();
    assert!(secrets.redact_url(text).len() <= longest, "{text:?}");
    assert!(secrets.redact_text(text).len() <= longest, "{text:?}");
}

/// Builds a URL from the text, with secrets in it.
fn plant(secrets: &Secrets, text: &str) {
    let mut pieces = text.split('\n');
    let mut piece = |not: &[char]| pieces.next().unwrap_or_default().replace(not, "");
    let (scheme, user) = (piece(&[]), piece(&['/', '?', '#', '@']));
    let (host, path) = (piece(&['/', '?', '#', '@', ':', '[', ']']), piece(&['?', '#']));
    let (before, after) = (piece(&['#']), piece(&['#']));
    if !scheme.chars().all(|c| c.is_ascii_alphanumeric()) || host.len() > 255 {
        return;
    }
    let url = format!("{scheme}://{user}:{SECRET}@{host}/{path}?{before}&token={SECRET}&{after}#{SECRET}");
    if url.matches(SECRET).count() != PLANTED {
        return;
    }
    let redacted = secrets.redact_url(&url);
    assert!(!redacted.contains(SECRET), "{url:?} became {redacted:?}");
    if !url.contains(|c: char| c.is_whitespace() || "\"'`,<>()".contains(c)) {
        let redacted = secrets.redact_text(&format!("failed ({url}), see <{url}>")).into_owned();
        assert!(!redacted.contains(SECRET), "{url:?} became {redacted:?}");
    }
}

const REDACTED: &str = "<redacted>";
