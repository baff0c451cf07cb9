use opentracing_viewer::Viewer;

use super::{get, get_with};

#[test]
fn loads_nothing_from_elsewhere() {
    let viewer = Viewer::bind("127.0.0.1:0").unwrap();
    let page = get(&viewer, "/");
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    let links = page.body.split(['"', '\'']).filter(|part| part.starts_with("/assets/"));
    let mut total = page.body.len();
    for link in links {
        let asset = get(&viewer, link);
        assert_eq!(asset.status, 200, "{link}");
        assert!(asset.header("cache-control").unwrap().contains("immutable"));
        assert!(!asset.body.contains("//cdn") && !asset.body.contains("@import"), "{link}");
        total += asset.body.len();
    }
    assert!(total < 100_000, "the first page has {total} bytes");
    assert_eq!(get(&viewer, "/assets/0/other.js").status, 404);
}

#[test]
fn remembers_a_theme_and_goes_back_to_its_own_pages_only() {
    let viewer = Viewer::bind("127.0.0.1:0").unwrap();
    for (query, theme, location) in [
        ("to=dark&back=%2Fservices%3Fa%3D1", "dark", "/services?a=1"),
        ("to=light&back=%2F%2Fevil.example", "light", "/"),
        ("to=light&back=%2F%5Cevil.example", "light", "/"),
        ("to=pink&back=https%3A%2F%2Fevil.example", "system", "/"),
        ("to=dark&back=%2F%0D%0AX%3A1", "dark", "/"),
    ] {
        let answer = get(&viewer, &format!("/theme?{query}"));
        assert_eq!((answer.status, answer.header("location")), (303, Some(location)), "{query}");
        assert!(answer.header("set-cookie").unwrap().starts_with(&format!("viewer-theme={theme};")), "{query}");
    }
    let dark = get_with(&viewer, "/", &["Cookie: a=b; viewer-theme=dark"]);
    assert!(dark.body.contains("data-theme=\"dark\""));
}
