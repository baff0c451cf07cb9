use opentracing_viewer::Viewer;

use super::Window;
use crate::sample;

fn url(viewer: &Viewer, trace: u64) -> String {
    format!("{}traces/{}", viewer.url(), sample::trace_id(trace))
}

#[tokio::test]
async fn shows_spans_and_their_details() {
    let viewer = Viewer::bind("127.0.0.1:0").unwrap();
    viewer.store().insert(sample::checkout(1));
    let Some(window) = Window::open(&url(&viewer, 1), 1600).await else { return };
    window.wait_for("document.documentElement.dataset.drawn === '6'").await;
    assert_eq!(window.value("document.querySelectorAll('.row').length").await, 6);
    assert_eq!(window.text("h1").await, "shop POST /checkout");
    window.wait_for("document.querySelectorAll('.row .path').length > 3").await;

    window.click("#row-3 a").await;
    window.wait_for("document.querySelector('.details')?.dataset.row === '3'").await;
    let panel = window.text("#panel").await;
    for part in [
        "SELECT items",
        "statement timed out",
        "postgresql",
        "\nWHERE cart_id",
        "\"more\": false",
        "child of cart GET /items",
    ] {
        assert!(panel.contains(part), "{part} in {panel}");
    }
    assert!(window.value("location.search").await.as_str().unwrap().contains("span=0000000000000004"));

    window.click("#panel .references a").await;
    window.wait_for("document.querySelector('.details')?.dataset.row === '2'").await;
    window.click("#panel .close").await;
    window.wait_for("document.querySelector('#panel').hidden && location.search === ''").await;

    window.click("#row-1 .fold").await;
    window.wait_for("document.querySelectorAll('.row').length === 4").await;
    assert_eq!(window.value("document.querySelector('#row-1').ariaExpanded").await, "false");

    viewer.store().insert(vec![sample::span(1, 9, 1, &sample::process("late", "1"), "later", 1, 2)]);
    window.wait_for("!document.querySelector('#grown').hidden").await;
    window.click("#grown a").await;
    window.wait_for("document.documentElement.dataset.drawn === '7'").await;
    window.close().await;
}

#[tokio::test]
async fn opens_at_the_span_of_a_link() {
    let viewer = Viewer::bind("127.0.0.1:0").unwrap();
    viewer.store().insert(sample::large(1, 3_000));
    let Some(mut window) = Window::open(&format!("{}?span=0000000000000b00", url(&viewer, 1)), 1600).await else {
        return;
    };
    window
        .wait_for("document.querySelector('.row[aria-selected=true]')?.getBoundingClientRect().top < innerHeight")
        .await;
    window.wait_for("document.querySelector('.row[aria-selected=true]').getBoundingClientRect().top > 0").await;
    assert_eq!(window.value("document.querySelector('.details').dataset.span").await, "0000000000000b00");
    window.go(&format!("{}?span=00000000ffffffff", url(&viewer, 1))).await;
    assert!(window.text(".banner").await.contains("not in the trace"));
    window.close().await;
}

#[tokio::test]
async fn scrolls_through_ten_thousand_spans() {
    let viewer = Viewer::bind("127.0.0.1:0").unwrap();
    viewer.store().insert(sample::large(1, 10_000));
    let Some(window) = Window::open(&url(&viewer, 1), 1600).await else { return };
    window.wait_for("document.documentElement.dataset.drawn === '10000'").await;
    let rows = "document.querySelectorAll('.row').length";
    assert!(window.value(rows).await.as_u64().unwrap() < 200, "only rows in sight are drawn");
    assert_eq!(window.value("document.querySelector('#rows').ariaRowCount ?? document.querySelector('#rows').getAttribute('aria-rowcount')").await, "10000");
    window.value("scrollTo(0, 5000 * 24)").await;
    window.wait_for("[...document.querySelectorAll('.row')].some((row) => Number(row.dataset.row) > 4900 && row.getBoundingClientRect().top < innerHeight)").await;
    window.value("scrollTo(0, 20000 * 24)").await;
    window.wait_for("document.querySelector('[aria-rowindex=\"10000\"]')").await;
    assert!(window.value(rows).await.as_u64().unwrap() < 200);
    window.close().await;
}

#[tokio::test]
async fn finds_spans() {
    let viewer = Viewer::bind("127.0.0.1:0").unwrap();
    viewer.store().insert(sample::checkout(1));
    let Some(window) = Window::open(&url(&viewer, 1), 1600).await else { return };
    window.wait_for("document.documentElement.dataset.drawn").await;
    for (text, count, row) in [
        ("items", "1 of 3", 1),
        ("db.system=postgresql", "1 of 1", 3),
        ("error", "1 of 2", 0),
        ("0000000000000006", "1 of 1", 5),
        ("nothing like this", "no hit", -1),
    ] {
        window
            .value("document.querySelector('#find-text').focus(); document.querySelector('#find-text').select()")
            .await;
        window.write(text).await;
        window.wait_for(&format!("document.querySelector('#find-count').value === {count:?}")).await;
        if row >= 0 {
            window.wait_for(&format!("document.querySelector('#row-{row}').ariaSelected === 'true'")).await;
        }
    }
    window.close().await;
}

#[tokio::test]
async fn is_readable_without_scripts() {
    let viewer = Viewer::bind("127.0.0.1:0").unwrap();
    viewer.store().insert(sample::large(1, 700));
    let Some(mut window) = Window::blank(1600).await else { return };
    window.without_scripts().await;
    window.go_plainly(&format!("{}?page=7", url(&viewer, 1))).await;
    assert_eq!(window.value("document.querySelectorAll('.row').length").await, 100);
    assert!(window.text(".next").await.contains("Page 7 of 7"));
    window.go_plainly(&format!("{}?span=0000000000000002", url(&viewer, 1))).await;
    assert_eq!(window.value("document.querySelector('.details').dataset.span").await, "0000000000000002");
}
