use opentracing_viewer::Viewer;

use super::Window;
use crate::{sample, support};

#[tokio::test]
async fn shows_new_traces_when_asked() {
    let viewer = Viewer::bind("127.0.0.1:0").unwrap();
    let Some(window) = Window::open(&viewer.url(), 1600).await else { return };
    assert!(window.text(".empty").await.contains(&viewer.local_addr().to_string()), "says where to send spans");
    window.wait_for("document.documentElement.dataset.live === 'open'").await;

    viewer.store().insert(sample::checkout(1));
    window.wait_for("!document.querySelector('#news').hidden").await;
    assert_eq!(window.text("#news").await, "1 new trace");
    window.click("#news").await;
    window.wait_for("document.querySelectorAll('tr[data-trace]').length === 1").await;
    assert_eq!(window.text("#count").await, "1 trace");
    assert!(window.text("tr[data-trace]").await.contains("POST /checkout"));

    window.click("#auto").await;
    viewer.store().insert(sample::checkout(2));
    window.wait_for("document.querySelectorAll('tr[data-trace]').length === 2").await;
    window.click("#auto").await;
    viewer.store().insert(sample::checkout(3));
    window.wait_for("!document.querySelector('#news').hidden").await;
    assert_eq!(window.value("document.querySelectorAll('tr[data-trace]').length").await, 2, "paused");
    window.close().await;
}

#[tokio::test]
async fn filters_by_the_form() {
    let viewer = Viewer::bind("127.0.0.1:0").unwrap();
    viewer.store().insert(sample::checkout(1));
    let quick = sample::process("probe", "1.0");
    viewer.store().insert(vec![sample::span(2, 1, 0, &quick, "GET /health", 0, 1)]);
    let Some(window) = Window::open(&viewer.url(), 1600).await else { return };
    for (field, text, expected) in [
        ("service", "cart", 1),
        ("operation", "GET /health", 1),
        ("min", "50ms", 1),
        ("max", "2ms", 1),
        ("tags", "db.system=postgresql !nothing", 1),
        ("text", "timed out", 1),
        ("trace", "abc0000000000000002", 1),
        ("service", "nobody", 0),
    ] {
        window.value(&format!("document.querySelector('[name={field}]').focus()")).await;
        window.write(text).await;
        window.press(&["Enter"]).await;
        window.wait_for("location.search !== '' && document.readyState === 'complete'").await;
        let found = format!("document.querySelectorAll('tr[data-trace]').length === {expected}");
        window.wait_for(&found).await;
        assert_eq!(
            window.value(&format!("document.querySelector('[name={field}]').value")).await,
            text,
            "keeps what was typed"
        );
        window.click(".filter a.button").await;
        window.wait_for("location.search === '' && document.querySelectorAll('tr[data-trace]').length === 2").await;
    }
    window.value("document.querySelector('[name=status]').value = 'failed'; document.querySelector('.filter').requestSubmit()").await;
    window.wait_for("document.querySelectorAll('tr[data-trace]').length === 1").await;
    window.close().await;
}

#[tokio::test]
async fn loads_a_file_that_it_wrote() {
    let viewer = Viewer::bind("127.0.0.1:0").unwrap();
    viewer.store().insert(sample::checkout(1));
    let path = format!("/traces/{}/otlp.json", sample::trace_id(1));
    let folder = tempfile::tempdir().unwrap();
    let (good, bad) = (folder.path().join("trace.json"), folder.path().join("bad.json"));
    std::fs::write(&good, support::get(viewer.local_addr(), &path, &[]).body).unwrap();
    std::fs::write(&bad, "{\"nothing\":1}").unwrap();

    let other = Viewer::bind("127.0.0.1:0").unwrap();
    let Some(mut window) = Window::open(&other.url(), 1600).await else { return };
    window.choose_file("#load", &good).await;
    window.wait_for("document.documentElement.dataset.drawn === '6'").await;
    assert_eq!(window.value("location.pathname").await, format!("/traces/{}", sample::trace_id(1)));
    window.go(&other.url()).await;
    window.choose_file("#load", &bad).await;
    window.wait_for("!document.querySelector('#loaded').hidden").await;
    assert!(window.text("#loaded").await.starts_with("bad.json was not loaded"));
    // The browser itself writes the status 400 to the console.
    window.close_after(&["status of 400"]).await;
}
